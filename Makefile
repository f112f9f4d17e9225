# gradeline: two commands are enough, `make run` and `make test`.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
CARGO ?= cargo
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

# Debian packages by name, for building and for the tests' peers.
BUILD_PACKAGES := build-essential pkg-config
TEST_PACKAGES := sip-tester sipvicious linphone-cli baresip-core sox espeak-ng libspandsp2 postgresql chromium chromium-driver fonts-noto-cjk iproute2 python3 libfaketime

.PHONY: help run build test nightly check lint fmt bench capacity fuzz demo prompts packages-build packages-test

help: ## what can be asked for
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

run: packages-build ## build (release) and start; Ctrl-C drains and stops
	$(CARGO) build --release --locked
	exec target/release/gradeline serve

build: packages-build ## build (release)
	$(CARGO) build --release --locked

test: packages-build packages-test ## install what the tests need, run all of them
	tests/run

nightly: packages-build packages-test ## the long forms of the tests: floods, faults, soak; hours
	tests/nightly

lint: ## formatting, warnings, clippy
	$(CARGO) fmt --check
	$(CARGO) clippy --all-targets --locked -- -D warnings

fmt: ## format the sources
	$(CARGO) fmt

check: build ## check configuration, dialplans, prompts and calendars
	target/release/gradeline check

demo: build ## call the running server and show what became of it
	target/release/gradeline demo

bench: packages-build ## cost of a recorded call and of bridged ones (G.711, G.722, Opus) beside a bare reflector; decisions of a full queue; key press to durable grade; ratings, deadlines, figures and lists
	benches/run

capacity: packages-build ## how many calls at once and a second stay clean on this machine, at most ten minutes a ladder
	benches/run capacity

fuzz: packages-build ## drive every reader of foreign bytes (nightly compiler, cargo-fuzz); SECONDS_A_TARGET=20, TARGETS=…
	fuzz/run

prompts: build ## make the prompts again from prompts/zh-CN/script.toml (needs espeak-ng)
	target/release/gradeline prompts make

packages-build:
	@tests/packages $(BUILD_PACKAGES)

packages-test:
	@tests/packages $(TEST_PACKAGES)
