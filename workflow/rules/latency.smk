# latency: time of inference by backend, measured alone on the machine.


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
        device=lambda wildcards: wildcards.device,
        latency=latency_params(),
        code=code("measure_latency", ACTIVATIONS.module("tanh")),
    message:
        "latency on {wildcards.device}, alone on the machine"
    script:
        "../scripts/measure_latency.py"
