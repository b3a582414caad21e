"""Compare the simulated test error of one experiment with its theory."""

from onebit_rf.agreement import compare, write_agreement
from onebit_rf.job import job
from onebit_rf.readout import read_readouts
from onebit_rf.tables import read_table

if __name__ == "__main__":
    with job(snakemake):
        readout = read_readouts(snakemake.input.readout)
        theory = read_table(snakemake.input.theory[0], "theory").to_pandas()
        write_agreement(snakemake.output[0], compare(readout, theory), {"experiment": snakemake.wildcards.experiment})
