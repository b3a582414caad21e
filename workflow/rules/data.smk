# data: the inputs x_0 of a data set, train rows first. The features make the same rows for themselves; these tables
# are made where somebody asks for them: snakemake --cores 1 results/data/digits/seed0.parquet

used_datasets = sorted({record.dataset for record in records.experiments.values()})
missing_files = sorted({str(file) for name in used_datasets for file in data_files(name) if not file.exists()})

# There is a rule for files that are not there only, so that no file that somebody put there is ever an output.
if missing_files:

    rule download_mnist:
        output:
            missing_files,
        log:
            "results/logs/download_mnist.log",
        benchmark:
            "results/benchmarks/download_mnist.tsv"
        resources:
            mem_mb=1000,
            runtime=30,
        message:
            "download of MNIST"
        script:
            "../scripts/download_mnist.py"


rule make_data:
    input:
        files=lambda wildcards: data_files(wildcards.dataset),
    output:
        "results/data/{dataset}/seed{seed}.parquet",
    log:
        "results/logs/make_data/{dataset}/seed{seed}.log",
    benchmark:
        "results/benchmarks/make_data/{dataset}/seed{seed}.tsv"
    resources:
        mem_mb=lambda wildcards: megabytes(sizes.data_bytes(records.datasets[wildcards.dataset])),
        runtime=sizes.LEAST_MINUTES,
    params:
        dataset=lambda wildcards: plain(records.datasets[wildcards.dataset]),
        code=lambda wildcards: code("make_data", *dataset_modules(records.datasets[wildcards.dataset])),
    message:
        "inputs of {wildcards.dataset}, seed {wildcards.seed}"
    script:
        "../scripts/make_data.py"
