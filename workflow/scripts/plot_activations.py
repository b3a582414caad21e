"""Draw test MSE against n/d_L for several activations."""

from onebit_rf.figures import learning_curve, style
from onebit_rf.job import job
from onebit_rf.tables import read_frame

if __name__ == "__main__":
    with job(snakemake):
        experiments = snakemake.params.experiments
        readouts = snakemake.input.readout
        panels = {
            name: (
                read_frame((path for path in readouts if f"/{name}/" in path), "readout"),
                read_frame([theory], "theory"),
                facts,
            )
            for (name, facts), theory in zip(experiments.items(), snakemake.input.theory, strict=True)
        }
        style.save(learning_curve.draw(panels), snakemake.output)
