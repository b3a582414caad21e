# readout: the trained last layer, and its test error at every depth and sample size.


rule train_readout:
    input:
        features=lambda wildcards: expand(
            rules.extract_features.output, **experiment_params(wildcards), law=wildcards.law, seed=wildcards.seed
        ),
        data=lambda wildcards: expand(rules.make_data.output, **experiment_params(wildcards), seed=wildcards.seed),
        code=code("train_readout"),
    output:
        "results/readout/{experiment}/{law}/seed{seed}.parquet",
    log:
        "results/logs/train_readout/{experiment}/{law}/seed{seed}.log",
    params:
        experiment=experiment_params,
        depths=lambda wildcards: len(network_of(wildcards.experiment)["widths"]),
    message:
        "read-outs of {wildcards.experiment}, {wildcards.law}, seed {wildcards.seed}"
    script:
        "../scripts/train_readout.py"
