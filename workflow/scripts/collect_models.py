"""Collect what is known of the models of one training."""

from onebit_rf.jobs.job import job
from onebit_rf.ranking.collect import collect
from onebit_rf.tables.bearing import BEARING
from onebit_rf.tables.files import read_frame, write_table
from onebit_rf.tables.models import MODELS
from onebit_rf.tables.sharpness import SHARPNESS
from onebit_rf.tables.training import TRAINING

if __name__ == "__main__":
    with job(snakemake):
        tables = {"sharpness": SHARPNESS, "bearing": BEARING}
        found = {name: snakemake.input.get(name, []) for name in tables}
        measured = [read_frame(found[name], table) if found[name] else None for name, table in tables.items()]
        rows = collect(read_frame(snakemake.input.models, TRAINING), *measured, snakemake.params.facts)
        columns = {name: rows[name].to_numpy() for name in MODELS.schema.names}
        write_table(snakemake.output[0], MODELS, {"training": snakemake.wildcards.training}, **columns)
