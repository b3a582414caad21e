"""Run the one-bit models of one cell of a training and seed on the native kernels."""

from onebit_rf.data.dataset import data_root
from onebit_rf.jobs.job import job
from onebit_rf.latency.deployment import measure_deployment
from onebit_rf.training.trained import Trained

if __name__ == "__main__":
    with job(snakemake):
        trained, seed = Trained.of(snakemake.params.trained), int(snakemake.wildcards.seed)
        dataset = trained.data.make(seed, data_root(snakemake.config["data_root"]))
        measure_deployment(
            snakemake.output[0],
            weights=snakemake.input.weights,
            activation=trained.network.activation,
            x=dataset.x[dataset.n_train :],
            names=trained.names,
            seed=seed,
        )
