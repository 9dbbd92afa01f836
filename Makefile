# What a person and CI run; `make` alone lists the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := $(VENV)/.installed-demo
DEV := $(VENV)/.installed-dev
SUPPLY := $(VENV)/.installed-supply
TORCH_TESTS := tests/adapters/trainers/frameworks tests/adapters/runtimes tests/contracts/test_trainer.py \
	tests/acceptance/test_outside.py

# Tests start a thousand processes; each would compile the package anew where this is set.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test test-torch check bench bench-peers chaos chaos-healing fuzz dist sbom locks audit docs clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 18

demo: $(DEMO) ## train on real ROOT files and get a prediction, on the laptop platform
	$(BIN)/python examples/demo.py

check: $(DEV) ## style, types, rooms, documentation and the unit tests of the core; under a minute
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target check-tests check-types check-docs

.PHONY: check-tests check-types check-docs
check-tests:
	$(BIN)/pytest -q -n 2 tests/core
check-types:
	$(BIN)/mypy
check-docs:
	$(SITE) --quiet --site-dir build/site

# One more than two cores: tests also wait, for processes and events. A worker takes up to 2 GB.
WORKERS ?= 3
test: $(DEV) ## every test that can run on this machine; says what was skipped and why (WORKERS=n side by side)
	$(BIN)/pytest -q -n $(WORKERS) --dist loadfile --no-loadscope-reorder

test-torch: $(DEV) ## the tests that need PyTorch, which is 5 GB and therefore not in .venv
	$(BIN)/python -m deploy.testbed.torch
	.venv-torch/bin/python -m pytest -q -k torch $(TORCH_TESTS)

bench: $(DEV) ## measure every stage against its yardstick and its target; minutes
	$(BIN)/python -m bench

PEERS := build/bench-peers
bench-peers: $(DEV) ## measure predict beside bare handlers and FastAPI, in turns (TFAAS=its program, KSERVE=python of an environment with KServe)
	test -x $(PEERS)/bin/python || $(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/pip install -q fastapi granian uvicorn uvloop httptools numpy orjson ai-edge-litert
	$(BIN)/python -m bench.peers --python $(PEERS)/bin/python $(if $(TFAAS),--tfaas $(TFAAS)) $(if $(KSERVE),--kserve $(KSERVE))

MINUTES ?= 20
SEED ?=
chaos: $(DEV) ## break a laptop platform at random while people use it (MINUTES=20, SEED=…)
	$(BIN)/python -m chaos --minutes $(MINUTES) $(if $(SEED),--seed $(SEED))

chaos-healing: $(DEV) ## kill each part once in a run of its own, N=3 times: what a death costs
	$(BIN)/python -m chaos --healing $(or $(N),3)

SECONDS ?= 600
fuzz: $(DEV) ## send hostile input to every reader of strangers' bytes (SECONDS=600, SEED=…)
	$(BIN)/python -m fuzz --seconds $(SECONDS) $(if $(SEED),--seed $(SEED))

SITE := NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
docs: $(DEV) ## build the documentation as a site into site/; links that lead nowhere fail
	$(SITE)

dist: $(DEV) ## build sdist and wheel into dist/, and check them
	rm -rf dist
	$(BIN)/python -m build --no-isolation
	$(BIN)/twine check --strict dist/*
	$(BIN)/python -m deploy.supply.sbom

sbom: $(DEV) ## write bills of materials (CycloneDX) of the wheel and of each image into dist/sbom/
	$(BIN)/python -m deploy.supply.sbom

digests: $(DEV) ## write the digests of images from elsewhere, as your registry has them (MLAAS_REGISTRY=host/folder)
	$(BIN)/python -m deploy.supply.digests write

UPGRADE ?=
locks: $(SUPPLY) ## lock what images install, after a change of pyproject.toml (UPGRADE=1: all of it anew)
	$(BIN)/python -m deploy.supply.locks $(if $(UPGRADE),--upgrade)
	cd deploy/testbed/identity && npm install --package-lock-only --omit-lockfile-registry-resolved --no-audit --no-fund --silent

LOCKS := $(wildcard templates/python3-mlaas/requirements/locked/*.txt)
OSV ?=
audit: $(SUPPLY) ## look for known holes in all that is locked; asks the indexes (OSV=ADDRESS: that service)
	$(BIN)/pip-audit --strict --require-hashes --disable-pip $(addprefix --requirement ,$(LOCKS)) \
	  $(if $(OSV),--vulnerability-service osv --osv-url '$(OSV)')
	cd deploy/testbed/identity && npm audit --package-lock-only

clean: ## remove what the targets above made
	rm -rf $(VENV) site dist .venv-torch .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

include deploy/testbed/platform.mk

# The demo's packages are a part of the developer's, so that one environment serves both. A stamp is made anew:
# that of an environment which was copied by hard links is its copy's, too.
$(DEMO): pyproject.toml
	@$(MAKE) --no-print-directory venv
	@echo "installing the packages of the demo into $(VENV), once"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[demo]'
	@rm -f $@ && touch $@

$(DEV): pyproject.toml
	@$(MAKE) --no-print-directory venv
	@echo "installing the packages for development into $(VENV), once"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@rm -f $(DEMO) $@ && touch $(DEMO) $@

$(SUPPLY): $(DEV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[supply]'
	@rm -f $@ && touch $@

.PHONY: venv
venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "MLaaS4HEP needs Python 3.11 or newer: make PYTHON=/path/to/python3.11 ..." >&2; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
