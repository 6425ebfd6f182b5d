# Every command of the project; `make` alone lists them. Needs Debian, Python 3.11, make and git; the tests npm too.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install --require-hashes
ARGS ?=

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup run stack test audit drill bench lint format clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(VENV)/dev.installed ## make the virtual environment with everything in it

run: $(VENV)/run.installed ## run the whole platform in one process, with demo data (Ctrl-C ends it)
	@exec $(BIN)/python -m deploy.standalone $(ARGS)

stack: $(VENV)/dev.installed ## run six services, nginx, RabbitMQ and PostgreSQL on this machine
	@exec $(BIN)/python -m deploy.stack $(ARGS)

test: $(VENV)/dev.installed ## run every test (some only: make test ARGS=tests/payments)
	@$(BIN)/python -m pytest $(ARGS)

audit: $(VENV)/run.installed ## compute all study credit and all money again from the records and compare
	@$(BIN)/python -m deploy.audit

drill: $(VENV)/dev.installed ## kill and stop everything under load and look for what got lost
	@exec $(BIN)/python -m tests.drills $(ARGS)

bench: $(VENV)/dev.installed ## measure study beats and payments beside their goals (some only: make bench ARGS="path --minutes 10")
	@exec $(BIN)/python -m bench $(ARGS)

lint: $(VENV)/dev.installed ## check style, types, imports and deployment files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports --no-logo
	$(BIN)/hadolint deploy/Dockerfile
	$(BIN)/python -m deploy.check

format: $(VENV)/dev.installed ## put the code in the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## remove the virtual environment and caches; the data in var/ stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/made:
	@test -n "$(PYTHON)" || { echo "Python 3.11 is needed: sudo apt-get install python3 python3-venv"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; set PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo "Python's venv is missing: sudo apt-get install python3-venv"; exit 1; }
	@echo "Making the virtual environment $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

# The two sets share their versions, so each may be laid over the other.
$(VENV)/run.installed: requirements.lock $(VENV)/made
	@echo "Installing what the platform needs (requirements.lock)"
	@$(PIP) -r requirements.lock
	@touch $@

$(VENV)/dev.installed: requirements-dev.lock $(VENV)/made
	@echo "Installing what development needs (requirements-dev.lock)"
	@$(PIP) -r requirements-dev.lock
	@touch $@
