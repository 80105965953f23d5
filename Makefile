# Everything a newcomer types. `make help` lists it.
PYTHON ?= python3.11
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)

.DEFAULT_GOAL := help
.PHONY: help run demo test check install bench cosmos-setup test-cosmos package requirements chromium clean

help:  ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

run: install  ## Start the bot and a local Teams to talk to it
	@$(BIN)/python -m simulator.local

demo: install  ## Send a survey to thousands of simulated people: make demo DEMO_ARGS="--people 2000"
	@$(BIN)/python -m simulator.demo $(DEMO_ARGS)

test: install chromium  ## Run all tests, Chromium included
	@$(BIN)/python -m tests.side_by_side

check: install  ## Lint, format, types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

install: .venv/installed node_modules/.installed  ## Install what is missing into .venv/ and node_modules/

bench: install  ## Measure the product beside its baselines
	@$(BIN)/python -m benchmarks.answers
	@$(BIN)/python -m benchmarks.broadcast --quick
	@$(BIN)/python -m benchmarks.results
	@$(BIN)/python -m benchmarks.cosmos
	@$(BIN)/python -m benchmarks.copying --documents 10000
	@$(BIN)/python -m benchmarks.sealing --people 10000

cosmos-setup: install  ## Make the database and containers in your own Cosmos DB account
	@$(BIN)/python -m store.setup

test-cosmos: install  ## Run the store's suite against your own Cosmos DB account
	@$(BIN)/python -m tests.real_account

package: install  ## Build the Teams app package into build/
	@$(BIN)/python -m deployment.package $(PACKAGE_ARGS)

requirements: .venv/installed  ## Compile requirements*.in into pinned requirements*.txt
	@$(BIN)/pip-compile -q --strip-extras --no-emit-index-url --no-emit-find-links --no-header --annotation-style=line -o requirements.txt requirements.in
	@$(BIN)/pip-compile -q --strip-extras --no-emit-index-url --no-emit-find-links --no-header --annotation-style=line --allow-unsafe -o requirements-dev.txt requirements-dev.in

clean:  ## Remove what was built and installed; data/ stays
	rm -rf .venv node_modules build .mypy_cache .ruff_cache .pytest_cache .hypothesis

.venv/installed: requirements.txt requirements-dev.txt
	@echo "Installing Python packages into .venv/ …"
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install -q --disable-pip-version-check -r requirements-dev.txt
	@touch $@

node_modules/.installed: package.json package-lock.json .venv/installed
	@echo "Installing the local chat into node_modules/ …"
	@$(BIN)/npm ci --silent --ignore-scripts
	@touch $@

chromium:  ## Install Chromium and fonts from Debian, if missing
	@sh tests/browser/chromium.sh
