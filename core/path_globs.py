"""Globs over paths: one against one name, or all of a rule at once."""

import re
from collections.abc import Sequence
from functools import lru_cache

from core.records import dataclass


def path_matches(glob: str, name: str) -> bool:
    """Whether `name` is one of `glob`.

    `*` and `?` stay within one folder, `**` does not. A glob without `/` is compared with
    the last part of the name; `folder/**` is the folder itself too.
    """
    if "/" not in glob:
        return _pattern(glob).fullmatch(name.rsplit("/", 1)[-1]) is not None
    return _pattern(glob.removeprefix("./")).fullmatch(name) is not None


@lru_cache(maxsize=1024)
def _pattern(glob: str) -> re.Pattern[str]:
    return re.compile(_expression(glob), re.DOTALL)


def _expression(glob: str) -> str:
    signs = {"**/": "(?:[^/]+/)*", "/**": "(?:/.*)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    pieces = re.split(r"(\*\*/|/\*\*$|\*\*|\*|\?)", glob)
    return "".join(signs.get(piece, re.escape(piece)) for piece in pieces)


@dataclass(frozen=True)
class Globs:
    """Many, put so that a name is compared once: every call is held against all that are denied."""

    whole: re.Pattern[str] | None
    last: re.Pattern[str] | None
    """Of those that are compared with the last part of a name."""

    def holds(self, name: str) -> bool:
        return bool(
            (self.whole and self.whole.fullmatch(name))
            or (self.last and self.last.fullmatch(name.rpartition("/")[2]))
        )


def put_together(globs: Sequence[str]) -> Globs:
    whole = [_expression(glob.removeprefix("./")) for glob in globs if "/" in glob]
    last = [_expression(glob) for glob in globs if "/" not in glob]
    return Globs(*(re.compile("|".join(them), re.DOTALL) if them else None for them in (whole, last)))
