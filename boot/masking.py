"""Which values are secrets: those of variables that are named so, and those the user declares.

environment ─┐
trusted .env ┼─► what is named like a secret and looks like one ─► core/masking
settings ────┘   what AGENT_MASK names
"""

import os
import re
from collections.abc import Iterator
from io import StringIO

from boot.layers import Surroundings, here, load_settings, trusted_files
from boot.settings import Settings, known_settings
from core.errors import AgentError
from core.masking import LEAST_CHARS, Masking, can_mask

NAMES = re.compile(
    r"(?:KEY|TOKEN)S?(?![A-Z])|SECRET|PASSW|PASSPHRASE|PASSCODE|CREDENTIAL"
    r"|(?<![A-Z])(?:PAT|PWD|PASS|AUTH|DSN|COOKIE|BEARER|PRIVATE)(?![A-Z])"
)
"""Within a name in capitals. `KEYBOARD` and `TOKENIZER` are none."""
PLACES = re.compile(
    r"(?:~|\.\.?)/|/(?:usr|etc|home|Users|var|opt|tmp|run|root|mnt|srv|private|dev)/|[A-Za-z]:[\\/]"
)
"""How the path of a file begins."""
USER_OF_URL = re.compile(r"://(?:[^/\s:@]*:)?([^/\s@]+)@")
"""What is secret of a URL: the password, or the name where there is no password."""
PIECES = re.compile(r"[\s\"',{}]+|\\n")
LONG_CHARS, LONG_PART_CHARS = 16, 20


def masking_of(settings: Settings, around: Surroundings) -> Masking:
    """For a start with these settings; `around` says where else to look."""
    return Masking(_secrets(settings, around))


def secret_values(settings: Settings, around: Surroundings) -> tuple[str, ...]:
    """The same values as they are, for whoever looks for them in other disguises."""
    return tuple(value for _, value in _secrets(settings, around) if can_mask(value))


def masked_here(text: str) -> str:
    """`text` for a person when a start fails, as far as the secrets are known."""
    try:
        around = here()
        return masking_of(load_settings(around, {}).settings, around).masked(text)
    except (AgentError, OSError):  # the settings may be what is wrong
        return Masking(_secrets(Settings(), None)).masked(text)


def too_short(settings: Settings, around: Surroundings) -> Iterator[str]:
    """What a person should know: which declared values cannot be masked."""
    declared = _declared(settings)
    for name, value in _variables(around):
        if name in declared and not can_mask(value):
            yield f"{name} cannot be masked: its value needs {LEAST_CHARS} characters, and some variety."


def looks_secret(value: str) -> bool:
    """Whether it is long, or of letters and digits; no plain word, number, path or URL."""
    mixed = any(map(str.isdigit, value)) and any(map(str.isalpha, value))
    return can_mask(value) and (mixed or len(value) >= LONG_CHARS) and not PLACES.match(value)


def _secrets(settings: Settings, around: Surroundings | None) -> Iterator[tuple[str, str]]:
    variables = [*os.environ.items()] if around is None else _variables(around)
    held = [(known.variable, getattr(settings, known.name)) for known in known_settings().values()]
    variables += [(name, value) for name, value in held if isinstance(value, str)]
    declared = _declared(settings)
    for name, value in variables:
        yield from ((_said(name), part) for part in _secret_parts(name, value))
        if name in declared:
            yield _said(name), value


def _secret_parts(name: str, value: str) -> Iterator[str]:
    yield from USER_OF_URL.findall(value)
    if not NAMES.search(name.upper()) or ("://" in value and len(value.split()) == 1):
        return
    in_parts = len(value.split()) > 1 or value.startswith("{")
    parts = [part for part in PIECES.split(value) if in_parts and _is_long_secret(part)]
    if parts or looks_secret(value):
        yield from parts or (value,)


def _is_long_secret(part: str) -> bool:
    """Of a key on several lines, or of credentials in JSON: what stands around it is the same for all."""
    return len(part) >= LONG_PART_CHARS and looks_secret(part) and not re.search("://|-----", part)


def _declared(settings: Settings) -> list[str]:
    return [name for name in re.split(r"[\s,]+", settings.mask) if name]


def _said(name: str) -> str:
    """A name may be anything; what stands in a mark is plain."""
    return name if re.fullmatch(r"\w+", name) else "secret"


def _variables(around: Surroundings) -> list[tuple[str, str]]:
    """Of the environment, and of the `.env` files that are trusted."""
    found = [*around.environment.items()]
    for file in trusted_files(around):
        try:
            content = file.read_text(encoding="utf-8") if file.is_file() else ""
        except (OSError, ValueError):  # whoever reads it for its settings says so
            continue
        if content:
            from dotenv.parser import parse_stream

            found += [(line.key, line.value or "") for line in parse_stream(StringIO(content)) if line.key]
    return found
