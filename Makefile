# Croton. `make` alone lists what there is.
#
# Everything runs in this repository's own virtual environment, .venv, which is made from the first Python that
# fits: 3.11 or later, with its headers (the native runtime is compiled). Choose one with `make PYTHON=…`.

CANDIDATES = python3.13 python3.12 python3.11 python3
FITS = import ensurepip, os, sys, sysconfig, venv; sys.exit(sys.version_info < (3, 11) or \
       not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")))
PYTHON ?= $(firstword $(foreach one,$(CANDIDATES),$(shell $(one) -c '$(FITS)' 2>/dev/null && echo $(one))))

VENV    = .venv
PEERS   = .venv-peers
BIN     = $(VENV)/bin
PIP     = $(BIN)/python -m pip --disable-pip-version-check --quiet --quiet
WORKERS ?= 2

# What an installation depends on: the metadata and the sources of the native runtime.
BUILT_FROM = pyproject.toml setup.py $(wildcard src/croton/backends/cpu/runtime/*.[ch])
LINTED     = src tests tools benchmarks examples setup.py
FAST_TESTS = tests/house tests/test_config.py tests/test_errors.py \
             $(wildcard tests/graph tests/vartypes tests/loops tests/rewrite tests/compile)

.PHONY: help venv dev demo test check lint format types house peers bench docs clean
.DEFAULT_GOAL := help

help:  ## list what there is
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-7s %s\n", $$1, $$2}' Makefile

# -- environments: a stamp says what has been installed ------------------------------------------------------
$(VENV)/made:
	@test -n "$(PYTHON)" || { echo "No Python of version 3.11 or later with venv and headers was found" \
	  "(looked for: $(CANDIDATES)). Install one (on Debian: python3-dev python3-venv) or give PYTHON=…"; exit 1; }
	@echo "Making $(VENV) from $$($(PYTHON) --version) …"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/plot: $(VENV)/made $(BUILT_FROM)
	@echo "Installing croton …"
	@$(PIP) install -e '.[plot]'
	@touch $@

$(VENV)/test: $(VENV)/plot
	@echo "Installing what tests need …"
	@$(PIP) install -e '.[test,plot]'
	@touch $@

$(VENV)/dev: $(VENV)/test
	@echo "Installing linters …"
	@$(PIP) install -e '.[dev,plot]'
	@touch $@

$(PEERS)/made: benchmarks/peers.txt
	@echo "Installing what is compared with, into $(PEERS) (some GB) …"
	@$(PYTHON) -m venv $(PEERS)
	@$(PEERS)/bin/python -m pip --disable-pip-version-check --quiet --quiet install -r benchmarks/peers.txt
	@touch $@

venv: $(VENV)/plot  ## make .venv and install croton into it
dev: $(VENV)/dev  ## make .venv with all that development needs

# -- using it ------------------------------------------------------------------------------------------------
demo: $(VENV)/plot  ## train two networks on handwritten digits, with curves as a picture
	@$(BIN)/python examples/train_digits.py

peers: $(PEERS)/made  ## install JAX, PyTorch, PyTensor and Numba beside, for make bench

bench: $(VENV)/plot  ## measure this machine, beside NumPy and what make peers installed: a table and a plot
	@mkdir -p benchmarks/results
	@$(BIN)/python -m benchmarks --markdown benchmarks/results/table.md --plot benchmarks/results/plot.png \
	  $(if $(wildcard $(PEERS)/made),--peers $(PEERS)/bin/python)
	@echo "Written: benchmarks/results/table.md, plot.png"

docs: $(VENV)/test  ## make docs/api of the docstrings, and run the examples that docs/ and README.md show
	@$(BIN)/python tools/make_api_docs.py
	@$(BIN)/python -m pytest -q tests/house/test_doctests.py

# -- checking it ---------------------------------------------------------------------------------------------
test: $(VENV)/test  ## run all tests
	@$(BIN)/python -m pytest -q -n $(WORKERS)

check: lint types  ## format, lint, types, house rules and fast tests, in less than a minute
	@$(BIN)/python -m pytest -q -n $(WORKERS) -m "not slow" $(FAST_TESTS)

lint: $(VENV)/dev
	@$(BIN)/ruff format --check --quiet $(wildcard $(LINTED)) || { echo "To format: make format"; exit 1; }
	@$(BIN)/ruff check --quiet $(wildcard $(LINTED))

format: $(VENV)/dev  ## format all Python files
	@$(BIN)/ruff format $(wildcard $(LINTED))

types: $(VENV)/dev
	@$(BIN)/mypy

house: $(VENV)/test
	@$(BIN)/python -m pytest -q tests/house

clean:  ## remove what was made, the environment too
	rm -rf $(VENV) $(PEERS) build dist src/*.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis examples/output benchmarks/results
	find src tests -name __pycache__ -prune -exec rm -rf {} +
	find src -name '*.so' -delete
