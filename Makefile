# 物业服务台. `make help` lists what there is; docs/operations.md explains it.
SHELL := /bin/sh
# The first Python that is new enough; `make PYTHON=/path/to/python up` chooses another.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV_PYTHON := .venv/bin/python
TESTING := $(VENV_PYTHON) -m servicedesk.runtime.testing

.DEFAULT_GOAL := help
.PHONY: help env env-dev up test test-fast lint run bench messages lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile
	@echo "  PORT, HOST        where the site listens (8000, 127.0.0.1); DEMO=0 starts it without demo data"
	@echo "  SD_STATE          the site's state folder (.state)"
	@echo "  SD_TEST_STATE     the tests' state folder (.state/test): one each, and several people can test at once"

env:
	@test -n "$(PYTHON)" || { echo "需要 Python 3.11 或更高版本 / Python 3.11 or newer is needed" >&2; exit 1; }
	@$(PYTHON) servicedesk/runtime/environment.py

env-dev:
	@test -n "$(PYTHON)" || { echo "需要 Python 3.11 或更高版本 / Python 3.11 or newer is needed" >&2; exit 1; }
	@$(PYTHON) servicedesk/runtime/environment.py --dev

up: env ## Run the whole site: PostgreSQL, Redis, web, worker, beat, sweeper. Ctrl-C ends it, data stays
	@exec $(VENV_PYTHON) manage.py up

test: env-dev ## Everything that CI runs, pytest last
	@exec $(TESTING) all

test-fast: env-dev ## Only pytest, on a kept database: make test-fast ARGS="tests/residents -k wall"
	@exec $(TESTING) fast $(ARGS)

lint: env-dev ## Only ruff, mypy, import-linter, djlint, migration and deploy checks
	@exec $(TESTING) lint

run: env-dev ## Any command with the tests' servers up: make run ARGS=".venv/bin/python manage.py shell"
	@exec $(TESTING) run $(ARGS)

bench: env-dev ## Measure the budgets of the architecture; ARGS="--only desk". Loads about 3 GB the first time
	@SD_TEST_STATE=$${SD_TEST_STATE:-.state/bench} $(TESTING) run $(VENV_PYTHON) -m benchmarks.run $(ARGS)

messages: env ## Bring the translations under locale/ up to date with the texts of the source
	@$(VENV_PYTHON) -m servicedesk.runtime.messages

lock: ## Choose versions anew from requirements/*.in and write them with their hashes
	@$(PYTHON) -m venv .state/lock && .state/lock/bin/python -m pip install -q uv
	@for name in runtime dev; do .state/lock/bin/uv pip compile -q --native-tls --upgrade --universal \
		--python-version 3.11 --generate-hashes --no-header --no-annotate \
		requirements/$$name.in -o requirements/$$name.txt || exit 1; done

clean: ## Remove the data, passwords and built files of this checkout
	@$(PYTHON) -m servicedesk.runtime.clean
