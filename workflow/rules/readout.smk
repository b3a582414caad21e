# readout: the trained last layer, and its test error at every depth and sample size.


rule train_readout:
    input:
        features=lambda wildcards: features_of(wildcards, rules.extract_features.output),
        second_path=second_path_of,
    output:
        "results/readout/{cell}/{law}/seed{seed}.parquet",
    log:
        "results/logs/train_readout/{cell}/{law}/seed{seed}.log",
    benchmark:
        "results/benchmarks/train_readout/{cell}/{law}/seed{seed}.tsv"
    threads: 1
    resources:
        mem_mb=lambda wildcards: megabytes(sizes.readout_bytes(*readout_sizes(wildcards))),
        runtime=lambda wildcards: sizes.minutes(sizes.readout_flops(*readout_sizes(wildcards))),
    params:
        names=lambda wildcards: names_of(wildcards.cell),
        law=law_of,
        task=lambda wildcards: plain(study.cells[wildcards.cell].task),
        dims=lambda wildcards: model_params(wildcards.cell)["dims"],
        activation=lambda wildcards: model_params(wildcards.cell)["activation"],
        spectrum=lambda wildcards: model_params(wildcards.cell)["spectrum"],
        outputs=lambda wildcards: study.shapes[study.cells[wildcards.cell].dataset].outputs,
        code=lambda wildcards: code(
            "train_readout",
            *learner_modules(study.cells[wildcards.cell].task),
            *model_modules(wildcards.cell),
        ),
    message:
        "read-outs of {wildcards.cell}, {wildcards.law}, seed {wildcards.seed}"
    script:
        "../scripts/train_readout.py"
