"""New files and whole rewrites. What the model has not read is never replaced."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from core.differences import difference
from core.errors import ToolError
from core.ledger import digest_of
from core.permissions import Effect
from core.text import clip, printable
from core.tools import ToolContext, ToolResult, ToolServices
from core.views import FileChange
from tool.encoding import Encoding, Lines, encoding_of
from tool.files import content_if_any, require_no_marks, write_atomically
from tool.syntax import verdict

MOST_SHOWN_DIFF_LINES = 30


class WriteFileArgs(BaseModel):
    """Create a file, or replace all of one you have read."""

    path: str
    content: str


@dataclass(frozen=True)
class WriteFile:
    services: ToolServices
    name = "write_file"
    args = WriteFileArgs
    effect = Effect.WRITE

    async def run(self, args: WriteFileArgs, context: ToolContext) -> ToolResult:
        return await asyncio.to_thread(self._write, args)

    def _write(self, args: WriteFileArgs) -> ToolResult:
        path, before = content_if_any(self.services.workspace, args.path)
        if before:
            self._require_known(args.path, path, before)
        old = _text_of(before or b"")
        require_no_marks(self.services.masking, args.path, old, args.content)
        content, remark = _encoded(args.content, before or b"")
        if content != before:
            write_atomically(self.services.workspace, path, content)
        digest = self.services.ledger.saw(path, content, changed=True)

        lines = args.content.count("\n") + (not args.content.endswith("\n") and bool(args.content))
        done = "Created" if before is None else "Unchanged:" if content == before else "Wrote"
        said = f"{done} {printable(args.path)} ({lines:,} {'line' if lines == 1 else 'lines'})."
        text = "\n".join(filter(None, (said, remark, verdict(path.name, args.content))))
        name = printable(self.services.workspace.name_of(path))
        diff = difference(old, _text_of(content))
        return ToolResult(text, FileChange(path=name, diff=diff, created=before is None, digest=digest))

    def _require_known(self, asked: str, path: Path, content: bytes) -> None:
        """Raises ToolError unless the file is as the model saw it last."""
        seen = self.services.ledger.last_seen(path)
        if seen and seen.digest == digest_of(content):
            return
        if seen is None:
            way = self.services.profile.edit_format
            in_part = f", or change a part of it with {way}" * (way != "write_file")
            raise ToolError(
                f"{asked!r} is there already, and you have not read it.",
                hint=f"Read it with read_file first{in_part}.",
            )
        hint = "Read it again, then write what is right now."
        if seen.content is not None:
            diff = difference(_text_of(seen.content), _text_of(content), most_lines=MOST_SHOWN_DIFF_LINES)
            hint += f" What changed:\n{clip(diff, self.services.profile.output_chars // 2)}"
        raise ToolError(f"{asked!r} is no longer as you saw it.", hint=hint)


def _text_of(content: bytes) -> str:
    return encoding_of(content).decode(content)


def _encoded(text: str, before: bytes) -> tuple[bytes, str]:
    """`text` with the encoding and the line ends of what it replaces, and what there is to say about that."""
    encoding = encoding_of(before)
    if before and "\r\n" not in text:
        text = Lines(encoding.decode(before)).written(text)
    try:
        return encoding.encode(text), ""
    except UnicodeEncodeError:
        return Encoding("utf-8").encode(
            text
        ), f"(It was in {encoding.name}, which cannot hold this: now UTF-8.)"
