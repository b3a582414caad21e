"""Draw the figure classification."""

from onebit_rf.figures import classification, style
from onebit_rf.jobs.job import job
from onebit_rf.tables.files import read_frame
from onebit_rf.tables.readout import READOUT
from onebit_rf.tables.theory import THEORY

if __name__ == "__main__":
    with job(snakemake):
        (facts,) = snakemake.params.experiments.values()
        readout = read_frame(snakemake.input.readout, READOUT)
        theory = read_frame(snakemake.input.theory, THEORY)
        style.save(classification.draw(readout, theory, facts), snakemake.output)
