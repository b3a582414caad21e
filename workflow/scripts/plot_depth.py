"""Draw test MSE against depth."""

from onebit_rf.figures import depth, style
from onebit_rf.jobs.job import job
from onebit_rf.tables.files import read_frame
from onebit_rf.tables.readout import READOUT
from onebit_rf.tables.theory import THEORY

if __name__ == "__main__":
    with job(snakemake):
        (facts,) = snakemake.params.experiments.values()
        figure = depth.draw(
            read_frame(snakemake.input.readout, READOUT),
            read_frame(snakemake.input.theory, THEORY),
            n_train=snakemake.params.n_train,
            network=style.describe(facts["dims"], facts["activation"]),
        )
        style.save(figure, snakemake.output)
