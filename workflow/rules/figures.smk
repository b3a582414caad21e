# figures: tables in; a picture, its caption and its findings out. A figure's kind says what it needs.


rule draw_figure:
    input:
        readout=lambda wildcards: figure_tables(wildcards.figure, "readout"),
        theory=lambda wildcards: figure_tables(wildcards.figure, "theory"),
        latency=lambda wildcards: figure_tables(wildcards.figure, "latency"),
        cost=lambda wildcards: figure_tables(wildcards.figure, "cost"),
        models=lambda wildcards: figure_tables(wildcards.figure, "models"),
        bearing=lambda wildcards: figure_tables(wildcards.figure, "bearing"),
        ranking=lambda wildcards: figure_tables(wildcards.figure, "ranking"),
        deployment=lambda wildcards: figure_tables(wildcards.figure, "deployment"),
        equivalents=lambda wildcards: figure_tables(wildcards.figure, "equivalents"),
        conditions=lambda wildcards: figure_tables(wildcards.figure, "conditions"),
    output:
        pdf=report(
            "results/figures/{figure}.pdf",
            caption="../report/figure.rst",
            category=lambda wildcards: study.config.figures[wildcards.figure].study,
            labels={"figure": "{figure}", "format": "PDF"},
        ),
        png=report(
            "results/figures/{figure}.png",
            caption="../report/figure.rst",
            category=lambda wildcards: study.config.figures[wildcards.figure].study,
            labels={"figure": "{figure}", "format": "PNG"},
        ),
        caption="results/figures/{figure}.rst",
        findings="results/figures/{figure}.parquet",
    log:
        "results/logs/draw_figure/{figure}.log",
    benchmark:
        "results/benchmarks/draw_figure/{figure}.tsv"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=sizes.LEAST_MINUTES,
    params:
        figure=lambda wildcards: plain(study.config.figures[wildcards.figure]),
        stages=lambda wildcards: list(study.config.figures[wildcards.figure].stages),
        facts=lambda wildcards: plain(study.facts(wildcards.figure)),
        code=lambda wildcards: code(
            "draw_figure", FIGURES.module(plain(study.config.figures[wildcards.figure])["kind"])
        ),
    message:
        "figure {wildcards.figure}"
    script:
        "../scripts/draw_figure.py"


rule collect_findings:
    input:
        expand("results/figures/{figure}.parquet", figure=study.config.figures),
    output:
        table="results/findings.parquet",
        listing="results/findings.rst",
    log:
        "results/logs/collect_findings.log",
    benchmark:
        "results/benchmarks/collect_findings.tsv"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=sizes.LEAST_MINUTES,
    params:
        studies=studies(study.config.figures),
        code=code("collect_findings"),
    message:
        "findings of all figures"
    script:
        "../scripts/collect_findings.py"


use rule collect_findings as collect_overlay with:
    input:
        expand("results/figures/{figure}.parquet", figure=added("figures")),
    output:
        table="results/overlay/findings.parquet",
        listing="results/overlay/findings.rst",
    log:
        "results/logs/collect_overlay.log",
    benchmark:
        "results/benchmarks/collect_overlay.tsv"
    params:
        studies=studies(added("figures")),
        code=code("collect_findings"),
    message:
        "findings of the overlay's figures"
