"""Tells the person who serves, and asks them, or goes by what they said beforehand."""

import sys

from core.errors import ConfigError


def agreed(question: str, *, yes: bool) -> bool:
    """Raises ConfigError where there is nobody to ask."""
    if yes:
        return True
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise ConfigError(f"{question} Nobody can be asked here.", hint="--yes says so beforehand.")
    while True:
        sys.stderr.write(f"{question} [Y/n] ")
        sys.stderr.flush()
        answer = sys.stdin.readline()
        if answer.strip().lower() in ("", "y", "yes", "n", "no"):
            return bool(answer) and not answer.strip().lower().startswith("n")


def told(*lines: str) -> None:
    for line in lines:
        sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
