# theory: the asymptotic prediction at every depth and n; needs no data.


rule predict_theory:
    output:
        "results/theory/{cell}.parquet",
    log:
        "results/logs/predict_theory/{cell}.log",
    benchmark:
        "results/benchmarks/predict_theory/{cell}.tsv"
    wildcard_constraints:
        cell=one_of(name for name, cell in study.cells.items() if cell.is_described),
    threads: 1
    resources:
        mem_mb=1000,
        runtime=sizes.LEAST_MINUTES,
    params:
        names=lambda wildcards: names_of(wildcards.cell),
        task=lambda wildcards: plain(study.cells[wildcards.cell].task),
        dims=lambda wildcards: model_params(wildcards.cell)["dims"],
        activation=lambda wildcards: model_params(wildcards.cell)["activation"],
        spectrum=lambda wildcards: model_params(wildcards.cell)["spectrum"],
        code=lambda wildcards: code("predict_theory", *model_modules(wildcards.cell)),
    message:
        "theory of {wildcards.cell}"
    script:
        "../scripts/predict_theory.py"
