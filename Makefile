# Every target does its own set-up. `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: help setup system demo test check bench protos lock clean

PYTEST_ARGS ?=

help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Install the pinned packages; afterwards .venv/bin/playloom works
	@scripts/setup.sh

system: # the system packages that the demo and the tests use; SKIP_SYSTEM_PACKAGES=1 leaves them to you
	@[ -n "$(SKIP_SYSTEM_PACKAGES)" ] || scripts/system-packages.sh

demo: setup system ## Play real games, convert them into a LeRobot dataset and look at it (about three minutes)
	@.venv/bin/python -m examples.demo

test: check system ## Run every check and every test
	@.venv/bin/python -m pytest $(PYTEST_ARGS)

check: setup ## Lint, types, import rules, generated files and pins
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/pyright
	@.venv/bin/lint-imports
	@scripts/protos.sh --check
	@scripts/lock.sh --check

bench: setup system ## Run the benchmarks, quick variants; see bench/ for the full ones
	@.venv/bin/python -m bench --quick

protos: setup ## Generate the stubs of protos/*.proto
	@scripts/protos.sh

lock: ## Pin the dependencies of pyproject.toml anew in requirements.txt
	@scripts/lock.sh

clean: ## Remove what was built here
	rm -rf .venv .tools demo-output .pytest_cache .ruff_cache
