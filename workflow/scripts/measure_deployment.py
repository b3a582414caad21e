"""Run the one-bit models of one cell of a training and seed on the native kernels."""

from msgspec import convert

from onebit_rf.data.dataset import data_root
from onebit_rf.data.kinds import DATASETS
from onebit_rf.jobs.job import job
from onebit_rf.latency.deployment import measure_deployment

if __name__ == "__main__":
    with job(snakemake):
        trained, seed = snakemake.params.trained, int(snakemake.wildcards.seed)
        record = trained["dataset"]
        dataset = convert(record, DATASETS.get(record["kind"])).make(seed, data_root(snakemake.config["data_root"]))
        measure_deployment(
            snakemake.output[0],
            weights=snakemake.input.weights,
            activation=trained["network"]["activation"],
            x=dataset.x[dataset.n_train :],
            names=trained["names"],
            seed=seed,
        )
