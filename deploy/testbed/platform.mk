# The whole platform on this machine: docs/operators.md, "The testbed". Included by Makefile.
.PHONY: platform-install platform-up platform-down platform-test platform-chaos faasd-test local-run
.PHONY: cluster-install cluster-up cluster-down cluster-test

PROVIDER ?= own
export PLATFORM_PROVIDER := $(PROVIDER)

platform-install: $(DEV) ## install the programs of the platform: MinIO, XRootD, OpenFaaS and so on
	$(BIN)/python -m deploy.testbed install

platform-up: $(DEV) ## start OpenFaaS, NATS, MinIO, OpenID Connect, oauth2-proxy and XRootD here (PROVIDER=faasd)
	$(BIN)/python -m deploy.testbed up

platform-down: $(DEV) ## stop all of it; logs and data stay in .platform/
	$(BIN)/python -m deploy.testbed down

platform-test: platform-up ## run the tests that need the real platform; leaves it running
	$(BIN)/pytest -q tests/platform tests/local_run

platform-chaos: platform-up ## break that platform at random while people use it (MINUTES=20, SEED=…); leaves it running
	$(BIN)/python -m chaos --site platform --minutes $(MINUTES) $(if $(SEED),--seed $(SEED))

FAASD_TESTS := $(addprefix tests/platform/test_,$(addsuffix .py,client faas_cli paper interruptions template two_people))
faasd-test: ## run what differs by provider again, with faasd's provider and containerd
	$(MAKE) --no-print-directory platform-up PROVIDER=faasd
	PLATFORM_PROVIDER=faasd $(BIN)/pytest -q $(FAASD_TESTS)

local-run: platform-up ## try each function alone, as faas-cli local-run starts it
	$(BIN)/pytest -q tests/local_run

cluster-install: $(DEV) ## build Kubernetes, CoreDNS and KEDA; a quarter of an hour, once
	$(BIN)/python -m deploy.testbed.cluster install

cluster-up: $(DEV) ## start a Kubernetes node here, with MLaaS4HEP on it
	$(BIN)/python -m deploy.testbed.cluster up

cluster-down: $(DEV) ## stop the node and forget what was on it
	$(BIN)/python -m deploy.testbed.cluster down

cluster-test: cluster-up ## run the tests that need the node; leaves it running
	$(BIN)/pytest -q tests/cluster
