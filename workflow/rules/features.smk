# features: x_ℓ = φ(W_ℓ x_{ℓ−1}) of every row and every depth 1…L.


rule extract_features:
    input:
        files=lambda wildcards: data_files(wildcards.dataset),
        weights=learned_weights,
    output:
        "results/features/{dataset}/{network}/{law}/seed{seed}.parquet",
    log:
        "results/logs/extract_features/{dataset}/{network}/{law}/seed{seed}.log",
    benchmark:
        "results/benchmarks/extract_features/{dataset}/{network}/{law}/seed{seed}.tsv"
    threads: 1
    resources:
        mem_mb=lambda wildcards: megabytes(sizes.features_bytes(*feature_sizes(wildcards))),
        runtime=lambda wildcards: sizes.minutes(sizes.features_flops(*feature_sizes(wildcards))),
    params:
        dataset=lambda wildcards: plain(study.datasets[wildcards.dataset]),
        network=lambda wildcards: plain(study.networks[wildcards.network]),
        law=law_of,
        step=step_of,
        code=features_code,
    message:
        "{wildcards.law} features of {wildcards.dataset} by {wildcards.network}, seed {wildcards.seed}"
    script:
        "../scripts/extract_features.py"


rule extract_second_path:
    input:
        files=lambda wildcards: data_files(wildcards.dataset),
        weights=learned_weights,
    output:
        "results/features/{dataset}/{network}/{law}/{shift}/seed{seed}.parquet",
    log:
        "results/logs/extract_second_path/{dataset}/{network}/{law}/{shift}/seed{seed}.log",
    benchmark:
        "results/benchmarks/extract_second_path/{dataset}/{network}/{law}/{shift}/seed{seed}.tsv"
    threads: 1
    resources:
        mem_mb=lambda wildcards: megabytes(sizes.second_path_bytes(*feature_sizes(wildcards))),
        runtime=lambda wildcards: sizes.minutes(sizes.features_flops(*feature_sizes(wildcards))),
    params:
        dataset=lambda wildcards: plain(study.datasets[wildcards.dataset]),
        network=lambda wildcards: plain(study.networks[wildcards.network]),
        law=law_of,
        shift=lambda wildcards: study.shifts[wildcards.shift],
        code=second_path_code,
    message:
        "{wildcards.law} features of {wildcards.dataset} by {wildcards.network} with {wildcards.shift} at test, seed {wildcards.seed}"
    script:
        "../scripts/extract_second_path.py"
