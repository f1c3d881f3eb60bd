"""Roost's own model server: a Hugging Face model behind an OpenAI-compatible API.

request ─▶ app ─▶ prompts (template, tokens) ─▶ engine: one thread owns the model ─▶ replies ─▶ bytes
"""
