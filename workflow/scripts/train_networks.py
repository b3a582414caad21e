"""Train the models of one cell of a training and seed."""

import torch
from msgspec import convert

from onebit_rf.data.dataset import Shape, data_root
from onebit_rf.data.kinds import DATASETS
from onebit_rf.jobs.job import bar, job
from onebit_rf.training.networks import NETWORKS
from onebit_rf.training.recipe import Recipe
from onebit_rf.training.stage import train_models

if __name__ == "__main__":
    with job(snakemake), bar(snakemake.wildcards.trained) as report:
        torch.set_num_threads(snakemake.threads)
        trained, seed = snakemake.params.trained, int(snakemake.wildcards.seed)
        record, network, shape = trained["dataset"], trained["network"], convert(trained["shape"], Shape)
        dataset = convert(record, DATASETS.get(record["kind"])).make(seed, data_root(snakemake.config["data_root"]))
        train_models(
            snakemake.output,
            dataset=dataset,
            image=shape.image,
            classes=shape.outputs,
            network=convert(network, NETWORKS.get(network["kind"])),
            recipe=convert(trained["recipe"], Recipe),
            names=trained["names"],
            seed=seed,
            key={"trained": trained, "code": snakemake.params.code, "seed": seed},
            report=report,
        )
