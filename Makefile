# Careline. `make help` lists the targets; each installs what it needs first.

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

# The first Python that is new enough; 3.11 is the one that CI runs.
PYTHON ?= $(shell for each in python3.11 python3.12 python3.13 python3; do \
  $$each -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$each && break; done)
UV := $(shell command -v uv 2>/dev/null || echo .tools/bin/uv)
RUN := $(UV) run --no-sync
STAMP := .venv/.synced

##@ Using it

.PHONY: demo
demo: $(STAMP) ## Install, start everything, play a sample day, print the wall's address; Ctrl-C ends it
	@$(RUN) careline demo

.PHONY: up
up: $(STAMP) ## Start Kafka, Elasticsearch, every service and the wall in the background
	@$(RUN) careline up

.PHONY: down
down: $(STAMP) ## Stop what `make up` started
	@$(RUN) careline down

##@ Working on it

.PHONY: install
install: $(STAMP) ## Install the project and its tools into .venv

.PHONY: check
check: $(STAMP) lint types contracts test-fast ## Everything that needs no broker: lint, types, contracts, unit and component tests

.PHONY: lint
lint: $(STAMP) ## ruff, format, import rules
	@echo "── ruff"; $(RUN) ruff check .
	@echo "── format"; $(RUN) ruff format --check .
	@echo "── import rules"; $(RUN) lint-imports

.PHONY: types
types: $(STAMP) ## mypy --strict
	@echo "── mypy"; $(RUN) mypy

.PHONY: contracts
contracts: $(STAMP) ## buf lint and breaking, stub drift, topics, compose file, images, alert rules
	@echo "── buf lint"; cd proto && ../.venv/bin/buf lint && ../.venv/bin/buf format -d --exit-code
	@echo "── buf breaking"; cd proto && ../.venv/bin/buf breaking --against baseline.binpb
	@echo "── stub drift"; $(RUN) python proto/generate.py --check
	@echo "── deployment files"; $(RUN) python -m deploy.check

.PHONY: test-fast
test-fast: $(STAMP) ## Unit and component tests
	@$(RUN) pytest tests/unit tests/component

.PHONY: test
test: $(STAMP) ## Every test, on the real Kafka and Elasticsearch, the browser included
	@$(RUN) python -m deploy.local.prepare
	@$(RUN) pytest tests

.PHONY: chaos
chaos: $(STAMP) ## The fault gate with 20 seeds (tests run 5)
	@$(RUN) python -m deploy.local.prepare
	@CARELINE_CHAOS_SEEDS=20 CARELINE_CHAOS_OUTAGE_SECONDS=30 $(RUN) pytest tests/chaos -v

.PHONY: bench
bench: $(STAMP) ## Print throughput and latency figures; never fails on time
	@$(RUN) python -m deploy.local.prepare
	@$(RUN) python -m tests.bench

.PHONY: format
format: $(STAMP) ## Sort imports and format
	@$(RUN) ruff check --fix --quiet . || true
	@$(RUN) ruff format .

.PHONY: proto
proto: $(STAMP) ## Generate the stubs from proto/
	@cd proto && ../.venv/bin/buf format -w
	@$(RUN) python proto/generate.py

.PHONY: clean
clean: ## Remove what the tools left behind (not the data of `make up`)
	@rm -rf .venv .tools .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

##@ Help

.PHONY: help
help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} \
	  /^##@/ {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z-]+:.*## / {printf "  \033[36m%-10s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.tools/bin/uv:
	@echo "── uv is missing: installing it into .tools"
	@test -n "$(PYTHON)" || { echo "Careline needs Python 3.11 or newer: install it, or name it: make PYTHON=/path/to/python3.11 …" >&2; exit 1; }
	@$(PYTHON) -m venv .tools
	@.tools/bin/python -m pip install --quiet --disable-pip-version-check uv

$(STAMP): pyproject.toml uv.lock | $(filter .tools/bin/uv,$(UV))
	@echo "── installing the project into .venv"
	@$(UV) sync --quiet --locked $(if $(PYTHON),--python $(PYTHON))
	@touch $@
