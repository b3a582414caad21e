# Contents page of the workflow. One stage has one name, in five places: workflow/rules/<stage>.smk,
# src/onebit_rf/<stage>.py or a folder, results/<stage>/, its tests and a heading of the README.
#
#   results/data/{dataset}/seed{seed}.parquet                           made on demand
#   results/weights/{dims}/{law}/seed{seed}.parquet                     a row group per layer; made on demand
#   results/features/{dataset}/{network}/{law}/seed{seed}.parquet       a row group per depth
#   results/features/{dataset}/{network}/{law}/{shift}/seed{seed}.parquet   the test rows on a second path
#   results/training/{trained}/seed{seed}.parquet, .history.parquet, .weights.parquet   a row, rows, a row group a model
#   results/training/{trained}/seed{seed}.distorted.parquet             of its models on distorted images
#   results/sharpness/{trained}/seed{seed}.parquet                      of its models
#   results/models/{training}.parquet                                   a row for each trained model, with all measures
#   results/ranking/models.parquet, ranking.parquet                     all models, and which measure orders their gap
#   results/readout/{cell}/{law}/seed{seed}.parquet
#   results/equivalents/{cell}/{law}/seed{seed}.parquet                 features against their Gaussian equivalents
#   results/conditions/{dataset}/seed{seed}.parquet                     what is asked of the inputs
#   results/theory/{cell}.parquet
#   results/agreement/{experiment}.parquet                              simulation against theory
#   results/latency/{device}.parquet                                    a row per repetition
#   results/cost/{experiment}.parquet                                   the same of an experiment's networks
#   results/figures/{figure}.pdf, .png, .rst (caption), .parquet (findings)
#   results/findings.parquet
#
# {cell} is an experiment, or EXPERIMENT/LEAF~VALUE/… for each value of the leaves that it sweeps.
# {trained} is a training, likewise. {law} is a law of the weights, src/onebit_rf/weights/laws; the learned ones name
# their training.
from pathlib import Path

from snakemake.utils import min_version

min_version("9.27")


# Paths are relative to the project, from wherever Snakemake is started; --directory puts the results elsewhere.
workdir: workflow.basedir


# Jobs run in the environment that `make setup` makes from workflow/requirements.lock. This image, the Python
# that it is made with, is taken with --software-deployment-method apptainer only; run `make setup` inside it first.
container: "docker://python:3.11"


configfile: Path(workflow.basedir) / "config" / "config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/weights.smk"
include: "workflow/rules/training.smk"
include: "workflow/rules/sharpness.smk"
include: "workflow/rules/ranking.smk"
include: "workflow/rules/deployment.smk"
include: "workflow/rules/features.smk"
include: "workflow/rules/readout.smk"
include: "workflow/rules/equivalents.smk"
include: "workflow/rules/conditions.smk"
include: "workflow/rules/theory.smk"
include: "workflow/rules/agreement.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/latency.smk"
include: "workflow/rules/cost.smk"


report: "workflow/report/front.rst"


# What an overlay adds to the default configuration: snakemake overlay --configfile config/qgen_small.yaml
rule overlay:
    input:
        expand(rules.draw_figure.output, figure=added("figures")),
        rules.collect_overlay.output,
        expand(rules.compare_theory.output, experiment=set(added("experiments")) & set(study.described())),
        rules.rank_measures.output if study.config.trainings else [],
        deployment_tables(added("trainings")),
        equivalents_tables(cell for cell in study.cells.values() if cell.experiment in added("experiments")),


rule all:
    default_target: True
    input:
        expand(rules.draw_figure.output, figure=study.config.figures),
        rules.collect_findings.output,
        expand(rules.compare_theory.output, experiment=study.described()),
        readout_tables(undrawn_cells()),
        equivalents_tables(study.cells.values()),
        expand(rules.measure_latency.output, device=devices),
