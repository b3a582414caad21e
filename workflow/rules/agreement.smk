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


def agreement_tables():
    """One table for every experiment that the theory describes: a teacher on Gaussian inputs."""
    described = [name for name in experiments_with("teacher") if dataset_of(name)["kind"] == "gaussian"]
    return expand(rules.compare_theory.output, experiment=described)
