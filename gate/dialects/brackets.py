"""Where something in brackets ends: JSON, Python, Gemma's own. Each character is looked at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from gate.dialects.source import Source, Steps, compiled

CLOSING = {"{": "}", "[": "]", "(": ")"}
IN_DOUBLE = r'(?:[^"\\]++|\\[\s\S])*+'
IN_SINGLE = r"(?:[^'\\]++|\\[\s\S])*+"


@dataclass(frozen=True)
class Grammar:
    between: str
    """What may stand between brackets and strings: an expression that never fails.

    It fits no opening of the table, so that nothing that goes wrong is read beyond the next call.
    """
    strings: Mapping[str, str]
    """The quotes, longest first, each with an expression for what cannot end its string."""
    after_string: str = ""
    """What alone may follow a string, if that is certain: else a quote within it was not escaped."""

    @cached_property
    def halves(self) -> frozenset[str]:
        """Every text that more text may make a quote, or another quote."""
        return frozenset(one[:length] for one in self.strings for length in range(len(one)))


JSON = Grammar(r"[\s\d.,:+\-trufalsenNoTFIityE]*+", {'"': IN_DOUBLE, "'": IN_SINGLE}, ":,}]")
PYTHON = Grammar(r"[^\"'{}\[\]()<]*+", {'"""': IN_DOUBLE, "'''": IN_SINGLE, '"': IN_DOUBLE, "'": IN_SINGLE})
GEMMA = Grammar(r"[^\"'{}\[\]<]*+", {'<|"|>': "[^<]*+", "<escape>": "[^<]*+", '"': IN_DOUBLE, "'": IN_SINGLE})


class Bracketed:
    """Goes past what the brackets at hand hold."""

    def __init__(self, source: Source, grammar: Grammar) -> None:
        self.source = source
        self.grammar = grammar
        self.whole = False
        """Whether all brackets were closed."""
        self.parts: list[int] = []
        """Places behind each bracketed part directly within the outer brackets."""
        self._awaited: list[str] = []
        self._open = dict.fromkeys(CLOSING.values(), 0)
        """How many of each are awaited."""

    @property
    def cut(self) -> bool:
        """Whether the text was over before all brackets were closed."""
        return not self.whole and not self.source.rest

    def scan(self) -> Steps[None]:
        """Stops behind the last bracket, before what cannot stand there, or at the end of the text.

        Raises:
            Unfinished: the text is over within a string.
        """
        source, halves = self.source, self.grammar.halves
        between = compiled(self.grammar.between)
        while not self.whole:
            if found := between.match(source.text, source.at):
                source.at = found.end()
            if not source.over and source.rest < 8 and source.text[source.at :] in halves:
                yield
                continue
            if not source.rest:
                return
            if quote := self._quote():
                if not (yield from self._pass_string(quote)):
                    return
            elif not self._pass_bracket():
                return

    def _quote(self) -> str | None:
        source = self.source
        return next((one for one in self.grammar.strings if source.text.startswith(one, source.at)), None)

    def _pass_string(self, quote: str) -> Steps[bool]:
        """Whether what follows the string may follow it."""
        source, inside = self.source, compiled(self.grammar.strings[quote])
        source.at += len(quote)
        while True:
            if found := inside.match(source.text, source.at):
                source.at = found.end()
            if source.text.startswith(quote, source.at):
                break
            if source.rest < len(quote) or source.text[source.at] == "\\":
                yield from source.more(None if source.rest else compiled(rf"[{quote[0]}\\]"))
            else:
                source.at += 1
        source.at += len(quote)
        if not self.grammar.after_string:
            return True
        yield from source.space()
        return not source.rest or source.text[source.at] in self.grammar.after_string

    def _pass_bracket(self) -> bool:
        """A closing bracket also closes what was left open within its own."""
        bracket = self.source.text[self.source.at]
        if closing := CLOSING.get(bracket):
            self._awaited.append(closing)
            self._open[closing] += 1
        elif self._open.get(bracket):
            self._close(bracket)
        else:
            return False
        self.source.at += 1
        if len(self._awaited) == 1 and not closing:
            self.parts.append(self.source.place)
        self.whole = not self._awaited
        return True

    def _close(self, bracket: str) -> None:
        closed = ""
        while closed != bracket:
            closed = self._awaited.pop()
            self._open[closed] -= 1
