"""Calls told while they are written: what is told of one is certain, and never taken back.

An observer beside the scanner: it follows what is regular, and stops at the first thing that is not. The
scanner has the last word, at the end of the reply; until then each call lacks its last brace, so that one
which turns out to be none, or another one, is no JSON and runs nowhere.
"""

import re
from collections.abc import Sequence

from gate.dialects import named_body, tag_body
from gate.dialects.calls import Tools
from gate.dialects.growing_values import GrowingValues
from gate.dialects.grown import Grown
from gate.dialects.json_body import HEAD
from gate.dialects.json_follower import JsonFollower
from gate.dialects.source import Source, Steps, compiled

HEAD_CHARS = 480
HEAD_LEADS = re.compile(r"[{>]")
"""With one of these what stands before arguments comes to its end."""
JSON_START = (
    r"\s{0,64}(?:```\w{0,12}[ \t]{0,8}\r?\n|,\s{0,8}\"id\"\s{0,8}:\s{0,8}\"[^\"\\\n]{0,80}\")?"
    rf"[\s\[\]}},;]{{0,64}}{HEAD.pattern}(?=\{{)"
)


class Growth:
    """What of a reply is told while it is written."""

    def __init__(self, tools: Tools) -> None:
        self.tools = tools
        self.calls: list[Grown] = []
        """All of which something was told, the oldest first."""
        self._wrapper: Growing | None = None
        self._in_order = True
        """Whether nothing was called that was not told: else what is called later would come first."""

    def begin(self, closings: tuple[str, ...], kinds: Sequence[str], text: str, name: str = "") -> None:
        """A wrapper was opened, or a call begun that names the tool `name`; `text` is what is there of it."""
        if self._in_order:
            self._wrapper = Growing(self, closings, kinds, name)
            self._wrapper.feed(text)

    def feed(self, text: str) -> None:
        if self._wrapper:
            self._wrapper.feed(text)

    def told(self) -> Sequence[Grown]:
        """Calls of the wrapper at hand."""
        return self._wrapper.grown if self._wrapper else ()

    def end(self, calls: int) -> None:
        """So many were heard, and nothing goes on."""
        self._in_order = self._in_order and len(self.told()) >= calls
        self._wrapper = None


class Growing:
    """The calls of one wrapper, one after the other."""

    def __init__(
        self, growth: "Growth", closings: tuple[str, ...], kinds: Sequence[str], name: str = ""
    ) -> None:
        """Nothing of them was read yet.

        Args:
            growth: of the reply; gets the calls, too.
            closings: what closes the wrapper; without one there is one call.
            kinds: of body that may stand in it.
            name: of the tool, where the body does not name it.
        """
        self._growth = growth
        self.grown: list[Grown] = []
        self._closings = closings
        self._name = name
        self._starts = {kind: start for kind in kinds if (start := _start(kind))}
        self._source = Source()
        self._steps = self._read()

    def feed(self, text: str) -> None:
        if self._source.feed(text):
            next(self._steps, None)

    def _read(self) -> Steps[None]:
        while begun := (yield from self._begin()):
            kind, found = begun
            self._source.at = found.end()
            tool = self._growth.tools.find(found["name"] or self._name)
            if tool is None:
                return
            grown = Grown(len(self._growth.calls), tool.name, found.groupdict().get("id") or "")
            self.grown.append(grown)
            self._growth.calls.append(grown)
            if kind in tag_body.FORMS:
                is_whole = yield from GrowingValues(self._source, grown, tool, kind, self._closings).read()
            else:
                is_whole = yield from JsonFollower(self._source, grown.tell).read()
            if not is_whole or not self._closings:
                return

    def _begin(self) -> Steps[tuple[str, re.Match[str]] | None]:
        """The next call, if its beginning is regular."""
        source = self._source
        while True:
            for kind, start in self._starts.items():
                if found := compiled(start).match(source.text, source.at):
                    return kind, found
            if source.rest >= HEAD_CHARS:
                return None
            yield from source.more(HEAD_LEADS)


def _start(kind: str) -> str:
    """An expression for what stands before the arguments of a call; empty where none grow."""
    if form := tag_body.FORMS.get(kind):
        return rf"\s{{0,64}}{form.call}\s{{0,64}}(?={tag_body.nameless(form.parameter)})"
    if named := named_body.FORMS.get(kind):
        tail = rf"(?:(?:```\s{{0,16}})?(?:{named.tail}))?\s{{0,64}}" if named.tail else ""
        return rf"\s{{0,64}}{tail}{named.head}(?=\{{)"
    return JSON_START if kind == "json" else ""
