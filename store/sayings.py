"""What is said to be remembered: as it is kept, and what two ways of saying the same have in common."""

import re
import unicodedata

from core.errors import InvalidArguments
from core.memory import MOST_FACT_CHARS, FactSource
from core.values import value

GIVES = r" (?:is|are|ist|sind|est|sont|es|è|é|são) | ?(?<![=!<>])[:=] |(?<![=!<>])=(?=[^=\s])"
VALUE_OF = re.compile(rf"(?:the )?(?P<subject>\S.{{0,80}}?)(?:{GIVES})(?P<value>\S+)")
POINTING = re.compile(
    r"it|this|that|these|those|t?here|s?he|they|we|you|i|(?:every|some|no)thing|what|who"
    r"|das|diese?s|es|alles|hier|ce|cela|ça|est[oe]|eso|questo|ist?o"
)
"""What names nothing: two sentences that begin so speak of two things."""
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
"""What no fact is made of: controls, and halves of characters."""


@value
class Saying:
    """A fact as it is said: for which project, by whom, in which session and when."""

    text: str
    folded: str
    """By which it is known when it is said again."""
    subject: str
    """What it gives one word as the value of; empty when it does not."""
    project: int
    source: FactSource
    session: str
    at: float
    """In seconds since the epoch."""


def clean(text: str) -> str:
    """A fact as it is kept. Raises InvalidArguments for what is none."""
    cleaned = CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
    if not cleaned:
        raise InvalidArguments("There is nothing to remember.", hint="Say the fact in a sentence.")
    if len(cleaned) > MOST_FACT_CHARS:
        said = f"A fact has at most {MOST_FACT_CHARS:,} characters, and this one {len(cleaned):,}."
        raise InvalidArguments(said, hint="Say it shorter, or keep it in a file and remember where.")
    return cleaned


def folded(text: str) -> str:
    """What two ways of saying the same have in common: case, spaces and the last full stop do not count."""
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return " ".join(plain.casefold().split()).strip(" .!\"'`") or text


def subject_of(text: str) -> str:
    """Of what a fact gives the value: `NAME is VALUE`, `NAME: VALUE` or `NAME=VALUE`; else nothing."""
    found = VALUE_OF.fullmatch(folded(text.replace("：", ": ")))
    subject = found["subject"].strip() if found else ""
    return "" if POINTING.fullmatch(subject) else subject
