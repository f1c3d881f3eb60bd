"""JSON schemas that replies are held to: what of them is enforced, and what is refused."""

import json
from collections.abc import Mapping

from servr.native.parts import Invalid

MOST_CHARS = 256 * 1024
WRITTEN = {
    "whitespace_pattern": r"( {1,2}|\r?\n[ \t]{0,32})",
    "json_allowed_escapes": 'nrbtf\\"',  # no \u: each key is written in one way
}


def enforced(schema: Mapping[str, object], *, field: str) -> str:
    """The schema as llguidance takes it, within a grammar.

    Raises:
        Invalid: it is too large.
    """
    text = json.dumps({**schema, "x-guidance": WRITTEN})
    if len(text) > MOST_CHARS:
        message = f"The schema has {len(text):,} characters, and at most {MOST_CHARS:,} can be enforced."
        raise Invalid(message, field=field)
    return text
