"""Draw the speed-up over float32, and the memory of the weights."""

from onebit_rf.figures import speedup, style
from onebit_rf.jobs.job import job
from onebit_rf.tables.files import read_frame
from onebit_rf.tables.latency import LATENCY

if __name__ == "__main__":
    with job(snakemake):
        style.save(speedup.draw(read_frame(snakemake.input.tables, LATENCY)), snakemake.output)
