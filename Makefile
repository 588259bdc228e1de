# `make` lists what there is. Every chore is written in Rust, in xtask/.

XTASK := cargo run --quiet --package xtask --
# Where cargo puts it; only looked at to say that the first build takes a while.
XTASK_BINARY := $(or $(CARGO_TARGET_DIR),target)/debug/xtask

# `make … KUBECONFIG=FILE` uses a cluster that is there; a KUBECONFIG that is
# merely set in the environment, for daily work, does not.
ifeq ($(origin KUBECONFIG),command line)
export WSCHAT_KUBECONFIG := $(abspath $(KUBECONFIG))
endif

.DEFAULT_GOAL := help
.PHONY: help demo test lint generate bench soak fuzz image clean chores

help: ## List what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# The chores check everything else that they need; these two they need to exist.
chores:
	@command -v cargo > /dev/null || { echo 'missing: a Rust toolchain: install it with rustup (rustup.rs)' >&2; exit 1; }
	@command -v cc > /dev/null || { echo 'missing: a C compiler: install gcc or clang (Debian: build-essential)' >&2; exit 1; }
	@test -x $(XTASK_BINARY) || echo 'building the chores (about 2 minutes the first time)' >&2

demo: chores ## Run a chat on a local cloud and a local Kubernetes (first time: about 15 minutes of building)
	@$(XTASK) demo

test: chores ## Do everything that CI does (first time: about 25 minutes of building)
	@$(XTASK) test

lint: chores ## Check format, lints, lengths, generated files and licences; run no tests
	@$(XTASK) test --only-checks

generate: chores ## Write crds/ and the charts' copy of it from the code
	@$(XTASK) generate

bench: chores ## Measure and print tables, in about 10 minutes (first time: about 25 minutes of building)
	@$(XTASK) bench

soak: chores ## Let the operator die at every call of a chat's life, by 20 seeds, give it nonsense, quiet days, and a cloud that refuses, in some hours
	@$(XTASK) soak

fuzz: chores ## Give each fuzz target a million cases, in some hours (first time: about 10 minutes of building)
	@$(XTASK) fuzz

image: chores ## Write the operator's OCI image archive to target/image/, without a container engine
	@$(XTASK) image

clean: ## Remove everything that was built, tools too
	@cargo clean
