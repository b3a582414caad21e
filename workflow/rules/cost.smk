# cost: time of inference of an experiment's networks in float32 and at one bit, by the latency stage's measurement.


use rule measure_latency as measure_cost with:
    output:
        "results/cost/{experiment}.parquet",
    log:
        "results/logs/measure_cost/{experiment}.log",
    benchmark:
        "results/benchmarks/measure_cost/{experiment}.tsv"
    wildcard_constraints:
        experiment=one_of(timed_experiments()),
    params:
        device="cpu",
        latency=cost_params,
        code=lambda wildcards: code("measure_latency", ACTIVATIONS.module(cost_params(wildcards)["activation"])),
    message:
        "cost of the networks of {wildcards.experiment}, alone on the machine"
