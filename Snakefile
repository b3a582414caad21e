# Contents page of the workflow. One stage has one name, in five places: workflow/rules/<stage>.smk,
# src/onebit_rf/<stage>.py, results/<stage>/, tests/test_<stage>.py and a heading of the README.
#
#   results/data/{dataset}/seed{seed}.parquet
#   results/weights/{dims}/{law}/seed{seed}.parquet                     a row group per layer
#   results/features/{dataset}/{network}/{law}/seed{seed}.parquet       a row group per depth
#   results/readout/{experiment}/{law}/seed{seed}.parquet
#   results/theory/{experiment}.parquet
#   results/agreement/{experiment}.parquet                              simulation against theory
#   results/latency/{device}.parquet                                    a row per repetition
#   results/figures/{figure}.pdf and .png
from snakemake.utils import min_version

min_version("9.27")


configfile: "config/config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/weights.smk"
include: "workflow/rules/features.smk"
include: "workflow/rules/readout.smk"
include: "workflow/rules/theory.smk"
include: "workflow/rules/agreement.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/latency.smk"


rule all:
    default_target: True
    input:
        [figure_files(name) for name in [*config["figures"], "latency", "speedup"]],
        agreement_tables(),
