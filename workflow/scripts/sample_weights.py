"""Draw the hidden weights of one network by one law."""

from onebit_rf.jobs.job import job
from onebit_rf.weights.sampling import parse_dims, sample_weights

if __name__ == "__main__":
    with job(snakemake):
        law, seed = snakemake.params.law, int(snakemake.wildcards.seed)
        sample_weights(snakemake.output[0], law, parse_dims(snakemake.wildcards.dims), seed)
