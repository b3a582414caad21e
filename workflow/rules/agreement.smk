# agreement: simulation against theory, number by number.


rule compare_theory:
    input:
        readout=lambda wildcards: readout_tables(study.cells_of(wildcards.experiment)),
        theory=lambda wildcards: theory_tables(study.cells_of(wildcards.experiment)),
    output:
        "results/agreement/{experiment}.parquet",
    log:
        "results/logs/compare_theory/{experiment}.log",
    benchmark:
        "results/benchmarks/compare_theory/{experiment}.tsv"
    wildcard_constraints:
        experiment=one_of(study.described()),
    threads: 1
    resources:
        mem_mb=1000,
        runtime=sizes.LEAST_MINUTES,
    params:
        names=lambda wildcards: names_of(study.cells_of(wildcards.experiment)[0].name),
        silent=lambda wildcards: {
            cell.name: list(study.silent_laws(cell)) for cell in study.cells_of(wildcards.experiment)
        },
        code=code("compare_theory"),
    message:
        "simulation against theory of {wildcards.experiment}"
    script:
        "../scripts/compare_theory.py"
