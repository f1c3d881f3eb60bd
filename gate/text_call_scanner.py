"""Finds calls in text that comes in pieces.

    <tool_call>{"name": "shell", "arguments": {…}}</tool_call>
    <tool name="shell">{…}</tool>
    {"name": "shell", "arguments": {…}}        as the whole reply, in a fence or bare

    start ─┬─▶ whole                    each arrow is taken only when the text so far leaves no doubt,
           └─▶ text ⇄ body ─▶ tail      so the result does not depend on where the pieces end
                 ▲──────────────┘

Text goes through as it comes; only what may become a call is held back. Nothing is mended:
what is no complete call of a known tool stays text.
"""

import json
import re
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from core.deltas import CallDelta, TextDelta

MARKER = re.compile(r'<tool_call>|<tool name="(?P<name>[^"<>\n]*)">')
HALF_NAME = re.compile(r'<tool name="[^"<>\n]*"?')
OPENINGS = ("<tool_call>", '<tool name="')
WHOLE = re.compile(r'\s*(?:```(?P<fence>\w*)[ \t]*\n\s*)?\{\s*"(?P<key>[^"\\]*)"')
HALF_WHOLE = re.compile(r'\s*(?:`{1,2}|```\w*[ \t]*(?:\n\s*(?:\{\s*(?:"[^"\\]*)?)?)?|\{\s*(?:"[^"\\]*)?)?')
FENCES = (None, "", "json", "tool_call")
CALL_KEYS = ("name", "arguments", "parameters")

Found = Iterator[TextDelta | CallDelta]


@dataclass
class TextCallScanner:
    """Reads the text of one reply."""

    names: AbstractSet[str]
    """The tools that may be called."""
    _held: str = ""
    _spoken: bool = False
    """Whether anything but white space was let through."""
    _after_call: bool = False
    _marker: re.Match[str] | None = None
    _body: "_JsonEnd" = field(default_factory=lambda: _JsonEnd(0))
    _call: CallDelta | None = None

    def __post_init__(self) -> None:
        self._state: Callable[[bool], Found] = self._start

    def feed(self, text: str) -> Found:
        self._held += text
        yield from self._run(over=False)

    def close(self) -> Found:
        """No more text will come: what is held back is decided."""
        yield from self._run(over=True)

    def _run(self, *, over: bool) -> Found:
        while self._held:
            before = self._state, len(self._held)
            yield from self._state(over)
            if (self._state, len(self._held)) == before:
                return

    def _start(self, over: bool) -> Found:
        if opened := WHOLE.match(self._held):
            fits = opened["fence"] in FENCES and opened["key"] in CALL_KEYS
            self._state = self._whole if fits else self._text
        elif over or not HALF_WHOLE.fullmatch(self._held):
            self._state = self._text
        yield from ()

    def _whole(self, over: bool) -> Found:
        if not over:
            return
        body = re.sub(r"\A```\w*|```\Z", "", self._held.strip())
        if call := _written_call(body, self.names, explicit=True):
            yield self._called(call, len(self._held))
        self._state = self._text

    def _text(self, over: bool) -> Found:
        if self._after_call:
            self._held = self._held.lstrip()
            self._after_call = not self._held
        place = self._held.find("<")
        while place >= 0:
            marker = MARKER.match(self._held, place)
            if marker or (not over and _may_begin(self._held[place:])):
                yield from self._say(place if self._spoken or self._held[:place].strip() else 0)
                self._mark()
                return
            place = self._held.find("<", place + 1)
        yield from self._say(len(self._held))

    def _mark(self) -> None:
        """If a whole marker is next, go on to read the call behind it."""
        start = len(self._held) - len(self._held.lstrip())
        self._marker = MARKER.match(self._held, start)
        if self._marker:
            self._body = _JsonEnd(self._marker.end())
            self._state = self._in_body

    def _in_body(self, over: bool) -> Found:
        assert self._marker is not None
        end = self._body.find(self._held)
        if end is None and not (over or self._body.hopeless):
            return
        body = self._held[self._marker.end() : end] if end else ""
        call = _tagged_call(self._marker["name"], body, self.names)
        if call:
            self._call, self._state = call, self._tail
        else:
            self._state = self._text
            yield from self._say(self._marker.end())

    def _tail(self, over: bool) -> Found:
        """Behind the JSON: the closing tag, unless it is missing."""
        assert self._marker is not None
        assert self._call is not None
        close = "</tool_call>" if self._marker["name"] is None else "</tool>"
        end = self._body.position
        rest = self._held[end:].lstrip()
        if rest.startswith(close):
            end = len(self._held) - len(rest) + len(close)
        elif close.startswith(rest) and not over:
            return
        yield self._called(self._call, end)
        self._state = self._text

    def _called(self, call: CallDelta, end: int) -> CallDelta:
        source, self._held = self._held[:end], self._held[end:]
        self._spoken = self._after_call = True
        return CallDelta(index=0, name=call.name, arguments=call.arguments, source=source.strip())

    def _say(self, end: int) -> Found:
        text, self._held = self._held[:end], self._held[end:]
        if text:
            self._spoken = self._spoken or bool(text.strip())
            yield TextDelta(text=text)


