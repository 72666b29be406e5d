# Portaria: every command here does its own set-up. `make` alone explains them.

PYTHON ?= python3
BIN := .venv/bin

export PIP_DISABLE_PIP_VERSION_CHECK = 1

.DEFAULT_GOAL := help

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: up
up: .venv/ready ## Run the whole product on this machine: http://localhost:8000
	@$(BIN)/python -m sandbox

.PHONY: test
test: .venv/ready ## Run all tests: unit, contract, sandbox, end to end in a browser
	@scripts/test-prerequisites
	@$(BIN)/python -m pytest $(ARGS)

.PHONY: chaos
chaos: .venv/ready ## Let 10,000 codes through while everything fails: CODES=2000 SEED=1
	@scripts/test-prerequisites
	@$(BIN)/python -m tests.chaos --codes $(or $(CODES),10000) $(if $(SEED),--seed $(SEED))

.PHONY: check
check: .venv/ready ## Check style, types, import rules and generated pages
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m ops settings --check

.PHONY: format
format: .venv/ready ## Format the code and mend what can be mended by itself
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

.PHONY: lock
lock: .venv/ready ## Pin and hash what requirements*.in ask for
	$(BIN)/python -m pip install --quiet uv
	scripts/lock

.PHONY: clean
clean: ## Remove what was made: the virtual environment and all caches
	rm -rf .venv .cache .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +

.venv/ready: requirements-dev.txt scripts/set-up
	@PYTHON="$(PYTHON)" scripts/set-up
