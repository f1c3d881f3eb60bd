"""Text files, a window of lines at a time. A large file is never in memory as a whole."""

import asyncio
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from typing import BinaryIO

from pydantic import BaseModel, Field

from core.errors import ToolError
from core.permissions import Effect
from core.text import printable
from core.tools import ToolContext, ToolResult, ToolServices
from core.views import FileWindow
from tool.encoding import Encoding, binary_kind, encoding_of
from tool.files import opened
from tool.line_source import LineSource, Survey

LOADED_BYTES = 4_000_000
"""A file up to this size is read at once; a larger one in pieces."""
NOTE_CHARS = 160


class ReadFileArgs(BaseModel):
    """Read a text file; its lines come numbered."""

    path: str
    start: int = Field(1, ge=1, description="First line.")
    count: int | None = Field(None, ge=1)


@dataclass(frozen=True)
class ReadFile:
    services: ToolServices
    name = "read_file"
    args = ReadFileArgs
    effect = Effect.READ

    async def run(self, args: ReadFileArgs, context: ToolContext) -> ToolResult:
        return await asyncio.to_thread(self._read, args)

    def _read(self, args: ReadFileArgs) -> ToolResult:
        ledger = self.services.ledger
        with opened(self.services.workspace, args.path) as (path, file):
            head = file.read(LOADED_BYTES + 1)
            encoding = _encoding(args.path, head, file)
            source = _source(head, file, encoding)
            survey = source.survey(args.start)
            lines = [] if survey.place is None else list(self._fitting(source.lines(survey.place), args))
        if len(head) <= LOADED_BYTES:
            digest = ledger.saw(path, head)
        elif digest := survey.digest:
            ledger.restore(path, digest)

        if survey.lines and not lines:
            raise ToolError(f"{args.path!r} ends at line {survey.lines}.", hint="Start at or before it.")
        numbered = [f"{number:>6}  {line}" for number, line in enumerate(lines, args.start)]
        text = "\n".join(numbered + list(_remarks(args.start + len(lines), survey, encoding)))
        name = printable(self.services.workspace.name_of(path))
        view = FileWindow(
            path=name, start=args.start, lines=tuple(lines), total_lines=survey.lines, digest=digest
        )
        return ToolResult(text, view)

    def _fitting(self, lines: Iterable[str], args: ReadFileArgs) -> Iterator[str]:
        """As many as were asked for, as one answer may have, and as there is room for."""
        most = self.services.profile.read_lines
        room = self.services.profile.output_chars - NOTE_CHARS
        for line in islice(lines, min(args.count or most, most)):
            room -= len(line) + 9
            if room < 0:
                return
            yield line


def _encoding(asked: str, head: bytes, file: BinaryIO) -> Encoding:
    """How a file is written that begins with `head`. Raises ToolError when there is nothing to show."""
    size = os.fstat(file.fileno()).st_size
    if kind := binary_kind(head):
        raise ToolError(f"{asked!r} is {kind} of {size:,} bytes.", hint="read_file shows text only.")
    encoding = encoding_of(head, whole=len(head) <= LOADED_BYTES)
    if encoding.is_wide and len(head) > LOADED_BYTES:
        raise ToolError(f"{asked!r} is in {encoding.name}, and large.", hint="Convert it with iconv.")
    return encoding


def _source(head: bytes, file: BinaryIO, encoding: Encoding) -> LineSource:
    if len(head) > LOADED_BYTES:
        return LineSource(file, encoding.name)
    if encoding.is_wide:
        return LineSource(BytesIO(encoding.decode(head).encode()), "utf-8")
    return LineSource(BytesIO(head), encoding.name)


def _remarks(following: int, survey: Survey, encoding: Encoding) -> Iterator[str]:
    if not survey.lines:
        yield "(empty file)"
    if (more := survey.lines - following + 1) > 0:
        lines = f"{'' if survey.complete else 'at least '}{more:,} more {'line' if more == 1 else 'lines'}"
        yield f"({lines}: read on with start={following})"
    if encoding.name != "utf-8":
        yield f"(The file is in {encoding.name}, and stays so when it is edited.)"
