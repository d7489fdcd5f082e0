# 助农 Zhunong. Two commands matter: `make run` and `make test`. `make help` lists all.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv/bin
.DEFAULT_GOAL := help
# Where this is set, every process compiles all of its libraries anew: a start took 12 s instead of 6.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help install run demo test browser bench check format schemas lock clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

install:  ## everything that is missing, into this checkout (nothing else on the machine changes)
	@$(PYTHON) deploy/bootstrap.py

run: install  ## the whole marketplace with demo data on http://127.0.0.1:8000; Ctrl-C ends it
	@exec $(VENV)/python -m deploy.runner

demo: install  ## the main job through the public API, every figure compared
	@exec $(VENV)/python -m deploy.demo

test: install  ## all tests except those that need a browser
	@$(VENV)/pytest -m "not browser" -n 2 --dist loadfile $(ARGS)

browser: install  ## the tests that drive Chromium
	@$(VENV)/python -m deploy.chromium
	@$(VENV)/pytest -m browser tests/browser $(ARGS)

bench: install  ## how fast it is, beside a physical yardstick; writes .state/bench.json
	@$(VENV)/python -m tests.bench $(ARGS)

check: install  ## ruff, mypy --strict, import-linter, the layout test, schemas up to date
	@$(VENV)/ruff check .
	@$(VENV)/ruff format --check .
	@$(VENV)/mypy services/*/src gateway/src deploy/src
	@$(VENV)/lint-imports
	@$(VENV)/pytest tests/architecture tests/contract

format: install  ## let ruff format and fix
	@$(VENV)/ruff check --fix .
	@$(VENV)/ruff format .

schemas: install  ## write the JSON Schemas and AsyncAPI document of all events, and the tables of states
	@$(VENV)/python -m shared.asyncapi
	@$(VENV)/python -m deploy.states

lock: install  ## pin every dependency anew, with hashes
	@$(VENV)/uv pip compile -q --universal --generate-hashes -p 3.11 pyproject.toml --group dev -o requirements.lock

clean:  ## forget the demo data and all tests' databases (stop `make run` first)
	@rm -rf .state
