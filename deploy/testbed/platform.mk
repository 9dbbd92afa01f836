# The whole platform on this machine: see docs/operators.md, "The testbed".
PLATFORM = $(VENV_PYTHON) -m deploy.testbed
VENV_PYTHON ?= .venv/bin/python

.PHONY: platform-up platform-down platform-test

platform-up: ## start OpenFaaS, NATS, MinIO, OpenID Connect, oauth2-proxy and XRootD here
	$(PLATFORM) up

platform-down: ## stop all of it; logs and data stay in .platform/
	$(PLATFORM) down

platform-test: platform-up ## run the tests that need the real platform
	.venv/bin/pytest -q -m platform tests/platform
