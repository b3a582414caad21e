# make all: the default figures.  make test: the tests.  The environment in .venv is made on first use.
PYTHON ?= python3
VENV := .venv
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
SNAKEMAKE := snakemake --cores all

.PHONY: all setup test paper report clean

all: setup
	$(SNAKEMAKE) all

setup: $(VENV)/installed

$(VENV)/installed: pyproject.toml setup.py src/onebit_rf/kernels/_signs.c
	$(PYTHON) -m venv $(VENV)
	python -m pip install --quiet --editable ".[test,report]"
	touch $@

test: setup
	python -m pytest

paper: setup
	$(SNAKEMAKE) all --configfile config/paper.yaml

report: all
	snakemake --cores 1 --report results/report.html

clean:
	rm -rf $(VENV) .snakemake results/data results/weights results/features results/readout results/theory \
	    results/agreement results/latency results/figures results/logs results/report.html
