# Everything a checkout needs. On a fresh machine with Python 3.11+, pip and make: `make bench`, `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEV := $(VENV)/.dev
RUN := $(VENV)/.run
JOBS ?= 2

.DEFAULT_GOAL := help
.PHONY: help setup bench test test-deep lint format conformance notebooks clean

help: ## List the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(RUN): pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable . --constraint constraints.txt
	@touch $@

$(DEV): pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]' --constraint constraints.txt
	@touch $@ $(RUN)

setup: $(DEV) ## Make the virtual environment, with everything for development

bench: $(RUN) ## Run the quickstart suite: a table, and results/quickstart/report.html
	$(BIN)/binpack bench run quickstart --out results/quickstart --jobs $(JOBS)

test: lint ## Lint, types, import contracts and tests
	$(BIN)/python -m pytest -q -n $(JOBS)

test-deep: $(DEV) ## The long property tests and everything marked deep
	HYPOTHESIS_PROFILE=deep $(BIN)/python -m pytest -q -n $(JOBS) -o addopts="--import-mode=importlib --strict-markers --strict-config"

lint: $(DEV) ## ruff, mypy --strict, import-linter
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(DEV) ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

conformance: $(DEV) ## Run recorded decisions of kube-scheduler: FILES=path/*.jsonl.gz
	$(BIN)/binpack conformance $(or $(FILES),$(wildcard tests/conformance/*.jsonl.gz))

notebooks: $(DEV) ## Execute the notebooks
	$(BIN)/python -m pytest -q --nbmake notebooks

clean: ## Remove results, caches and the virtual environment
	rm -rf $(VENV) results dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
