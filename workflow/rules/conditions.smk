# conditions: what the paper asks of the inputs, measured on the rows of a data set.


rule measure_conditions:
    input:
        files=lambda wildcards: data_files(wildcards.dataset),
    output:
        "results/conditions/{dataset}/seed{seed}.parquet",
    log:
        "results/logs/measure_conditions/{dataset}/seed{seed}.log",
    benchmark:
        "results/benchmarks/measure_conditions/{dataset}/seed{seed}.tsv"
    threads: 1
    resources:
        mem_mb=lambda wildcards: megabytes(sizes.conditions_bytes(shape_of(wildcards.dataset))),
        runtime=lambda wildcards: sizes.minutes(sizes.conditions_flops(shape_of(wildcards.dataset))),
    params:
        dataset=lambda wildcards: plain(study.datasets[wildcards.dataset]),
        code=conditions_code,
    message:
        "conditions of {wildcards.dataset}, seed {wildcards.seed}"
    script:
        "../scripts/measure_conditions.py"
