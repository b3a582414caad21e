# weights: the frozen hidden weights, keyed by the network's dimensions alone.


def weights_code(law):
    """Fingerprint of what draws a weights table; its features carry it too, since the table itself is deleted."""
    return code("sample_weights", LAWS.module(law))


rule sample_weights:
    output:
        temp("results/weights/{dims}/{law}/seed{seed}.parquet"),
    log:
        "results/logs/sample_weights/{dims}/{law}/seed{seed}.log",
    benchmark:
        "results/benchmarks/sample_weights/{dims}/{law}/seed{seed}.tsv"
    resources:
        mem_mb=lambda wildcards: megabytes(sizes.weights_bytes(parse_dims(wildcards.dims))),
        runtime=sizes.LEAST_MINUTES,
    params:
        code=lambda wildcards: weights_code(wildcards.law),
    message:
        "{wildcards.law} weights of dimensions {wildcards.dims}, seed {wildcards.seed}"
    script:
        "../scripts/sample_weights.py"
