# agreement: simulation against theory, number by number.


rule compare_theory:
    input:
        readout=lambda wildcards: readout_tables(wildcards.experiment),
        theory=rules.predict_theory.output,
    output:
        "results/agreement/{experiment}.parquet",
    log:
        "results/logs/compare_theory/{experiment}.log",
    benchmark:
        "results/benchmarks/compare_theory/{experiment}.tsv"
    wildcard_constraints:
        experiment=one_of(records.described()),
    resources:
        mem_mb=1000,
        runtime=sizes.LEAST_MINUTES,
    params:
        code=code("compare_theory"),
    message:
        "simulation against theory of {wildcards.experiment}"
    script:
        "../scripts/compare_theory.py"
