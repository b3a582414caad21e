# weights: the frozen hidden weights, keyed by the network's dimensions alone. Both laws use the same Gaussian draw.


rule sample_weights:
    input:
        code=code("sample_weights"),
    output:
        "results/weights/{dims}/{law}/seed{seed}.parquet",
    log:
        "results/logs/sample_weights/{dims}/{law}/seed{seed}.log",
    message:
        "{wildcards.law} weights of dimensions {wildcards.dims}, seed {wildcards.seed}"
    script:
        "../scripts/sample_weights.py"
