# Each target sets up what it needs: `make demo` audits a real training, `make test` runs the tests.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
MUTEGREEN := $(BIN)/mutegreen

# Many tests wait more than they compute (for a child, a signal, a file), so there are more workers than CPUs.
WORKERS ?= 4
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup
QUICK := not slow and not torch and not keras

.NOTPARALLEL:
.PHONY: demo check test coverage lint docs clean

demo: $(VENV)/.demo
	$(MUTEGREEN) run subjects/siamese_resnet --preset smoke
	$(MUTEGREEN) stats
	$(MUTEGREEN) show epochs=6

# Run this before each commit. It runs no audit from end to end, and needs neither torch nor TensorFlow.
check: lint $(VENV)/.check
	$(PYTEST) -m '$(QUICK)' --ignore tests/e2e

# COVERAGE=yes also measures coverage, that of started commands included, and checks the branches of four packages.
test: $(VENV)/.test
	$(PYTEST) $(if $(COVERAGE),--cov --cov-report=term)
	$(if $(COVERAGE),$(BIN)/python tests/coverage_floor.py)

coverage:
	$(MAKE) test COVERAGE=yes

lint: $(VENV)/.lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell

# The documentation site, in build/site; a warning is an error.
docs: $(VENV)/.docs
	$(BIN)/sphinx-build -q -W --keep-going -b html -c docs/site docs build/site

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

# A stamp for each set of extras that is installed; installing one set keeps the others.
$(VENV)/.demo: EXTRAS := torch
$(VENV)/.lint: EXTRAS := lint
$(VENV)/.check: EXTRAS := lint,test
$(VENV)/.test: EXTRAS := dev
$(VENV)/.docs: EXTRAS := docs
$(VENV)/.demo $(VENV)/.docs $(VENV)/.lint $(VENV)/.check $(VENV)/.test: $(VENV)/bin/python pyproject.toml setup.cfg
	$(BIN)/python -m pip install --quiet -e '.[$(EXTRAS)]'
	touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info
