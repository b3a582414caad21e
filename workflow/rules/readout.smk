# readout: the trained last layer, and its test error at every depth and sample size.


rule train_readout:
    input:
        features=lambda wildcards: expand(
            rules.extract_features.output,
            dataset=records.experiments[wildcards.experiment].dataset,
            network=records.experiments[wildcards.experiment].network,
            law=wildcards.law,
            seed=wildcards.seed,
        ),
    output:
        "results/readout/{experiment}/{law}/seed{seed}.parquet",
    log:
        "results/logs/train_readout/{experiment}/{law}/seed{seed}.log",
    benchmark:
        "results/benchmarks/train_readout/{experiment}/{law}/seed{seed}.tsv"
    resources:
        mem_mb=lambda wildcards: megabytes(sizes.readout_bytes(*records.of(wildcards.experiment))),
        runtime=lambda wildcards: sizes.minutes(sizes.readout_flops(*records.of(wildcards.experiment))),
    params:
        experiment=lambda wildcards: plain(records.experiments[wildcards.experiment]),
        dims=lambda wildcards: model_params(wildcards.experiment)["dims"],
        activation=lambda wildcards: model_params(wildcards.experiment)["activation"],
        spectrum=lambda wildcards: model_params(wildcards.experiment)["spectrum"],
        code=lambda wildcards: code(
            "train_readout",
            *learner_modules(records.experiments[wildcards.experiment]),
            *model_modules(wildcards.experiment),
        ),
    message:
        "read-outs of {wildcards.experiment}, {wildcards.law}, seed {wildcards.seed}"
    script:
        "../scripts/train_readout.py"
