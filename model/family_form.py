"""What a family file may say, and the sentence for each thing it may not."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from core.errors import ConfigError
from core.profile import Calls, EditFormat, Reasoning, ThinkingBack

Table = Mapping[str, Any]


@dataclass(frozen=True)
class Form:
    """What a value may be."""

    allowed: str
    """In words: ends the sentence "It has to be …"."""
    fits: Callable[[object], bool]


def _one_of(alias: object) -> Form:
    words = get_args(alias)
    return Form(" or ".join(map(repr, words)), lambda given: given in words)


def _number(least: float, most: float = math.inf) -> Form:
    def fits(given: object) -> bool:
        return isinstance(given, int | float) and not isinstance(given, bool) and least <= given <= most

    return Form(f"a number from {least:g} to {most:g}", fits)


def _count(least: int) -> Form:
    def fits(given: object) -> bool:
        return isinstance(given, int) and not isinstance(given, bool) and given >= least

    return Form(f"a whole number of at least {least}", fits)


def _is_table(given: object) -> bool:
    return isinstance(given, dict)


_TEXT = Form("a text", lambda given: isinstance(given, str) and bool(given.strip()))
_FLAG = Form("true or false", lambda given: isinstance(given, bool))
_TABLE = Form("a table of its own", _is_table)
_TABLES = Form("a list of tables", lambda given: isinstance(given, list) and all(map(_is_table, given)))
_PATTERNS = Form(
    "a list of names such as ['*qwen3*']",
    lambda given: isinstance(given, list) and bool(given) and all(map(_TEXT.fits, given)),
)

PROFILE = {
    "window_tokens": _count(1),
    "hosted": _FLAG,
    "dialect": _TEXT,
    "calls": _one_of(Calls),
    "parallel_calls": _FLAG,
    "sampling": _TABLE,
    "reasoning": _one_of(Reasoning),
    "thinking": _one_of(ThinkingBack),
    "edit_format": _one_of(EditFormat),
    "system_role": _FLAG,
    "alternating_roles": _FLAG,
}
SAMPLING = {
    "temperature": _number(0, 2),
    "top_p": _number(0, 1),
    "presence_penalty": _number(-2, 2),
    "top_k": _count(0),
    "min_p": _number(0, 1),
    "repetition_penalty": _number(0, 2),
}
FAMILY = {"family": _TEXT, "base": _TEXT, "patterns": _PATTERNS, "variants": _TABLES, **PROFILE}
VARIANT = {"name": _TEXT, "patterns": _PATTERNS, **PROFILE}


def check(table: Table, forms: Mapping[str, Form], place: str, needed: Iterable[str] = ()) -> None:
    """Raises ConfigError for the first key that is unknown, missing, or has a value it may not have."""
    for key, given in table.items():
        if key not in forms:
            raise unknown(key, forms, f"{place}: there is no key {key!r}.")
        if not forms[key].fits(given):
            raise ConfigError(f"{place}: {key} is {given!r}.", hint=f"It has to be {forms[key].allowed}.")
    for key in needed:
        if key not in table:
            raise ConfigError(f"{place}: {key} is missing.", hint=f"Give {forms[key].allowed}.")


def unknown(name: str, names: Iterable[str], problem: str) -> ConfigError:
    from difflib import get_close_matches

    names = tuple(names)
    close = get_close_matches(name, names, n=1)
    return ConfigError(
        problem, hint=f"Did you mean {close[0]}?" if close else f"There are {', '.join(names)}."
    )
