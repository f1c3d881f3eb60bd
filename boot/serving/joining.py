"""Joins the parts of Roost's own server, and runs it."""

from pathlib import Path

from boot.serving.asked import Asked
from core.errors import ConfigError


def run(asked: Asked, *, folder: Path, name: str, dtype: str) -> int:
    raise ConfigError("Roost's own engine is not joined yet.", hint="Take another --engine.")
