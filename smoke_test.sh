#!/usr/bin/env bash
# Sets up with the extra `dev`, looks whether everything is in its place, then runs the fast tests.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

"${PYTHON:-python3}" -c 'import sys, cli; sys.exit(cli.set_up("dev"))'
python=.venv/bin/python

status=0
"$python" -m boot.smoke || status=1
"$python" -m pytest -q -n 2 -m "not slow and not server" --ignore=tests/servr/native || status=1
exit "$status"
