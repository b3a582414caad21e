"""Make one replicate of a data set."""

from pathlib import Path
from typing import Any

from onebit_rf.data.datasets import data_root, make_dataset, write_dataset
from onebit_rf.jobs.job import job


def make_data(path: str, dataset: dict[str, Any], seed: int, root: Path) -> None:
    """Make the data set of record `dataset` and write its table."""
    write_dataset(path, make_dataset(seed=seed, root=root, **dataset), {"dataset": dataset, "seed": seed})


if __name__ == "__main__":
    with job(snakemake):
        make_data(
            snakemake.output[0],
            dataset=snakemake.params.dataset,
            seed=int(snakemake.wildcards.seed),
            root=data_root(snakemake.config["data_root"]),
        )
