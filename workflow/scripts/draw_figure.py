"""Draw one figure with its caption and its findings."""

from msgspec import convert

from onebit_rf.figures.facts import AnyFacts
from onebit_rf.figures.kinds import FIGURES
from onebit_rf.figures.stage import draw_figure
from onebit_rf.jobs.job import job

if __name__ == "__main__":
    with job(snakemake):
        record = snakemake.params.figure
        draw_figure(
            snakemake.wildcards.figure,
            record=convert(record, FIGURES.get(record["kind"])),
            facts=convert(snakemake.params.facts, list[AnyFacts]),
            inputs={stage: list(snakemake.input.get(stage, [])) for stage in snakemake.params.stages},
            outputs=dict(snakemake.output.items()),
        )
