"""Draw the hidden weights of one network by one law."""

from onebit_rf.job import job
from onebit_rf.weights import sample_weights

if __name__ == "__main__":
    with job(snakemake):
        wildcards, widths = snakemake.wildcards, snakemake.params.widths
        sample_weights(
            snakemake.output[0],
            law=wildcards.law,
            d_in=int(wildcards.d_in),
            widths=widths,
            seed=int(wildcards.seed),
            params={**wildcards, "widths": widths},
        )
