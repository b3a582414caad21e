"""Download the files of a data set that are not here."""

from onebit_rf.data.dataset import data_root
from onebit_rf.data.kinds.mnist import download_mnist
from onebit_rf.jobs.job import job

if __name__ == "__main__":
    with job(snakemake):
        download_mnist(data_root(snakemake.config["data_root"]))
