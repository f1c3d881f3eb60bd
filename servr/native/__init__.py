"""Roost's own model server: a Hugging Face model behind an OpenAI-compatible API.

request ─▶ api ─┬─▶ prompts:  messages and tools ─▶ template ─▶ tokens
                ├─▶ grammars: what the reply has to be ─▶ a constraint
                ├─▶ engine:   tokens ─▶ one thread owns the model ─▶ text, once a step
                └─▶ replies:  text ─▶ words, thoughts and calls ─▶ JSON or events

These do not know each other. What the engine is asked and tells is in `asking`, the other parts are in
`parts`, and `boot.serving.joining` puts them together.
"""
