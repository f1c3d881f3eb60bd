"""Code in colours, line by line: what was shown of a block is never coloured anew."""

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from servr.spans import Line, Span, Style, line_of

if TYPE_CHECKING:
    from pygments.lexer import Lexer, RegexLexer

MOST_CHARS = 400
"""A longer line is shown without colours: a lexer may take its time with one."""
MOST_STATES = 200
"""Within each other, of a lexer: what is deeper is taken as if it were not."""
SWITCH_SECONDS = 0.001
"""How long a thread that gives way goes on when another could."""
NAME = re.compile(r"[\w+#.-]+")
STYLES: Mapping[str, Style] = {
    "Token.Comment": Style.COMMENT,
    "Token.Keyword": Style.KEYWORD,
    "Token.Operator.Word": Style.KEYWORD,
    "Token.Name.Tag": Style.KEYWORD,
    "Token.Literal.String": Style.STRING,
    "Token.Literal.Number": Style.NUMBER,
    "Token.Name.Function": Style.NAME,
    "Token.Name.Class": Style.NAME,
    "Token.Name.Decorator": Style.NAME,
    "Token.Name.Attribute": Style.NAME,
    "Token.Generic.Inserted": Style.ADDED,
    "Token.Generic.Deleted": Style.REMOVED,
    "Token.Generic.Heading": Style.STRONG,
    "Token.Generic.Subheading": Style.DIM,
}
C_LIKE = (
    *("c", "c++", "c#", "css", "dart", "go", "java", "javascript", "kotlin"),
    *("objective-c", "php", "rust", "scala", "scss", "swift", "typescript"),
)
"""Languages by name whose comments between /* and */ a lexer only knows when it has all of one."""


@dataclass
class Highlighter:
    """Colours the lines of one block of code, in order."""

    language: str
    _states: list[str] = field(default_factory=lambda: ["root"])
    _in_comment: bool = False

    def line(self, text: str) -> Line:
        lexer = lexer_of(self.language)
        if lexer is None or len(text) > MOST_CHARS:
            return Line(text)
        if lexer.name.lower() in C_LIKE and (self._in_comment or text.lstrip().startswith("/*")):
            self._in_comment = "*/" not in text
            return line_of([Span(text, (Style.COMMENT,))])
        return line_of(Span(piece, styles_of(kind)) for kind, piece in self._tokens(lexer, text))

    def _tokens(self, lexer: "Lexer", text: str) -> Iterator[tuple[str, str]]:
        from pygments.lexer import ExtendedRegexLexer, RegexLexer

        if isinstance(lexer, RegexLexer) and not isinstance(lexer, ExtendedRegexLexer):
            tokens: Iterable[Any] = _tokens_from(lexer, text + "\n", self._states)
        else:
            tokens = lexer.get_tokens_unprocessed(text + "\n")
        place = 0
        for start, kind, piece in tokens:
            if start == place and f"{text}\n".startswith(piece, place):  # a lexer must not change the text
                place += len(piece)
                yield str(kind), piece.rstrip("\n")
        yield "Token.Text", text[place:]


def _tokens_from(lexer: "RegexLexer", text: str, states: list[str]) -> Iterator[Any]:
    """What `lexer` makes of `text`; it begins in `states`, which are afterwards where it ended.

    `RegexLexer.get_tokens_unprocessed` does the same and keeps the states to itself.
    """
    from pygments.token import Text

    position = 0
    while position < len(text):
        found, action, change = _first_match(lexer._tokens[states[-1]], text, position)
        if not found:
            if text[position] == "\n":
                states[:] = ["root"]
            yield position, Text, text[position]
            position += 1
            continue
        if action is not None:
            yield from action(lexer, found) if callable(action) else ((position, action, found[0]),)
        position = found.end()
        _change(states, change)


def _first_match(rules: Any, text: str, position: int) -> tuple[Any, Any, Any]:
    for matches, action, change in rules:
        if found := matches(text, position):
            return found, action, change
    return None, None, None


def _change(states: list[str], change: "tuple[str, ...] | int | str | None") -> None:
    for step in change if isinstance(change, tuple) else (change,):
        if step == "#pop":
            step = -1
        if isinstance(step, int):
            del states[max(1, len(states) + step) :]
        elif step is not None and len(states) < MOST_STATES:
            states.append(states[-1] if step == "#push" else step)


@cache
def styles_of(kind: str) -> tuple[Style, ...]:
    """The style of a kind of token, or of the kind it is one of."""
    while kind:
        if style := STYLES.get(kind):
            return (style,)
        kind = kind.rpartition(".")[0]
    return ()


@lru_cache(maxsize=64)
def lexer_of(language: str) -> "Lexer | None":
    """The lexer for a name as it stands behind a fence, in small letters; None for one that nobody knows."""
    from pygments.lexers import get_lexer_by_name

    return get_lexer_by_name(language) if language in _languages() else None


def load_colours(language: str) -> None:
    """Bring what takes long the first time, in a thread of its own."""
    with giving_way():
        Highlighter(language).line("x")


@contextmanager
def giving_way() -> Iterator[None]:
    """Meanwhile other threads do not wait long for this one: somebody may be typing."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


@cache
def _languages() -> frozenset[str]:
    """Plug-ins of pygments are left out: looking for them takes long."""
    from pygments.lexers import get_all_lexers

    return frozenset(alias for _, aliases, *_ in get_all_lexers(plugins=False) for alias in aliases)


def language_of(info: str) -> str:
    """The language in what stands behind a fence."""
    found = NAME.search(info)
    return found[0].lower() if found else ""
