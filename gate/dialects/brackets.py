"""Where something in brackets ends: JSON, Python, Gemma's own. Each character is looked at once."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from gate.dialects.source import Source, Steps

CLOSING = {"{": "}", "[": "]", "(": ")"}
IN_DOUBLE = r'(?:[^"\\]++|\\.)*+'
IN_SINGLE = r"(?:[^'\\]++|\\.)*+"


@dataclass(frozen=True)
class Grammar:
    between: str
    """What may stand between brackets and strings: an expression that never fails."""
    strings: Mapping[str, str]
    """The quotes, longest first, each with an expression for what cannot end its string."""
    after_string: str = ""
    """What alone may follow a string, if that is certain: else a quote within it was not escaped."""

    @property
    def longest_quote(self) -> int:
        return max(map(len, self.strings))


JSON = Grammar(r"[\s\w.,:+\-]*+", {'"': IN_DOUBLE, "'": IN_SINGLE}, ":,}]")
PYTHON = Grammar(r"[^\"'{}\[\]()]*+", {'"""': IN_DOUBLE, "'''": IN_SINGLE, '"': IN_DOUBLE, "'": IN_SINGLE})
GEMMA = Grammar(r"[^\"'{}\[\]<]*+", {'<|"|>': "[^<]*+", "<escape>": "[^<]*+", '"': IN_DOUBLE, "'": IN_SINGLE})


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.DOTALL)


@dataclass
class Bracketed:
    """Goes past what the brackets at hand hold."""

    source: Source
    grammar: Grammar
    whole: bool = False
    """Whether all brackets were closed."""
    parts: list[int] = field(default_factory=list)
    """Places behind each bracketed part directly within the outer brackets."""

    def scan(self) -> Steps[None]:
        """Stops behind the last bracket, before what cannot stand there, or at the end of the text.

        Raises:
            Unfinished: the text is over within a string.
        """
        source, awaited = self.source, list[str]()
        between = compiled(self.grammar.between)
        while not self.whole:
            if found := between.match(source.text, source.at):
                source.at = found.end()
            if not source.over and self._may_be_half_a_quote():
                yield
                continue
            if not source.rest:
                return
            if quote := self._quote():
                if not (yield from self._pass_string(quote)):
                    return
            elif not self._pass_bracket(awaited):
                return

    def _may_be_half_a_quote(self) -> bool:
        """Whether more text may make another quote of what is at hand, or there is none."""
        source = self.source
        at_hand = source.text[source.at : source.at + self.grammar.longest_quote]
        return any(one.startswith(at_hand) and one != at_hand for one in self.grammar.strings)

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
                yield from source.more()
            else:
                source.at += 1
        source.at += len(quote)
        if not self.grammar.after_string:
            return True
        yield from source.space()
        return not source.rest or source.text[source.at] in self.grammar.after_string

    def _pass_bracket(self, awaited: list[str]) -> bool:
        """A closing bracket also closes what was left open within its own."""
        bracket = self.source.text[self.source.at]
        if bracket in CLOSING:
            awaited.append(CLOSING[bracket])
        elif bracket in awaited:
            while awaited.pop() != bracket:
                pass
        else:
            return False
        self.source.at += 1
        if len(awaited) == 1 and bracket not in CLOSING:
            self.parts.append(self.source.place)
        self.whole = not awaited
        return True
