"""A part of a file, replaced."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from core.differences import difference
from core.errors import ToolError
from core.ledger import digest_of
from core.permissions import Effect
from core.text import clip_line, printable
from core.tools import ToolContext, ToolResult, ToolServices
from core.views import FileChange
from tool.encoding import Encoding, Lines, binary_kind, encoding_of
from tool.files import content_of, require_no_marks, write_atomically
from tool.matching import Found, Place, closest, locate
from tool.syntax import verdict

AROUND = 3
MOST_SHOWN_LINES = 24
MOST_LINE_CHARS = 200
NOTE_CHARS = 36
MOST_NAMED_PLACES = 20
MOST_SHOWN_PLACES = 5


class EditFileArgs(BaseModel):
    """Replace a part of a file. Copy old exactly, with as many lines as make it unique."""

    path: str
    old: str
    new: str
    replace_all: bool = False


@dataclass(frozen=True)
class EditFile:
    services: ToolServices
    name = "edit_file"
    args = EditFileArgs
    effect = Effect.WRITE

    async def run(self, args: EditFileArgs, context: ToolContext) -> ToolResult:
        _require_change(args)
        return await asyncio.to_thread(self.edited, args.path, lambda text: self._found(args, text))

    def edited(self, asked: str, found_in: Callable[[str], Found]) -> ToolResult:
        """The file with what is found in its text replaced, and what to tell of it."""
        path, before = content_of(self.services.workspace, asked)
        if kind := binary_kind(before):
            raise ToolError(f"{asked!r} is {kind}.", hint="Only text files can be edited.")
        encoding = encoding_of(before)
        lines = Lines(encoding.decode(before))
        found = found_in(lines.text)
        written = lines.replaced((place.start, place.end, place.new) for place in found.places)
        require_no_marks(self.services.masking, asked, lines.raw, written)
        after = _encoded(asked, encoding, written)
        seen = self.services.ledger.last_seen(path)
        write_atomically(self.services.workspace, path, after)
        digest = self.services.ledger.saw(path, after, changed=True)

        has_changed = seen is not None and seen.digest != digest_of(before)
        notes = (
            self._region(asked, Lines(written).text, found.places),
            f"(Matched although {found.remark}: check it.)" if found.remark else "",
            "(The file had changed since you saw it last.)" if has_changed else "",
            verdict(path.name, written, lines.raw),
        )
        name = printable(self.services.workspace.name_of(path))
        view = FileChange(path=name, diff=difference(lines.raw, written), created=False, digest=digest)
        return ToolResult("\n".join(filter(None, notes)), view)

    def _found(self, args: EditFileArgs, text: str) -> Found:
        """Where to edit. Raises ToolError when that is nowhere, or not clear."""
        old, new = args.old.replace("\r\n", "\n"), args.new.replace("\r\n", "\n")
        found = locate(text, old, new)
        if not found.places:
            raise self._nowhere(args.path, text, old, new)
        if len(found.places) > 1 and not args.replace_all:
            raise self._ambiguous(args.path, text, found.places)
        if all(text[place.start : place.end] == place.new for place in found.places):
            raise ToolError(f"{args.path!r} would not change.", hint="Give in new what old is to become.")
        return found

    def _nowhere(self, path: str, text: str, old: str, new: str) -> ToolError:
        said = f"old is not in {path!r}."
        if new.strip() and new in text:
            said += f" But new is, at line {_line_at(text, text.index(new)) + 1}: it may be done already."
        region = closest(text, old)
        if region is None:
            return ToolError(said, hint="Read the file with read_file, and copy old from it.")
        shown = self.numbered(text, region)
        return ToolError(said, hint=f"Copy old exactly from the file. The closest lines are:\n{shown}")

    def _ambiguous(self, path: str, text: str, places: Sequence[Place]) -> ToolError:
        at = [_line_at(text, place.start) for place in places]
        around = dict.fromkeys(n for line in at[:MOST_SHOWN_PLACES] for n in (line - 1, line, line + 1))
        shown = self.numbered(text, around)
        said = f"old stands {len(places)} times in {path!r}, at lines {_listed(at)}."
        return ToolError(said, hint=f"Add lines beside it to old and new, or set replace_all.\n{shown}")

    def _region(self, path: str, text: str, places: Sequence[Place]) -> str:
        """What was done, and the first region as it is now."""
        at = [_line_at(text, start) for start in _starts_after(places)]
        where = f"line {at[0] + 1}" if len(at) == 1 else f"{len(at)} places (lines {_listed(at)}). The first"
        last = _line_at(text, places[0].start + len(places[0].new))
        shown = self.numbered(text, range(max(0, at[0] - AROUND), last + AROUND + 1))
        return f"Edited {printable(path)}, {where}:\n{shown}"

    def numbered(self, text: str, at: Iterable[int]) -> str:
        """Lines of `text` by their index, numbered from 1; the middle of many is left out."""
        lines = text.removesuffix("\n").split("\n")
        wanted = [n for n in at if 0 <= n < len(lines)]
        room = self.services.profile.output_chars * 3 // 4
        shown = _clipped(lines, wanted, MOST_LINE_CHARS)
        if len(shown) > room:
            shown = _clipped(lines, wanted, max(0, room // MOST_SHOWN_LINES - NOTE_CHARS))
        return shown


def _clipped(lines: Sequence[str], at: Sequence[int], most_chars: int) -> str:
    shown = [f"{n + 1:>6}  {clip_line(lines[n], most_chars)}" for n in at]
    if len(shown) > MOST_SHOWN_LINES:
        half = MOST_SHOWN_LINES // 2
        shown[half:-half] = [f"       ... {len(shown) - 2 * half} lines ..."]
    return "\n".join(shown)


def _require_change(args: EditFileArgs) -> None:
    if not args.old:
        hint = "Give the line beside it, also in new; write_file writes a whole file."
        raise ToolError("old is empty: it has to say where the edit goes.", hint=hint)
    if args.old == args.new:
        raise ToolError("old and new are the same.", hint="Give in new what old is to become.")


def _encoded(path: str, encoding: Encoding, text: str) -> bytes:
    try:
        return encoding.encode(text)
    except UnicodeEncodeError as error:
        said = f"{path!r} is in {encoding.name}, which has no {text[error.start]!r}."
        raise ToolError(said, hint="Use other characters, or write the whole file anew.") from error


def _starts_after(places: Iterable[Place]) -> Iterator[int]:
    """Where each place begins when all were replaced."""
    grown = 0
    for place in places:
        yield place.start + grown
        grown += len(place.new) - (place.end - place.start)


def _line_at(text: str, place: int) -> int:
    return text.count("\n", 0, place)


def _listed(at: Sequence[int]) -> str:
    named = ", ".join(str(line + 1) for line in at[:MOST_NAMED_PLACES])
    return named + (", ..." if len(at) > MOST_NAMED_PLACES else "")
