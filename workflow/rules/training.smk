# training: networks whose hidden weights are learned through quantizers, and how they bear distorted images.


rule train_networks:
    input:
        files=lambda wildcards: data_files(trained_dataset(wildcards)),
    output:
        models="results/training/{trained}/seed{seed}.parquet",
        history="results/training/{trained}/seed{seed}.history.parquet",
        weights="results/training/{trained}/seed{seed}.weights.parquet",
    log:
        "results/logs/train_networks/{trained}/seed{seed}.log",
    benchmark:
        "results/benchmarks/train_networks/{trained}/seed{seed}.tsv"
    threads: 1
    resources:
        mem_mb=lambda wildcards: megabytes(sizes.training_bytes(*trained_sizes(wildcards))),
        runtime=lambda wildcards: sizes.minutes(sizes.training_flops(*trained_sizes(wildcards))),
    params:
        trained=trained_params,
        code=training_code,
    message:
        "training of {wildcards.trained}, seed {wildcards.seed}"
    script:
        "../scripts/train_networks.py"


rule measure_distorted:
    input:
        files=lambda wildcards: data_files(trained_dataset(wildcards)),
        weights=rules.train_networks.output.weights,
        distorted=lambda wildcards: expand(
            rules.distort_images.output, dataset=trained_dataset(wildcards), seed=wildcards.seed
        ),
    output:
        "results/training/{trained}/seed{seed}.distorted.parquet",
    log:
        "results/logs/measure_distorted/{trained}/seed{seed}.log",
    benchmark:
        "results/benchmarks/measure_distorted/{trained}/seed{seed}.tsv"
    threads: 1
    resources:
        mem_mb=lambda wildcards: megabytes(sizes.training_bytes(*trained_sizes(wildcards))),
        runtime=lambda wildcards: sizes.minutes(sizes.distorted_flops(*trained_sizes(wildcards))),
    params:
        trained=trained_params,
        code=lambda wildcards: training_code(wildcards, "measure_distorted"),
    message:
        "models of {wildcards.trained} on distorted images, seed {wildcards.seed}"
    script:
        "../scripts/measure_distorted.py"
