# `make` or `make help` lists what can be made.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# DVC runs stages as `python -m stages.<name>`: that python must be the one of this environment.
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Where DVC keeps its pickled records; its own choice, /var/tmp, is open to every user of the machine
# (CVE-2025-69872).
DVC_RECORDS := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/dvc
BENCHES := region_extraction new_images bert_rows training_epoch out_of_core memory cost_per_row row_machinery checks kills search_ranking keyword_memory matching sgr_products
DOCUMENTS := README.md $(wildcard docs/*.md)

.DEFAULT_GOAL := help
.PHONY: help install records run test fuzz soak faults bench results documents lock lint format clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(VENV)/.installed records ## make the environment in .venv and install what a run needs

run: install ## rebuild whatever is out of date: features, model, metrics, plots
	$(BIN)/dvc repro
	@echo
	@cat data/reports/metrics.json
	@echo
	@echo "Look at:  data/reports/index.html       the results, and what the model looked at, as a page"
	@echo "          data/reports/metrics.json     the figures above, with 95 % intervals"
	@echo "          data/reports/predictions.csv  every test pair's prediction"
	@echo "          data/models/ananet/           the trained model"
	@echo "          data/features/                the cached features"
	@echo "Plots:    . $(BIN)/activate && dvc plots show --open   (needs a network; the page has the same)"
	@git diff --quiet HEAD -- data/reports/origin.json || { \
	  echo "Committed figures: $$(git show HEAD:data/reports/origin.json 2> /dev/null || echo of unknown origin)"; \
	  echo "These:             $$(cat data/reports/origin.json)"; \
	  echo "So they may differ. The commit below makes these the ones to compare with."; }
	@echo "Try next: . $(BIN)/activate && git commit --allow-empty -qam 'First run' && dvc exp run -S fusion.lambda=0.7 && dvc metrics diff"

test: $(VENV)/.installed-dev ## run the tests, a process per core
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 8 --dist loadfile

fuzz: $(VENV)/.installed-dev ## damage every kind of file that is read, in over 70 ways each
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 8 --hypothesis-profile fuzz tests/fuzz
	$(MAKE) documents

soak: $(VENV)/.installed-dev ## use a small project at random for 200 steps, and check after each that nothing is lost
	$(BIN)/python -m tests.soak.use
	$(MAKE) documents

faults: $(VENV)/.installed-dev ## stop every stage at moments of each phase; FOLDER names a small file system to fill
	$(BIN)/python -m tests.soak.faults $(if $(FOLDER),--folder $(FOLDER))
	$(MAKE) documents

bench: $(VENV)/.installed-dev run ## measure speed and memory; REAL_DATA names a folder with real posts
	for script in $(BENCHES); do $(BIN)/python -m tests.benchmarks.$$script || exit 1; done
	$(MAKE) documents

results: $(VENV)/.installed-dev records ## make the documents' results again, in hours; REAL_DATA names a folder with real data
	$(BIN)/python -m results $(PARTS)
	$(MAKE) documents

documents: $(VENV)/.installed-dev ## write the recorded results into the documents' tables
	$(BIN)/python -m cogapp -r $(DOCUMENTS)

lock: $(VENV)/.installed-dev ## write requirements.lock and docs/licences.md from what is installed
	$(BIN)/python -m pip freeze --all | grep -E '^[A-Za-z0-9._-]+==' > $(VENV)/installed.txt
	$(BIN)/uv pip compile requirements.txt requirements-serve.txt --constraint $(VENV)/installed.txt --quiet --no-annotate \
	  --generate-hashes --python-version 3.11 --python-platform x86_64-manylinux_2_28 \
	  --custom-compile-command "make lock" --output-file requirements.lock
	$(BIN)/python -m docs.reference.licences

lint: $(VENV)/.installed-dev records ## check style, types and that DVC can read the stages
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m stages stage list --recursive . > /dev/null

format: $(VENV)/.installed-dev ## rewrite the code in the project's style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## remove the environment and tool caches; data and results stay
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis

records: $(VENV)/.installed
	@mkdir -p "$(DVC_RECORDS)"
	@chmod 700 "$(DVC_RECORDS)"
	@grep -qs site_cache_dir .dvc/config.local \
	  || $(BIN)/dvc config --local core.site_cache_dir "$(DVC_RECORDS)"

$(VENV)/.installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "error: Python 3.11 or later is needed; set one with make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --requirement requirements.txt
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --requirement requirements-dev.txt
	@touch $@
