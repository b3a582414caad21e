"""Train the models of one cell of a training and seed."""

import torch

from onebit_rf.data.dataset import data_root
from onebit_rf.jobs.job import bar, job
from onebit_rf.training.stage import train_models
from onebit_rf.training.trained import Trained

if __name__ == "__main__":
    with job(snakemake), bar(snakemake.wildcards.trained) as report:
        torch.set_num_threads(snakemake.threads)
        trained, seed = Trained.of(snakemake.params.trained), int(snakemake.wildcards.seed)
        train_models(
            snakemake.output,
            dataset=trained.data.make(seed, data_root(snakemake.config["data_root"])),
            image=trained.shape.image,
            classes=trained.shape.outputs,
            network=trained.network,
            recipe=trained.recipe,
            names=trained.names,
            seed=seed,
            key={"trained": snakemake.params.trained, "code": snakemake.params.code, "seed": seed},
            report=report,
        )
