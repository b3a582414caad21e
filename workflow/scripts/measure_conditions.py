"""Measure what the paper asks of the inputs on one replicate of a data set."""

from msgspec import convert

from onebit_rf.conditions import measure_conditions
from onebit_rf.data.dataset import data_root
from onebit_rf.data.kinds import DATASETS
from onebit_rf.jobs.job import job

if __name__ == "__main__":
    with job(snakemake):
        node, wildcards = snakemake.params.dataset, snakemake.wildcards
        record, seed = convert(node, DATASETS.get(node["kind"])), int(wildcards.seed)
        rows = record.make(seed, data_root(snakemake.config["data_root"]))
        params = {"dataset": node, "seed": seed}
        measure_conditions(snakemake.output[0], wildcards.dataset, rows, record.spectrum, seed, params)
