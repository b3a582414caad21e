"""Say which measure orders the generalization gap of all trained models."""

from onebit_rf.jobs.job import job
from onebit_rf.ranking.stage import rank_all
from onebit_rf.tables.files import read_frame, write_table
from onebit_rf.tables.models import MODELS
from onebit_rf.tables.ranking import RANKING

if __name__ == "__main__":
    with job(snakemake):
        models = read_frame(snakemake.input, MODELS)
        write_table(snakemake.output.models, MODELS, {}, **{name: models[name].to_numpy() for name in models})
        ranking = rank_all(models)
        write_table(snakemake.output.ranking, RANKING, {}, **{name: ranking[name].to_numpy() for name in ranking})
