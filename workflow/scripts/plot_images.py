"""Draw accuracy against depth."""

from onebit_rf.figures import images, style
from onebit_rf.jobs.job import job
from onebit_rf.tables.readout import read_readouts

if __name__ == "__main__":
    with job(snakemake):
        readouts = snakemake.input.readout
        panels = {name: (read_readouts(readouts, name), facts) for name, facts in snakemake.params.experiments.items()}
        style.save(images.draw(panels), snakemake.output)
