"""Compare the simulated test error of one experiment with its theory."""

from onebit_rf.agreement import compare, write_agreement
from onebit_rf.jobs.job import job
from onebit_rf.tables.files import read_frame
from onebit_rf.tables.readout import READOUT
from onebit_rf.tables.theory import THEORY

if __name__ == "__main__":
    with job(snakemake):
        readout = read_frame(snakemake.input.readout, READOUT)
        theory = read_frame(snakemake.input.theory, THEORY)
        params = {"experiment": snakemake.wildcards.experiment}
        table = compare(readout, theory, snakemake.params.silent)
        write_agreement(snakemake.output[0], table, params, snakemake.params.names)
