"""The keys of a terminal that may also answer; not for Windows, which has no file to read them from."""

from typing import TextIO

from prompt_toolkit.input.vt100 import Vt100Input
from prompt_toolkit.key_binding.key_processor import KeyPress

from servr.terminal.answers import Answers

PASTE_END = "\x1b[201~"
MOST_AT_ONCE = 65_536
"""Of a paste; of keys it is less, so that each is answered soon."""


class AnsweredInput(Vt100Input):
    def __init__(self, stdin: TextIO, answers: Answers) -> None:
        super().__init__(stdin)
        self.answers = answers
        self._paste: list[str] = []
        self._last = ""
        """The last characters that came, which may begin the end of a paste."""

    def read_keys(self) -> list[KeyPress]:
        pasting = self.vt100_parser._in_bracketed_paste
        read = self.stdin_reader.read(MOST_AT_ONCE) if pasting else self.stdin_reader.read()
        text = self.answers.split(read)
        self.vt100_parser.feed(self._gathered(text) if pasting else text)
        self._last = (self._last + text)[1 - len(PASTE_END) :]
        return self._taken()

    def _gathered(self, text: str) -> str:
        """A paste, once it has ended: the parser would look through all of it again with each piece."""
        self._paste.append(text)
        if PASTE_END not in self._last + text:
            return ""
        whole = "".join(self._paste)
        self._paste.clear()
        return whole

    def flush_keys(self) -> list[KeyPress]:
        self.vt100_parser.feed(self.answers.rest())
        self.vt100_parser.flush()
        return self._taken()

    def _taken(self) -> list[KeyPress]:
        keys, self._buffer = self._buffer, []
        return keys
