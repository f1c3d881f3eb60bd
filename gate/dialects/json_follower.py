"""A JSON object followed while it is written, as long as nothing of it is wrong."""

import json
import re
from collections.abc import Callable

from gate.dialects.source import Source, Steps

TOKEN = re.compile(
    r"(?P<space>[ \t\r\n]++)|(?P<mark>[{}\[\]:,\"])"
    r"|(?P<plain>(?:true|false|null|-?(?:0|[1-9]\d{0,40})(?:\.\d{1,40})?(?:[eE][+-]?\d{1,4})?)(?=[\s,}\]]))"
)
HALF_PLAIN = re.compile(r"[a-z\d.eE+\-]{1,90}")
IN_STRING = re.compile(r"(?:[^\"\\\x00-\x1f]++|\\[\"\\/bfnrt]|\\u[\da-fA-F]{4})++")
HALF_ESCAPE = re.compile(r"\\(?:u[\da-fA-F]{0,3})?")
CLOSINGS = {"{": "}", "[": "]"}
FOLLOWS = {
    "value": '"{[p',
    "first value": '"{[p]',
    "first key": '"}',
    "key": '"',
    "colon": ":",
    "after": ",}]",
}
"""What may stand where; `p`: what is neither bracket nor string."""


class JsonFollower:
    """Tells the words of an object as they are, but for the last brace and what may still prove wrong."""

    def __init__(self, source: Source, tell: Callable[[str], None]) -> None:
        self._source = source
        self._tell = tell
        self._awaited: list[str] = []
        """Closing brackets, the next one last."""
        self._place = "value"
        self._waiting = ""
        """White space and a comma, until something follows."""

    def read(self) -> Steps[bool]:
        """Stops behind the object, which is whole then, or at the first thing that is wrong."""
        source = self._source
        while True:
            found = TOKEN.match(source.text, source.at)
            if found is None:
                if source.rest and not HALF_PLAIN.fullmatch(source.text, source.at):
                    return False
                yield from source.more()
                continue
            source.at = found.end()
            if found["space"]:
                self._waiting += found[0]
            elif not self._may_stand("p" if found["plain"] else found[0]):
                return False
            elif found[0] == '"':
                if not (yield from self._string()):
                    return False
            elif self._pass(found[0]):
                return True

    def _may_stand(self, kind: str) -> bool:
        if kind not in FOLLOWS[self._place]:
            return False
        return kind not in CLOSINGS.values() or kind == self._awaited[-1]

    def _pass(self, token: str) -> bool:
        """Whether this ends the object."""
        if token == ",":
            self._waiting += token
            self._place = "key" if self._awaited[-1] == "}" else "value"
            return False
        if token in CLOSINGS.values():
            self._awaited.pop()
        self._say(token if self._awaited or token in CLOSINGS else "")
        if token in CLOSINGS:
            self._awaited.append(CLOSINGS[token])
        self._place = {"{": "first key", "[": "first value", ":": "value"}.get(token, "after")
        return not self._awaited

    def _string(self) -> Steps[bool]:
        """Whether nothing is wrong in it but raw line ends and their like, which are told escaped."""
        source = self._source
        self._say('"')
        while True:
            if found := IN_STRING.match(source.text, source.at):
                self._tell(found[0])
                source.at = found.end()
            if not source.rest:
                yield from source.more()
            elif source.text[source.at] == '"':
                break
            elif source.text[source.at] < " ":
                self._tell(json.dumps(source.text[source.at])[1:-1])
                source.at += 1
            elif HALF_ESCAPE.fullmatch(source.text, source.at):
                yield from source.more()
            else:
                return False
        source.at += 1
        self._tell('"')
        self._place = "colon" if self._place in ("key", "first key") else "after"
        return True

    def _say(self, text: str) -> None:
        self._tell(self._waiting + text)
        self._waiting = ""
