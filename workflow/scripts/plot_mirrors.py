"""Draw test MSE by mirror."""

from onebit_rf.figures import mirrors, style
from onebit_rf.jobs.job import job
from onebit_rf.tables.files import read_frame
from onebit_rf.tables.readout import read_readouts
from onebit_rf.tables.theory import THEORY

if __name__ == "__main__":
    with job(snakemake):
        experiments, readouts = snakemake.params.experiments, snakemake.input.readout
        tables = [
            (read_readouts(readouts, name), read_frame([theory], THEORY))
            for name, theory in zip(experiments, snakemake.input.theory, strict=True)
        ]
        style.save(mirrors.draw(tables, next(iter(experiments.values()))), snakemake.output)
