# Two commands do all: `make run` and `make test`. Each installs what is missing, then says what it runs.
PYTHON ?= python3
VENV   ?= .venv
SITE   ?= simulator/sites/home.toml
SCENE  ?= sunny
BIN    := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help setup run test lint types imports tests bench powercut screens soak mutants chaos kills lock clean

help: ## what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## / — /' | sed 's/^/  make /'

setup: ## install what is missing: virtual environment, locked dependencies, Qt's system libraries
	@PYTHON="$(PYTHON)" VENV="$(VENV)" sh tools/setup.sh

run: setup ## pretend site, bootstrapper, core, cloud and touchscreen; SCENE=sunny|cloudy|winter SITE=FILE
	@exec $(BIN)/python tools/run.py --site "$(SITE)" --scene "$(SCENE)"

test: setup lint types imports tests ## all that CI runs

lint:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types:
	$(BIN)/mypy

imports:
	$(BIN)/lint-imports

# Most tests wait for wires and clocks: two at a time, a file at a time. Whole boxes have the machine for themselves.
tests:
	$(BIN)/pytest -m "not alone" -n 2 --dist loadfile
	$(BIN)/pytest -m alone --durations=12

soak: setup ## a million steps of the model test; STEPS=1000000 SEED=1
	$(BIN)/python -m tests.soak --steps $(or $(STEPS),1000000) --seed $(or $(SEED),1)

mutants: setup ## are the tests of the safety code sharp: docs/mutants.md; JOBS=1
	$(BIN)/python -m tools.mutants --jobs $(or $(JOBS),1) --report docs/mutants.md

bench: setup ## the performance table: build/bench.json
	$(BIN)/python -m tests.bench

powercut: setup ## 100 power cuts of the whole box, on a disk that forgets what was not synced
	$(BIN)/python -m tests.powercut --times $(or $(TIMES),100)

screens: setup ## every page × scene: build/screens/*.png
	$(BIN)/python -c "from pathlib import Path; from appliance.gui.screens import render_screens; render_screens(Path('build/screens'))"

kills: setup ## every process killed, every thread crashed, 200 times, at power: docs/walls.md; SEED=1, or TIMES=3 for a try
	$(BIN)/python -m tests.kills --times $(or $(TIMES),200) --seed $(or $(SEED),1) $(if $(TIMES),,--write docs/walls.md)

chaos: setup ## the fault campaign, every device, fault and moment in live boxes: docs/chaos.md; CHAOS="--boxes 4 --only PATTERN"
	$(BIN)/python -m tests.chaos $(CHAOS)

lock: setup ## requirements.lock from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-header --quiet --output-file requirements.lock

clean: ## remove what was built
	rm -rf build $(VENV)
