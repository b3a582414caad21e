"""Collect the findings of all figures."""

from onebit_rf.figures.stage import collect_findings
from onebit_rf.jobs.job import job

if __name__ == "__main__":
    with job(snakemake):
        collect_findings(
            list(snakemake.input), snakemake.params.studies, snakemake.output.table, snakemake.output.listing
        )
