"""Measure the sharpness of the models of one cell of a training and seed."""

import torch
from msgspec import convert

from onebit_rf.data.dataset import Shape, data_root
from onebit_rf.data.kinds import DATASETS
from onebit_rf.jobs.job import job, progress
from onebit_rf.sharpness.settings import Sharpness
from onebit_rf.sharpness.stage import measure_sharpness
from onebit_rf.training.networks import NETWORKS
from onebit_rf.training.recipe import Recipe
from onebit_rf.training.stage import split_rows

if __name__ == "__main__":
    with job(snakemake):
        torch.set_num_threads(snakemake.threads)
        trained, seed = snakemake.params.trained, int(snakemake.wildcards.seed)
        record, network, shape = trained["dataset"], trained["network"], convert(trained["shape"], Shape)
        dataset = convert(record, DATASETS.get(record["kind"])).make(seed, data_root(snakemake.config["data_root"]))
        recipe = convert(trained["recipe"], Recipe)
        measure_sharpness(
            snakemake.output[0],
            weights=snakemake.input.weights,
            net=convert(network, NETWORKS.get(network["kind"])).build(shape.input_dim, shape.image, shape.outputs),
            recipe=recipe,
            train=split_rows(dataset, recipe, shape.outputs, seed)["train"],
            settings=convert(snakemake.params.sharpness, Sharpness),
            names=trained["names"],
            seed=seed,
            progress=lambda groups: progress(groups, "sharpness"),
        )
