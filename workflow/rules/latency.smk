# latency: time of inference by backend, measured alone on the machine, and its two figures.


rule measure_latency:
    output:
        "results/latency/{device}.parquet",
    log:
        "results/logs/measure_latency/{device}.log",
    benchmark:
        "results/benchmarks/measure_latency/{device}.tsv"
    # All cores: no other job runs beside it, though the measurement uses latency.threads of them. Without --cores, as
    # in `snakemake --unlock`, there is no number.
    threads: lambda wildcards: workflow.cores or 1
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        latency={key: value for key, value in plain(records.latency).items() if key != "devices"},
        code=code("measure_latency"),
    message:
        "latency on {wildcards.device}, alone on the machine"
    script:
        "../scripts/measure_latency.py"


rule plot_latency:
    input:
        tables=latency_tables(),
    output:
        report(figure_files("latency"), caption="../report/latency.rst", category="paper"),
    log:
        "results/logs/plot_latency.log",
    benchmark:
        "results/benchmarks/plot_latency.tsv"
    resources:
        mem_mb=1000,
        runtime=sizes.LEAST_MINUTES,
    params:
        code=code("plot_latency"),
    message:
        "figure: time of inference against d_1"
    script:
        "../scripts/plot_latency.py"


rule plot_speedup:
    input:
        tables=latency_tables(),
    output:
        report(figure_files("speedup"), caption="../report/speedup.rst", category="paper"),
    log:
        "results/logs/plot_speedup.log",
    benchmark:
        "results/benchmarks/plot_speedup.tsv"
    resources:
        mem_mb=1000,
        runtime=sizes.LEAST_MINUTES,
    params:
        code=code("plot_speedup"),
    message:
        "figure: speed-up over float32, and memory of the weights"
    script:
        "../scripts/plot_speedup.py"
