# deployment: one-bit networks that were trained, on the native kernels.


rule measure_deployment:
    input:
        files=lambda wildcards: data_files(trained_dataset(wildcards)),
        weights=rules.train_networks.output.weights,
    output:
        "results/deployment/{trained}/seed{seed}.parquet",
    log:
        "results/logs/measure_deployment/{trained}/seed{seed}.log",
    benchmark:
        "results/benchmarks/measure_deployment/{trained}/seed{seed}.tsv"
    # All cores, so that no other job runs beside what is timed.
    threads: lambda wildcards: workflow.cores or 1
    resources:
        mem_mb=lambda wildcards: megabytes(sizes.training_bytes(*trained_sizes(wildcards))),
        runtime=sizes.LEAST_MINUTES,
    params:
        trained=trained_params,
        code=lambda wildcards: training_code(wildcards, "measure_deployment"),
    message:
        "one-bit models of {wildcards.trained} on the native kernels, seed {wildcards.seed}"
    script:
        "../scripts/measure_deployment.py"
