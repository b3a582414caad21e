# theory: the exact asymptotic prediction at every depth and n; needs no data.


rule predict_theory:
    output:
        "results/theory/{experiment}.parquet",
    log:
        "results/logs/predict_theory/{experiment}.log",
    benchmark:
        "results/benchmarks/predict_theory/{experiment}.tsv"
    wildcard_constraints:
        experiment=one_of(records.described()),
    resources:
        mem_mb=1000,
        runtime=sizes.LEAST_MINUTES,
    params:
        experiment=lambda wildcards: plain(records.experiments[wildcards.experiment]),
        dims=lambda wildcards: model_params(wildcards.experiment)["dims"],
        activation=lambda wildcards: model_params(wildcards.experiment)["activation"],
        spectrum=lambda wildcards: model_params(wildcards.experiment)["spectrum"],
        code=lambda wildcards: code("predict_theory", *model_modules(wildcards.experiment)),
    message:
        "theory of {wildcards.experiment}"
    script:
        "../scripts/predict_theory.py"
