"""Draw test MSE against depth."""

from onebit_rf.figures import depth, style
from onebit_rf.jobs.job import job
from onebit_rf.tables.files import read_frame

if __name__ == "__main__":
    with job(snakemake):
        (facts,) = snakemake.params.experiments.values()
        figure = depth.draw(
            read_frame(snakemake.input.readout, "readout"),
            read_frame(snakemake.input.theory, "theory"),
            n_train=snakemake.params.n_train,
            network=style.describe(facts["dims"], facts["activation"]),
        )
        style.save(figure, snakemake.output)
