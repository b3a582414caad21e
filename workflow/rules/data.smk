# data: the inputs x_0 of a data set, train rows first.


rule make_data:
    input:
        code=code("make_data"),
    output:
        "results/data/{dataset}/seed{seed}.parquet",
    log:
        "results/logs/make_data/{dataset}/seed{seed}.log",
    params:
        dataset=lambda wildcards: config["datasets"][wildcards.dataset],
    message:
        "inputs of {wildcards.dataset}, seed {wildcards.seed}"
    script:
        "../scripts/make_data.py"
