# data: the inputs x_0 of a data set, train rows first. The features make the same rows for themselves; these tables
# are made where somebody asks for them: snakemake --cores 1 results/data/digits/seed0.parquet
from onebit_rf.data.distortions import DISTORTIONS

missing = {
    str(file): plain(study.datasets[name])["source"]
    for name in study.shapes
    for file in data_files(name)
    if not file.exists()
}

# There is a rule for files that are not there only, so that no file that somebody put there is ever an output.
if missing:

    rule download_data:
        output:
            list(missing),
        log:
            "results/logs/download_data.log",
        benchmark:
            "results/benchmarks/download_data.tsv"
        threads: 1
        resources:
            mem_mb=1000,
            runtime=60,
        params:
            sources=sorted(set(missing.values())),
        message:
            "download of {params.sources}"
        script:
            "../scripts/download_data.py"


rule make_data:
    input:
        files=lambda wildcards: data_files(wildcards.dataset),
    output:
        "results/data/{dataset}/seed{seed}.parquet",
    log:
        "results/logs/make_data/{dataset}/seed{seed}.log",
    benchmark:
        "results/benchmarks/make_data/{dataset}/seed{seed}.tsv"
    threads: 1
    resources:
        mem_mb=lambda wildcards: megabytes(sizes.data_bytes(shape_of(wildcards.dataset))),
        runtime=sizes.LEAST_MINUTES,
    params:
        dataset=lambda wildcards: plain(study.datasets[wildcards.dataset]),
        code=lambda wildcards: code("make_data", *dataset_modules(study.datasets[wildcards.dataset])),
    message:
        "inputs of {wildcards.dataset}, seed {wildcards.seed}"
    script:
        "../scripts/make_data.py"


rule distort_images:
    input:
        files=lambda wildcards: data_files(wildcards.dataset),
    output:
        "results/data/{dataset}/distorted/seed{seed}.parquet",
    log:
        "results/logs/distort_images/{dataset}/seed{seed}.log",
    benchmark:
        "results/benchmarks/distort_images/{dataset}/seed{seed}.tsv"
    threads: 1
    resources:
        mem_mb=lambda wildcards: megabytes(sizes.data_bytes(shape_of(wildcards.dataset))),
        runtime=lambda wildcards: distortion_minutes(shape_of(wildcards.dataset)),
    params:
        dataset=lambda wildcards: plain(study.datasets[wildcards.dataset]),
        code=lambda wildcards: code(
            "distort_images",
            *dataset_modules(study.datasets[wildcards.dataset]),
            *map(DISTORTIONS.module, DISTORTIONS.names()),
        ),
    message:
        "distorted test images of {wildcards.dataset}, seed {wildcards.seed}"
    script:
        "../scripts/distort_images.py"
