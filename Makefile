# make all: the default figures.  make test: the tests.  The environment in .venv is made on first use.
PYTHON ?= python3
VENV := .venv
LOCK := workflow/requirements.lock
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
# Snakemake keeps a cache in the home folder; where that cannot be written, in the project.
HOMELESS := $(if $(shell test -w "$${XDG_CACHE_HOME:-$$HOME}" && echo no),,XDG_CACHE_HOME='$(CURDIR)/.snakemake/cache' )
SNAKEMAKE := $(HOMELESS)snakemake --cores all
COMPILER := $(firstword $(foreach name,cc gcc clang,$(shell command -v $(name))))
LEARNED := opponent gap_by_bits frozen_or_learned flatness bearing noise_model ranking_study
STUDIES := summary boundary width few_samples heavy_tails covariance conditions universality weight_laws activation last_layer images_accuracy images_theory one_step cost
FINDINGS := $(addprefix results/reference/,findings.parquet studies-findings.parquet learned-findings.parquet)

# make reference: the README's pictures and sentences, from the results that are there.
# make resume: after a killed run (kill -9, power cut), removes its lock and makes what it left unfinished.
.PHONY: all setup test docs paper studies studies-paper qgen qgen-large sanity report reference reference-studies reference-learned resume clean

all: setup
	$(SNAKEMAKE) all
	@cat results/findings.rst

setup: $(VENV)/installed

# The stamp holds the project's path, since the environment is bound to it: a copied or moved project makes its own. One
# without the C extension names the compiler, too, so that one installed later is tried.
ifneq ($(shell cat $(VENV)/installed 2>/dev/null),$(strip $(CURDIR) $(if $(wildcard src/onebit_rf/kernels/_signs*.so),,$(COMPILER))))
.PHONY: $(VENV)/installed
endif

$(VENV)/installed: pyproject.toml setup.py $(LOCK) $(wildcard src/onebit_rf/kernels/*.c src/onebit_rf/kernels/lookup/*)
	@case '$(subst ','"'"',$(CURDIR))' in *[[:space:]\'\"]*) \
	    echo "setup: Snakemake cannot run scripts below a path with spaces or quotes; move the project" >&2; exit 1;; esac
	@$(PYTHON) -c 'import sys; sys.exit("setup: this is Python %d.%d, 3.11 or newer is needed: make setup PYTHON=python3.11" \
	    % sys.version_info[:2] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv --clear $(VENV)
	rm -f src/onebit_rf/kernels/_signs*.so  # one of another build would be loaded in place of the new one
	python -m pip install --quiet --editable ".[workflow,report,test,docs]" --constraint $(LOCK)
	@python -c 'from onebit_rf.kernels import preferred_in_words; print("setup: one-bit products:", preferred_in_words())'
	@echo '$(CURDIR)' $$(ls src/onebit_rf/kernels/_signs*.so >/dev/null 2>&1 || echo $(COMPILER)) > $@

test: setup
	python -m pytest --numprocesses 2 --dist loadfile

# The site of README, docs/ and docstrings, in build/site.
docs: setup
	python -m sphinx -q -W --keep-going -b html -c docs . build/site

paper: setup
	$(SNAKEMAKE) all --configfile config/paper.yaml

# What overlays add. The edges of the first paper's claim, and the second paper's question: small in minutes, and large.
studies: OVERLAYS := config/studies.yaml
studies-paper: OVERLAYS := config/studies.yaml config/studies_paper.yaml
qgen: OVERLAYS := config/qgen_small.yaml
qgen-large: OVERLAYS := config/qgen_small.yaml config/qgen.yaml
studies studies-paper qgen qgen-large: setup
	$(SNAKEMAKE) overlay --configfile $(OVERLAYS)
	@cat results/overlay/findings.rst

# Networks on full data, to be held against published figures.
sanity: setup
	$(SNAKEMAKE) results/models/mnist_full.parquet results/models/cifar10_full.parquet results/deployment/mnist_full/seed0.parquet --configfile config/sanity.yaml

# One page of all figures, those of the studies too.
report: setup
	$(SNAKEMAKE) all --configfile config/studies.yaml
	$(HOMELESS)snakemake all --report results/report.html --report-stylesheet workflow/report/style.css --configfile config/studies.yaml

reference: setup
	cp results/findings.parquet $(addprefix results/figures/,depth.png images.png learning_curve.png second_path.png speedup.png) results/reference
	python -m onebit_rf.figures README.md $(FINDINGS)

# The same of the studies.
reference-studies: setup
	cp results/overlay/findings.parquet results/reference/studies-findings.parquet
	cp results/figures/summary.pdf $(patsubst %,results/figures/%.png,$(STUDIES)) results/reference
	python -m onebit_rf.figures README.md $(FINDINGS)
	python -m onebit_rf.figures docs/studies.md $(FINDINGS)

# The same of the learned half, with the table of all its models.
reference-learned: setup
	cp results/overlay/findings.parquet results/reference/learned-findings.parquet
	cp results/ranking/models.parquet results/reference/learned-models.parquet
	cp results/ranking/ranking.parquet results/reference/learned-ranking.parquet
	cp $(patsubst %,results/figures/%.png,$(LEARNED)) results/reference
	python -m onebit_rf.figures README.md $(FINDINGS)
	python -m onebit_rf.figures docs/learned.md $(FINDINGS)

resume: setup
	$(HOMELESS)snakemake --unlock
	$(SNAKEMAKE) all

clean:
	rm -rf $(VENV) .snakemake
	find results -mindepth 1 -maxdepth 1 ! -name README.md ! -name reference -exec rm -rf {} +
