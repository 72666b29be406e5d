# Portaria: every command here does its own set-up. `make` alone explains them.

# A path or name: the Python that .venv is made with. A version, 3.13: the one that a package is for.
PYTHON ?= python3
VERSION := $(filter 3.%,$(PYTHON))
BIN := .venv/bin

export PIP_DISABLE_PIP_VERSION_CHECK = 1

.DEFAULT_GOAL := help

# The stack's parameters, where they are on the command line: an environment may be another stage's.
PARAMETERS := LOGTO_ENDPOINT LOGTO_APP_ID PARAMETER_PREFIX PUBLIC_URL DOMAIN_NAME CERTIFICATE_ARN \
	HOSTED_ZONE_ID DISABLE_DEFAULT_ENDPOINT TWILIO_API_URL ALARM_EMAIL
said = $(foreach name,$(PARAMETERS),$(if $(filter command,$(origin $(name))),'$(name)=$($(name))'))

given = $(or $($1),$(error which one? make $@ $1=dev))

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: up
up: .venv/ready ## Run the whole product on this machine: http://localhost:8000
	@$(BIN)/python -m sandbox

.PHONY: test
test: .venv/ready ## Run all tests, the browser's included: ARGS="-k word"
	@scripts/test-prerequisites
	@$(BIN)/python -m pytest $(ARGS)

.PHONY: unit
unit: .venv/ready ## Run the tests that need no browser, Java or npm: ARGS="-k word"
	@$(BIN)/python -m pytest tests/unit -m "not slow" $(ARGS)

.PHONY: chaos
chaos: .venv/ready ## Let 10,000 codes through while everything fails: CODES=2000 SEED=1
	@scripts/test-prerequisites
	@$(BIN)/python -m tests.chaos --codes $(or $(CODES),10000) $(if $(SEED),--seed $(SEED))

.PHONY: package
package: .venv/ready ## Make what a stage consists of, template and zips: STAGE=dev, PYTHON=3.13
	@$(BIN)/python -m ops package --stage $(call given,STAGE) $(VERSION:%=--python %)

.PHONY: deploy
deploy: .venv/ready ## Deploy a stage to AWS: STAGE=dev, and the first time LOGTO_ENDPOINT=…
	@$(BIN)/python -m ops deploy --stage $(call given,STAGE) $(VERSION:%=--python %) $(said)

.PHONY: destroy
destroy: .venv/ready ## Delete a stage from AWS, after a confirmation: STAGE=dev
	@$(BIN)/python -m ops destroy --stage $(call given,STAGE)

.PHONY: rehearse
rehearse: .venv/ready .cache/tools/sam/ready .cache/tools/ministack/ready ## Deploy to an emulated AWS and run everything there
	@scripts/test-prerequisites
	@$(BIN)/python -m pytest -v rehearsal $(ARGS)

.PHONY: bench
bench: .venv/ready .cache/tools/plots/ready ## Compare with a bare Chalice function and Logto's tutorial, into docs/benchmarks.md
	@scripts/test-prerequisites
	@$(BIN)/python -m benchmarks $(ARGS)
	@.cache/tools/plots/bin/python benchmarks/plots.py docs/benchmarks.json docs/benchmarks

.PHONY: docs
docs: .venv/ready .cache/tools/docs/ready ## Build the documents as a site, in build/docs, and check its links
	@scripts/docs

.PHONY: check
check: .venv/ready ## Check style, types, import rules and generated pages
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m ops settings --check
	$(BIN)/python -m ops costs --check
	$(BIN)/python -m ops errors --check
	$(BIN)/python -m ops checks --check
	scripts/check-templates

.PHONY: format
format: .venv/ready ## Format the code and mend what can be mended by itself
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

.PHONY: lock
lock: .venv/ready ## Pin and hash what requirements*.in list
	$(BIN)/python -m pip install --quiet uv
	scripts/lock

.PHONY: clean
clean: ## Remove what was made: the virtual environment and all caches
	rm -rf .venv .cache build .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +

.venv/ready: requirements-dev.txt scripts/set-up
	@PYTHON="$(if $(VERSION),python3,$(PYTHON))" scripts/set-up

.cache/tools/%/ready: tools/%.txt scripts/tool | .venv/ready
	@scripts/tool $*
