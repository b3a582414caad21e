# agreement: simulation against theory, number by number.


rule compare_theory:
    input:
        readout=lambda wildcards: readout_tables(wildcards.experiment),
        theory=rules.predict_theory.output,
        code=code("compare_theory"),
    output:
        "results/agreement/{experiment}.parquet",
    log:
        "results/logs/compare_theory/{experiment}.log",
    message:
        "simulation against theory of {wildcards.experiment}"
    script:
        "../scripts/compare_theory.py"
