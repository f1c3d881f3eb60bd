#!/usr/bin/env bash
echo "runsv.sh: Roost's own model server comes later; until then start one you have, e.g. 'llama-server -m MODEL.gguf --port 8000 --jinja' (llama.cpp) or 'ollama serve' (Ollama)." >&2
exit 2
