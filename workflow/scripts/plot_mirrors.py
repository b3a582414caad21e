"""Draw test MSE by mirror."""

from onebit_rf.figures import mirrors, style
from onebit_rf.jobs.job import job
from onebit_rf.tables.files import read_frame, read_readouts

if __name__ == "__main__":
    with job(snakemake):
        experiments, readouts = snakemake.params.experiments, snakemake.input.readout
        tables = [
            (read_readouts(readouts, name), read_frame([theory], "theory"))
            for name, theory in zip(experiments, snakemake.input.theory, strict=True)
        ]
        style.save(mirrors.draw(tables, next(iter(experiments.values()))), snakemake.output)
