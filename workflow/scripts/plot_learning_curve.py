"""Draw test MSE against n/d_L."""

from onebit_rf.figures import learning_curve, style
from onebit_rf.jobs.job import job
from onebit_rf.tables.files import read_frame
from onebit_rf.tables.readout import read_readouts
from onebit_rf.tables.theory import THEORY

if __name__ == "__main__":
    with job(snakemake):
        experiments = snakemake.params.experiments
        readouts = snakemake.input.readout
        panels = {
            name: (
                read_readouts(readouts, name),
                read_frame([theory], THEORY),
                facts,
            )
            for (name, facts), theory in zip(experiments.items(), snakemake.input.theory, strict=True)
        }
        style.save(learning_curve.draw(panels), snakemake.output)
