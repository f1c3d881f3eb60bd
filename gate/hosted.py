"""Which endpoints are known to be run by others, on machines larger than the user's."""

from urllib.parse import urlsplit

HOSTS = (
    "openai.com",
    "openrouter.ai",
    "googleapis.com",
    "anthropic.com",
    "mistral.ai",
    "deepseek.com",
    "groq.com",
    "together.xyz",
    "fireworks.ai",
    "cerebras.ai",
    "x.ai",
    "moonshot.ai",
    "z.ai",
    "minimax.io",
    "huggingface.co",
)
"""Registered names; their subdomains count too. All others are the user's own, wherever they are."""


def is_hosted(url: str) -> bool:
    host = (urlsplit(url).hostname or "").rstrip(".")
    return any(host == name or host.endswith(f".{name}") for name in HOSTS)
