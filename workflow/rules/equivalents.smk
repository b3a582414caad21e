# equivalents: features against Gaussian vectors of the moments that the theory gives them, weights given.


rule measure_equivalents:
    input:
        features=lambda wildcards: features_of(wildcards, rules.extract_features.output),
    output:
        "results/equivalents/{cell}/{law}/seed{seed}.parquet",
    log:
        "results/logs/measure_equivalents/{cell}/{law}/seed{seed}.log",
    benchmark:
        "results/benchmarks/measure_equivalents/{cell}/{law}/seed{seed}.tsv"
    wildcard_constraints:
        cell=one_of(name for name, cell in study.cells.items() if cell.equivalents),
    threads: 1
    resources:
        mem_mb=lambda wildcards: megabytes(sizes.equivalents_bytes(*readout_sizes(wildcards)[1:])),
        runtime=lambda wildcards: sizes.minutes(sizes.equivalents_flops(*readout_sizes(wildcards))),
    params:
        names=lambda wildcards: names_of(wildcards.cell),
        law=law_of,
        model=lambda wildcards: model_params(wildcards.cell),
        task=equivalents_params,
        code=equivalents_code,
    message:
        "Gaussian equivalents of {wildcards.cell}, {wildcards.law}, seed {wildcards.seed}"
    script:
        "../scripts/measure_equivalents.py"
