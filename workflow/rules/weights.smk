# weights: the frozen hidden weights, keyed by the network's dimensions alone. The features draw the same weights for
# themselves; these tables are made where somebody asks for them:
# snakemake --cores 1 results/weights/64-1024x5/one_bit/seed0.parquet


rule sample_weights:
    output:
        "results/weights/{dims}/{law}/seed{seed}.parquet",
    log:
        "results/logs/sample_weights/{dims}/{law}/seed{seed}.log",
    benchmark:
        "results/benchmarks/sample_weights/{dims}/{law}/seed{seed}.tsv"
    threads: 1
    resources:
        mem_mb=lambda wildcards: megabytes(sizes.weights_bytes(parse_dims(wildcards.dims))),
        runtime=sizes.LEAST_MINUTES,
    params:
        law=law_of,
        code=lambda wildcards: code("sample_weights", LAWS.module(law_of(wildcards))),
    message:
        "{wildcards.law} weights of dimensions {wildcards.dims}, seed {wildcards.seed}"
    script:
        "../scripts/sample_weights.py"
