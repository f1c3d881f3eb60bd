"""Whether a file's text can be read by what reads such files."""

import ast
import json
import tomllib
import warnings
from collections.abc import Callable
from pathlib import PurePath

MOST_CHARS = 2_000_000


def problem_in(name: str, text: str) -> str | None:
    """Where `text` fails to parse, or None: it parses, or nobody here knows this kind of file."""
    known = LANGUAGES.get(PurePath(name).suffix)
    if known is None or len(text) > MOST_CHARS:
        return None
    try:
        known[1](text)
    except SyntaxError as error:
        return f"line {error.lineno}: {error.msg}"
    except (ValueError, RecursionError, MemoryError) as error:
        return str(error) or "nested too deeply"
    return None


def verdict(name: str, text: str, before: str | None = None) -> str:
    """One line on whether a changed file parses; empty for files nobody here can parse."""
    suffix = PurePath(name).suffix
    if suffix not in LANGUAGES or len(text) > MOST_CHARS:
        return ""
    language = LANGUAGES[suffix][0]
    problem = problem_in(name, text)
    if problem is None:
        return f"(It parses as {language}.)"
    if before is None:
        return f"(It does not parse as {language}: {problem})"
    had = problem_in(name, before) is not None
    return (
        f"(It {'still does not' if had else 'no longer'} parse{'' if had else 's'} as {language}: {problem})"
    )


def _parse_python(text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ast.parse(text)


LANGUAGES: dict[str, tuple[str, Callable[[str], object]]] = {
    ".py": ("Python", _parse_python),
    ".pyi": ("Python", _parse_python),
    ".json": ("JSON", json.loads),
    ".toml": ("TOML", tomllib.loads),
}
