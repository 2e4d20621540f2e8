# Needs python3 (3.11 or newer), pip and make. Everything is installed into .venv, nothing outside.
#
#   make demo    place the safety stock of a published supply chain, simulate it, write the result
#   make test    run the tests
#   make check   all that must hold before a change is accepted: format, lint, types, layers, tests
#   make bench   measure against peers in one run and rewrite benchmarks/RESULTS.md
#   make docs    build the documentation into site/

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
# Tests run on every core; a core that has no more takes some of another's.
PYTEST := $(BIN)/python -m pytest --numprocesses=auto --maxprocesses=8 --dist=worksteal
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.DEFAULT_GOAL := demo
.PHONY: demo test check format bench docs clean

demo: $(VENV)/.core
	@$(BIN)/echelon demo

test: $(VENV)/.dev
	$(PYTEST)

check: $(VENV)/.dev $(VENV)/.peer $(VENV)-forecast/.forecast
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	ECHELON_JIT=0 $(BIN)/python -m pytest -q tests/unit/kernels tests/property/test_flow.py
	$(VENV)-forecast/bin/python -m pytest -q tests/unit/demand/test_baseline.py tests/unit/tables
	$(PYTEST)

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.peer
	$(BIN)/python -m benchmarks.run

# An environment of its own: the `peer` extra pins a Sphinx from 2022.
docs: $(VENV)-docs/.docs
	$(VENV)-docs/bin/python -m sphinx -W --keep-going -q -b html docs site
	@echo "site/index.html"

# An empty file per extra remembers that it is installed; pyproject.toml makes it stale.
$(VENV)/bin/python $(VENV)-docs/bin/python $(VENV)-forecast/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "echelon needs Python 3.11 or newer; this is $$($(PYTHON) --version 2>&1)."; \
	    echo "Fix: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 2; }
	@echo "Setting up $(@:/bin/python=), a few minutes the first time."
	@$(PYTHON) -m venv $(@:/bin/python=) || \
	  { rm -rf $(@:/bin/python=); \
	    echo "$(PYTHON) cannot make a virtual environment: its venv or ensurepip module is absent."; \
	    echo "Fix: install it (on Debian and Ubuntu the package python3-venv), or name another"; \
	    echo "Python: make PYTHON=/path/to/python3 $(MAKECMDGOALS)"; exit 2; }

$(VENV)/.core: pyproject.toml | $(VENV)/bin/python
	@$(PIP) --editable .
	@touch $@

$(VENV)/.dev: pyproject.toml | $(VENV)/bin/python
	@$(PIP) --editable '.[dev]'
	@touch $@ $(VENV)/.core

$(VENV)/.peer: pyproject.toml | $(VENV)/bin/python
	@$(PIP) --editable '.[peer]'
	@touch $@ $(VENV)/.core

$(VENV)-docs/.docs: pyproject.toml | $(VENV)-docs/bin/python
	@$(VENV)-docs/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[docs]'
	@touch $@

# An environment of its own: statsforecast asks for pandas below 3. The tables are tested under it too.
$(VENV)-forecast/.forecast: pyproject.toml | $(VENV)-forecast/bin/python
	@$(VENV)-forecast/bin/python -m pip install --quiet --disable-pip-version-check \
	  --editable '.[forecast]' pytest hypothesis
	@touch $@

clean:
	rm -rf $(VENV) $(VENV)-docs $(VENV)-forecast build dist site runs
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find src tests benchmarks examples -name __pycache__ -type d -prune -exec rm -rf {} +
