# Two commands do all the set-up: `make demo` audits a real training, `make test` passes the tests.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
MUTEGREEN := $(BIN)/mutegreen

.PHONY: demo test coverage lint clean

demo: $(VENV)/.demo
	$(MUTEGREEN) run subjects/siamese_resnet --preset smoke
	$(MUTEGREEN) stats
	$(MUTEGREEN) show epochs=6

test: $(VENV)/.test
	$(BIN)/python -m pytest

# All tests, with the commands that they start, and the branch coverage of four packages against a floor.
coverage: $(VENV)/.test
	$(BIN)/python -m pytest --cov --cov-report=term
	$(BIN)/python tests/coverage_floor.py

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: $(VENV)/bin/python pyproject.toml setup.cfg
	$(BIN)/python -m pip install --quiet -e '.[torch]'
	touch $@

$(VENV)/.test: $(VENV)/bin/python pyproject.toml setup.cfg
	$(BIN)/python -m pip install --quiet -e '.[reid,dev]'
	touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info