@dataclass
class _JsonEnd:
    """Finds where a JSON object ends, looking at each character once; quotes and escapes are respected."""

    position: int
    """How far the text was read; behind the object when it is complete."""
    depth: int = 0
    quoted: bool = False
    hopeless: bool = False
    """Whether what stands there is no object."""

    def find(self, text: str) -> int | None:
        if not self.depth:
            self.position += len(text[self.position :]) - len(text[self.position :].lstrip())
            self.hopeless = text[self.position : self.position + 1] not in ("", "{")
        while not self.hopeless and (mark := (QUOTED if self.quoted else BARE).search(text, self.position)):
            if mark[0] == "\\":
                if mark.end() == len(text):
                    self.position = mark.start()
                    return None
                self.position = mark.end() + 1
                continue
            self.position = mark.end()
            if mark[0] == '"':
                self.quoted = not self.quoted
            elif self._closes(mark[0]):
                return self.position
        self.position = self.position if self.hopeless or not self.depth else len(text)
        return None

    def _closes(self, bracket: str) -> bool:
        self.depth += 1 if bracket in "{[" else -1
        return not self.depth


QUOTED = re.compile(r'["\\]')
BARE = re.compile(r'["{}\[\]]')


def _may_begin(text: str) -> bool:
    """Whether `text` could be the first half of a marker."""
    return any(opening.startswith(text) for opening in OPENINGS) or bool(HALF_NAME.fullmatch(text))


def _tagged_call(name: str | None, body: str, names: AbstractSet[str]) -> CallDelta | None:
    if name is None:
        return _written_call(body, names)
    arguments = _object(body)
    return _made(name, arguments) if name in names and arguments is not None else None


def _written_call(body: str, names: AbstractSet[str], *, explicit: bool = False) -> CallDelta | None:
    """The call that `{"name": …, "arguments": {…}}` is; `explicit`: only if arguments are named, too."""
    said = _object(body)
    if said is None or not isinstance(said.get("name"), str) or said["name"] not in names:
        return None
    if explicit and not {"arguments", "parameters"} & said.keys():
        return None
    arguments = said.get("arguments", said.get("parameters"))
    if isinstance(arguments, str):
        arguments = _object(arguments)
    elif arguments is None:
        arguments = {}
    return _made(str(said["name"]), arguments) if isinstance(arguments, dict) else None


def _made(name: str, arguments: dict[str, object]) -> CallDelta:
    return CallDelta(index=0, name=name, arguments=json.dumps(arguments, ensure_ascii=False))


def _object(text: str) -> dict[str, object] | None:
    """Raw line ends inside strings are taken as they are meant."""
    try:
        said = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None
