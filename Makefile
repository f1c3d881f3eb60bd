PYTHON := .venv/bin/python

.PHONY: check test fix bench setup

check: setup
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m ruff check .
	$(PYTHON) -m mypy
	.venv/bin/lint-imports --no-cache
	$(PYTHON) -m pytest -q

test: setup
	$(PYTHON) -m pytest -q -m "not slow and not server"

fix: setup
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .

bench: setup
	$(PYTHON) -m bench.measure

setup:
	@python3 -c 'import sys, cli; sys.exit(cli.set_up("dev"))'
