"""Draw test MSE against depth."""

from onebit_rf.figures import depth, style
from onebit_rf.job import job
from onebit_rf.readout import read_readouts
from onebit_rf.tables import read_table

if __name__ == "__main__":
    with job(snakemake):
        facts = snakemake.params.facts
        figure = depth.draw(
            read_readouts(snakemake.input.readout),
            read_table(snakemake.input.theory[0], "theory").to_pandas(),
            n_train=snakemake.params.n_train,
            network=style.describe(facts["dims"], facts["activation"]),
        )
        style.save(figure, snakemake.output)
