#!/usr/bin/env bash
# Serves a model on this machine: ./runsv.sh [MODEL] [--engine native|vllm|sglang|llama.cpp] [--port 8000]
exec "${PYTHON:-python3}" "$(dirname "$(readlink -f "${BASH_SOURCE[0]}" 2>/dev/null || echo "${BASH_SOURCE[0]}")")/cli.py" serve "$@"
