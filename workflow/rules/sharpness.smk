# sharpness: how sharp the minima are that trained models lie in.


rule measure_sharpness:
    input:
        files=lambda wildcards: data_files(trained_dataset(wildcards)),
        weights=rules.train_networks.output.weights,
    output:
        "results/sharpness/{trained}/seed{seed}.parquet",
    log:
        "results/logs/measure_sharpness/{trained}/seed{seed}.log",
    benchmark:
        "results/benchmarks/measure_sharpness/{trained}/seed{seed}.tsv"
    threads: 1
    resources:
        mem_mb=lambda wildcards: megabytes(sizes.sharpness_bytes(*trained_sizes(wildcards))),
        runtime=lambda wildcards: sizes.minutes(sizes.sharpness_flops(*trained_sizes(wildcards))),
    params:
        trained=trained_params,
        sharpness=lambda wildcards: plain(study.trainings[wildcards.trained].record.sharpness),
        code=lambda wildcards: training_code(wildcards, "measure_sharpness"),
    message:
        "sharpness of {wildcards.trained}, seed {wildcards.seed}"
    script:
        "../scripts/measure_sharpness.py"
