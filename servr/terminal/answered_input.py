"""The keys of a terminal that may also answer; not for Windows, which has no file to read them from."""

from typing import TextIO

from prompt_toolkit.input.vt100 import Vt100Input
from prompt_toolkit.key_binding.key_processor import KeyPress

from servr.terminal.answers import Answers


class AnsweredInput(Vt100Input):
    def __init__(self, stdin: TextIO, answers: Answers) -> None:
        super().__init__(stdin)
        self.answers = answers

    def read_keys(self) -> list[KeyPress]:
        self.vt100_parser.feed(self.answers.split(self.stdin_reader.read()))
        return self._taken()

    def flush_keys(self) -> list[KeyPress]:
        self.vt100_parser.feed(self.answers.rest())
        self.vt100_parser.flush()
        return self._taken()

    def _taken(self) -> list[KeyPress]:
        keys, self._buffer = self._buffer, []
        return keys
