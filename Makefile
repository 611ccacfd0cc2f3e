# Tandem: everything a newcomer does, one word each. `make` alone lists them.

SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= $(shell for each in python3.11 python3 python3.12 python3.13; do \
	$$each -c "import sys; sys.exit(sys.version_info < (3, 11))" 2>/dev/null && echo $$each && break; done)
VENV ?= .venv
BIN := $(VENV)/bin

# Nothing that Tandem runs calls home. Each switch belongs to one of the libraries.
export DO_NOT_TRACK := 1
export PREFECT_SERVER_ANALYTICS_ENABLED := false
export GX_ANALYTICS_ENABLED := false
export RUNTIME__DLTHUB_TELEMETRY := false

PEOPLE ?= 200000
WORKERS ?= 3
PORT ?= 4200
KILLS ?= 200
KILL_SEED ?= 1
HISTORY_ROUNDS ?= 20
HISTORY_SEED ?= 1

##@ Try it

.PHONY: demo
demo: install ## a day of a sandbox org in under three minutes: first sync, edits on both sides, one cycle
	$(BIN)/python -m demo

.PHONY: up
up: install ## Prefect server, worker and deployments on this machine (PORT=4200); Ctrl-C stops it all
	$(BIN)/tandem up --port $(PORT) $(ARGS)

##@ Work on it

.PHONY: test
test: install npm chromium ## the whole test suite (WORKERS=3, ARGS="-k person")
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

# Two of the sandbox's judges are npm packages, and pages are looked at in a browser. Where these cannot be had,
# their tests skip and say so.
APT := [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq >/dev/null \
	&& DEBIAN_FRONTEND=noninteractive apt-get install -y -qq

.PHONY: npm
npm:
	@command -v npm >/dev/null || { $(APT) nodejs npm >/dev/null; } \
		|| echo "npm is missing and cannot be installed here: tests that need it will be skipped."

.PHONY: chromium
chromium:
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null || { $(APT) chromium >/dev/null; } \
		|| echo "Chromium is missing and cannot be installed here: nobody looks at the pages."

.PHONY: lint
lint: install ## ruff, formatting, mypy --strict and the import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: format
format: install ## put code into the house format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: kill-test
kill-test: install ## kill cycles, backfills, creates and flow actions at 200 random points (KILLS=200, KILL_SEED=1)
	KILLS=$(KILLS) KILL_SEED=$(KILL_SEED) $(BIN)/python -m pytest tests/kill $(ARGS)

.PHONY: histories
histories: install ## random histories of edits, flow actions and faults (HISTORY_ROUNDS=20, HISTORY_SEED=1)
	HISTORY_ROUNDS=$(HISTORY_ROUNDS) HISTORY_SEED=$(HISTORY_SEED) $(BIN)/python -m pytest tests/property/test_histories.py $(ARGS)

.PHONY: conformance
conformance: install ## one line per row of the conformance list: ID pass, ID FAIL or ID missing
	$(BIN)/python -m pytest -q -m conformance --conformance $(ARGS)

.PHONY: docs
docs: install ## rewrite the generated reference pages (settings, commands) from the code
	$(BIN)/python docs/generate.py

.PHONY: screenshots
screenshots: install chromium ## take the pictures in docs/images anew
	SCREENSHOTS=docs/images $(BIN)/python -m pytest -q tests/browser

##@ Measure it

.PHONY: bench
bench: install ## full sync against dlt and the floor, then idle and change cycle (PEOPLE=200000)
	$(BIN)/python -m benchmarks.sync $(PEOPLE) $(ARGS)

.PHONY: bench-org
bench-org: install ## how fast the sandbox org is at 1,000,000 leads (ARGS="--leads 200000")
	$(BIN)/python -m benchmarks.org $(ARGS)

.PHONY: bench-quality
bench-quality: install ## how long the data quality report takes (PEOPLE=200000)
	$(BIN)/python -m benchmarks.quality $(PEOPLE) $(ARGS)

##@ Keep it

# The lock is complete, so pip has nothing to resolve (--no-deps). Extras stay in it (--no-strip-extras): where a package
# is asked for with extras, pip's resolver passes over a pin without them for a newer release, and misses its hash.
# The stamp names the lock by its content: a fresh checkout with an old file time does not reinstall.
STAMP := $(VENV)/installed-$(shell cksum < requirements.lock | cut -d' ' -f1)

.PHONY: install
install: $(STAMP) ## make .venv and install the locked dependencies (only when the lock changed)

$(STAMP):
	@test -x $(BIN)/python || test -n "$(PYTHON)" || \
		{ echo "Tandem needs Python 3.11 or newer. Say where it is: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m pip check --disable-pip-version-check
	@rm -f $(VENV)/installed-*
	@touch $@

.PHONY: lock
lock: install ## work out requirements.lock again from the ranges in pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --no-strip-extras \
		--extra dev --output-file requirements.lock pyproject.toml

.PHONY: clean
clean: ## remove the virtual environment and every cache; data/ stays
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help
help: ## this list
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} \
		/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
