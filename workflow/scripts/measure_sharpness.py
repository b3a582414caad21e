"""Measure the sharpness of the models of one cell of a training and seed."""

import torch
from msgspec import convert

from onebit_rf.data.dataset import data_root
from onebit_rf.jobs.job import job, progress
from onebit_rf.sharpness.settings import Sharpness
from onebit_rf.sharpness.stage import measure_sharpness
from onebit_rf.training.stage import split_rows
from onebit_rf.training.trained import Trained

if __name__ == "__main__":
    with job(snakemake):
        torch.set_num_threads(snakemake.threads)
        trained, seed = Trained.of(snakemake.params.trained), int(snakemake.wildcards.seed)
        dataset = trained.data.make(seed, data_root(snakemake.config["data_root"]))
        measure_sharpness(
            snakemake.output[0],
            weights=snakemake.input.weights,
            net=trained.net(),
            recipe=trained.recipe,
            train=split_rows(dataset, trained.recipe, trained.shape.outputs, seed)["train"],
            settings=convert(snakemake.params.sharpness, Sharpness),
            names=trained.names,
            seed=seed,
            progress=lambda groups: progress(groups, "sharpness"),
        )
