# Everything that a person does with this folder. `make help` lists it.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run test check bench drill messages clean
unexport VIRTUAL_ENV
PY := .venv/bin/python

help: ## Show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 16

run: ## Start everything with a made-up team and cases; Ctrl-C stops it
	@bin/set-up run
	@exec $(PY) -m tutela run --sample --with-parent

test: ## Run all tests, on the packaged PostgreSQL and on the machine's
	@bin/system-packages
	@bin/set-up test
	@bin/test

check: ## Lint, formatting, types, import contracts, workflow declarations
	@bin/set-up test
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	TUTELA_DATA=.venv/unused .venv/bin/mypy
	.venv/bin/lint-imports
	TUTELA_DATA=.venv/unused $(PY) -m tutela flow check

bench: ## Run the benchmarks, or one of them: make bench NAME=intake
	@bin/set-up test
	@$(PY) -m bench $(NAME)

drill: ## Practise the bad days: restore a backup, kill and restart what runs, fill the disk, upgrade under load
	@bin/set-up test
	@$(PY) -m pytest tests/kill tutela/server/tests/test_backup.py tutela/server/tests/test_supervise.py -v

messages: ## Collect the texts of pages and letters for translators
	@bin/set-up test
	@bin/messages

clean: ## Remove what was installed and built here; the data folder stays
	rm -rf .venv node_modules static tutela/ui/static/ui/built bench/out
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find tutela tests bench -name __pycache__ -prune -exec rm -rf {} +
	find tutela/locale -name '*.mo' -delete 2>/dev/null || true
