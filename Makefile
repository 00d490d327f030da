# Two commands do all the set-up: `make demo` audits a real training, `make test` passes the tests.
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

# What to run before each commit: it trains no audit from end to end, and needs neither torch nor TensorFlow.
check: lint $(VENV)/.check
	$(PYTEST) -m '$(QUICK)' --ignore tests/e2e

# With COVERAGE=yes also coverage, of the commands that they start too, and a floor under the branches of four packages.
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

# Each stamp says which extras are installed; installing one leaves the others where they are.
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
