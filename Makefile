# Rouage: the commands of a checkout. `make run` and `make test` do all the set-up themselves.
#
#   make run      a demo workspace in ./demo, and the daemon on it, in the foreground
#   make test     everything: format, lint, types, import direction, all tests
#   make check    the same without the slow tiers
#   make crash    kill the daemon 50 times under load, and count what was lost (nothing)
#   make bench    the benchmarks, results as JSON
#   make generate the generated files: schemas/
#   make lock     resolve the dependencies again

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet
PYTEST := $(BIN)/python -m pytest
NAMES  ?=

.DEFAULT_GOAL := help
.PHONY: help run test check lint types units slow crash bench generate lock clean

help:
	@sed -n 's/^#   //p' Makefile

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements.txt pyproject.toml | $(BIN)/python
	$(PIP) install --require-hashes -r requirements.txt
	$(PIP) install --no-deps -e .
	@touch $@

$(VENV)/.dev: requirements-dev.txt pyproject.toml | $(BIN)/python
	$(PIP) install --require-hashes -r requirements-dev.txt
	$(PIP) install --no-deps -e .
	@touch $@ $(VENV)/.run

run: $(VENV)/.run
	$(BIN)/rouage demo demo

test: lint types units slow

check: lint types units

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports

types: $(VENV)/.dev
	$(BIN)/mypy
	$(BIN)/pyright

units: $(VENV)/.dev
	$(PYTEST) -n 2 -m "not slow and not crash" --cov --cov-report=term:skip-covered

slow: $(VENV)/.dev
	$(PYTEST) -m "slow or crash"

crash: $(VENV)/.dev
	$(BIN)/python -m tests.crash

bench: $(VENV)/.dev
	$(BIN)/python -m tests.bench $(NAMES)

generate: $(VENV)/.dev
	$(BIN)/python -m tests.docs.generate

lock: $(VENV)/.dev
	$(PIP) install uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-annotate --no-header --no-strip-extras \
	  pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-annotate --no-header --no-strip-extras \
	  --extra dev pyproject.toml -o requirements-dev.txt

clean:
	rm -rf $(VENV) demo .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis
