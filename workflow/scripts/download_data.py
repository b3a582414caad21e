"""Download the files of data sets that are not here."""

from onebit_rf.data.dataset import data_root
from onebit_rf.data.sources import SOURCES
from onebit_rf.jobs.job import job

if __name__ == "__main__":
    with job(snakemake):
        for source in snakemake.params.sources:
            SOURCES.get(source).download(data_root(snakemake.config["data_root"]))
