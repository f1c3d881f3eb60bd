PYTHON := .venv/bin/python

# tests/servr/native imports torch at every start: all of it is slow, and collected once, by one process.
FAST := -n 2 -m "not slow and not server" --ignore=tests/servr/native

.PHONY: check test fix bench setup

check: setup
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m ruff check .
	$(PYTHON) -m mypy
	.venv/bin/lint-imports --no-cache
	$(PYTHON) -m pytest -q $(FAST)
	$(PYTHON) -m pytest -q -m "slow or server"

test: setup
	$(PYTHON) -m pytest -q $(FAST)

fix: setup
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .

bench: setup
	$(PYTHON) -m bench.measure

setup:
	@python3 -c 'import sys, cli; sys.exit(cli.set_up("dev"))'
