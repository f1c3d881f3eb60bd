"""Server-sent events: bytes in any pieces become whole events.

Kind where servers are careless: any line end, a byte order mark, comments anywhere, a last
event without its blank line, and a JSON object that stands on a line without `data:`. Of comments only
those count that tell how much of a prompt was read.
"""

from collections.abc import Iterator
from dataclasses import field

from core.errors import StreamBroken
from core.records import dataclass

LONGEST_LINE_BYTES = 32 * 2**20
COMMENT = ""
"""The name of what is told in a comment: no event can bear it."""
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class ServerSentEvent:
    data: str
    name: str = "message"


@dataclass
class EventParser:
    """Feed it what arrives; it gives back the events that are complete."""

    _rest: bytearray = field(default_factory=bytearray)
    _name: str = ""
    _lines: list[str] = field(default_factory=list)

    def feed(self, chunk: bytes) -> Iterator[ServerSentEvent]:
        self._rest += chunk
        lines: list[bytearray] = []
        if b"\n" in chunk or b"\r" in chunk:  # else a long line would be looked through with every piece
            lines = self._rest.splitlines(keepends=True)
            # A lone carriage return at the end may be half of a line end.
            self._rest = lines.pop() if not lines[-1].endswith(b"\n") else bytearray()
        if len(self._rest) > LONGEST_LINE_BYTES:
            raise StreamBroken(f"The server sent a line of more than {LONGEST_LINE_BYTES} bytes.")
        for line in lines:
            yield from self._take(line)

    def close(self) -> Iterator[ServerSentEvent]:
        """The stream is over: what is left counts."""
        rest, self._rest = self._rest, bytearray()
        if rest:
            yield from self._take(rest)
        yield from self._dispatch()

    def _take(self, line: bytearray) -> Iterator[ServerSentEvent]:
        text = line.removeprefix(BYTE_ORDER_MARK).decode(errors="replace").rstrip("\r\n")
        if not text:
            yield from self._dispatch()
            return
        if text.startswith("{"):
            text = f"data:{text}"
        name, _, words = text.partition(":")
        words = words.removeprefix(" ")
        if text.startswith(": prefill "):
            yield ServerSentEvent(words, COMMENT)
        elif name == "data":
            self._lines.append(words)
        elif name == "event":
            self._name = words

    def _dispatch(self) -> Iterator[ServerSentEvent]:
        lines, name = self._lines, self._name
        self._lines, self._name = [], ""
        if lines:
            yield ServerSentEvent("\n".join(lines), name or "message")
