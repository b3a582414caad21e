"""Test the models of one cell of a training and seed on distorted images."""

import torch
from msgspec import convert

from onebit_rf.data.dataset import Shape, data_root
from onebit_rf.data.distorted import read_distorted
from onebit_rf.data.kinds import DATASETS
from onebit_rf.jobs.job import job
from onebit_rf.training.bearing import measure_distorted
from onebit_rf.training.networks import NETWORKS
from onebit_rf.training.recipe import Recipe

if __name__ == "__main__":
    with job(snakemake):
        torch.set_num_threads(snakemake.threads)
        trained, seed = snakemake.params.trained, int(snakemake.wildcards.seed)
        network, shape = trained["network"], convert(trained["shape"], Shape)
        images = convert(trained["dataset"], DATASETS.get("images"))
        pixels = images.pixels(seed, data_root(snakemake.config["data_root"]))
        measure_distorted(
            snakemake.output[0],
            weights=snakemake.input.weights,
            net=convert(network, NETWORKS.get(network["kind"])).build(shape.input_dim, shape.image, shape.outputs),
            recipe=convert(trained["recipe"], Recipe),
            distorted=read_distorted(snakemake.input.distorted[0], shape.image),
            standardiser=images.standardiser(pixels),
            label=pixels.label[pixels.n_train :][images.distorted_rows()],
            names=trained["names"],
            seed=seed,
        )
