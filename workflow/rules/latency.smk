# latency: time of inference by backend, measured alone on the machine, and its two figures.


rule measure_latency:
    input:
        code=code("measure_latency"),
    output:
        "results/latency/{device}.parquet",
    log:
        "results/logs/measure_latency/{device}.log",
    # All cores: no other job runs beside it, though the measurement uses config["latency"]["threads"] of them.
    threads: workflow.cores
    params:
        latency=config["latency"],
    message:
        "latency on {wildcards.device}, alone on the machine"
    script:
        "../scripts/measure_latency.py"


rule plot_latency:
    input:
        tables=latency_tables(),
        code=code("plot_latency"),
    output:
        report(figure_files("latency"), caption="../report/latency.rst", category="paper"),
    log:
        "results/logs/plot_latency.log",
    message:
        "figure: time of inference against d_1"
    script:
        "../scripts/plot_latency.py"


rule plot_speedup:
    input:
        tables=latency_tables(),
        code=code("plot_speedup"),
    output:
        report(figure_files("speedup"), caption="../report/speedup.rst", category="paper"),
    log:
        "results/logs/plot_speedup.log",
    message:
        "figure: speed-up over float32, and memory of the weights"
    script:
        "../scripts/plot_speedup.py"
