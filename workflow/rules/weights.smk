# weights: the frozen hidden weights of a network. Both laws use the same Gaussian draw.


rule sample_weights:
    input:
        code=code("sample_weights"),
    output:
        "results/weights/{network}/d{d_in}/{law}/seed{seed}.parquet",
    log:
        "results/logs/sample_weights/{network}/d{d_in}/{law}/seed{seed}.log",
    params:
        widths=lambda wildcards: config["networks"][wildcards.network]["widths"],
    message:
        "{wildcards.law} weights of {wildcards.network} on {wildcards.d_in} inputs, seed {wildcards.seed}"
    script:
        "../scripts/sample_weights.py"
