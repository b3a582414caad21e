"""Test the models of one cell of a training and seed on distorted images."""

import torch

from onebit_rf.data.dataset import data_root
from onebit_rf.data.distorted import read_distorted
from onebit_rf.jobs.job import job
from onebit_rf.training.bearing import measure_distorted
from onebit_rf.training.trained import Trained

if __name__ == "__main__":
    with job(snakemake):
        torch.set_num_threads(snakemake.threads)
        trained, seed = Trained.of(snakemake.params.trained), int(snakemake.wildcards.seed)
        pixels = trained.data.pixels(seed, data_root(snakemake.config["data_root"]))
        measure_distorted(
            snakemake.output[0],
            weights=snakemake.input.weights,
            net=trained.net(),
            recipe=trained.recipe,
            distorted=read_distorted(snakemake.input.distorted[0], trained.shape.image),
            standardiser=trained.data.standardiser(pixels),
            label=pixels.label[pixels.n_train :][trained.data.distorted_rows()],
            names=trained.names,
            seed=seed,
        )
