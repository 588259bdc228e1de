# `make` lists what there is. Every chore is written in Rust, in xtask/.

XTASK := cargo run --quiet --package xtask --

# `make … KUBECONFIG=FILE` uses a cluster that is there; a KUBECONFIG that is
# merely set in the environment, for daily work, does not.
ifeq ($(origin KUBECONFIG),command line)
export WSCHAT_KUBECONFIG := $(abspath $(KUBECONFIG))
endif

.DEFAULT_GOAL := help
.PHONY: help demo test lint generate image bench clean

help: ## List what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## Run a chat on a local cloud and a local Kubernetes (first time: about 15 minutes of building)
	@$(XTASK) demo

test: ## Do everything that CI does (first time: about 25 minutes of building)
	@$(XTASK) test

lint: ## Check format, lints, lengths, generated files and licences; run no tests
	@$(XTASK) test --only-checks

generate: ## Write crds/ and the charts' copy of it from the code
	@$(XTASK) generate

image: ## Write the operator's OCI image archive to target/image/, without a container engine
	@$(XTASK) image

bench: ## Measure, and write the results to target/bench/
	@$(XTASK) bench

clean: ## Remove everything that was built, tools too
	@cargo clean
