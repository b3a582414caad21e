# ranking: the table of all trained models, and which measure orders their generalization gap.


rule collect_models:
    input:
        models=lambda wildcards: expand(
            rules.train_networks.output.models,
            trained=cells_that(wildcards.training, lambda record: True),
            seed=seeds,
        ),
        sharpness=lambda wildcards: expand(
            rules.measure_sharpness.output,
            trained=cells_that(wildcards.training, lambda record: record.sharpness),
            seed=seeds,
        ),
        bearing=lambda wildcards: expand(
            rules.measure_distorted.output,
            trained=cells_that(wildcards.training, lambda record: record.distorted),
            seed=seeds,
        ),
    output:
        "results/models/{training}.parquet",
    log:
        "results/logs/collect_models/{training}.log",
    benchmark:
        "results/benchmarks/collect_models/{training}.tsv"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=sizes.LEAST_MINUTES,
    params:
        facts=lambda wildcards: model_facts(wildcards.training),
        code=code("collect_models"),
    message:
        "models of {wildcards.training}"
    script:
        "../scripts/collect_models.py"


rule rank_measures:
    input:
        expand(rules.collect_models.output, training=study.config.trainings),
    output:
        models="results/ranking/models.parquet",
        ranking="results/ranking/ranking.parquet",
    log:
        "results/logs/rank_measures.log",
    benchmark:
        "results/benchmarks/rank_measures.tsv"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        code=code("rank_measures"),
    message:
        "which measure orders the gap"
    script:
        "../scripts/rank_measures.py"
