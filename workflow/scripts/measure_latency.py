"""Measure the time of inference of every network, batch size and backend on one device."""

from onebit_rf.jobs.job import job, progress
from onebit_rf.latency.measure import measure_latency

if __name__ == "__main__":
    with job(snakemake):
        latency = dict(snakemake.params.latency)
        measure_latency(
            snakemake.output[0],
            device=snakemake.params.device,
            **latency,
            params=latency,
            progress=lambda networks: progress(networks, "latency"),
        )
