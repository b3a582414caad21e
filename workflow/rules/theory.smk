# theory: the exact asymptotic prediction at every depth and n; needs no data.


rule predict_theory:
    input:
        code=code("predict_theory"),
    output:
        "results/theory/{experiment}.parquet",
    log:
        "results/logs/predict_theory/{experiment}.log",
    params:
        experiment=experiment_params,
        dataset=lambda wildcards: dataset_of(wildcards.experiment),
        network=lambda wildcards: network_of(wildcards.experiment),
    message:
        "theory of {wildcards.experiment}"
    script:
        "../scripts/predict_theory.py"
