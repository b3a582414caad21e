"""Draw the time of inference against d_1."""

from onebit_rf.figures import latency, style
from onebit_rf.jobs.job import job
from onebit_rf.tables.files import read_frame
from onebit_rf.tables.latency import LATENCY

if __name__ == "__main__":
    with job(snakemake):
        style.save(latency.draw(read_frame(snakemake.input.tables, LATENCY)), snakemake.output)
