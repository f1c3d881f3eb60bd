"""Folders with a SKILL.md: where they are looked for, and how they are read.

<workspace>/.roost/skills/NAME/SKILL.md
<workspace>/.agents/skills/NAME/SKILL.md
<config>/skills/NAME/SKILL.md

Those of the project are opened below the workspace, and no link is followed. In the folder of the user a link
to a folder elsewhere is theirs to make. Of two with one name the first in this order counts.
"""

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Literal

from core.beneath import Held, hold, opened_below
from core.errors import ToolError
from core.records import dataclass
from core.skill_folders import SkillFolder
from core.text import clip, printable

FILE_NAME = "SKILL.md"
NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
MOST_NAME_CHARS, MOST_DESCRIPTION_CHARS = 64, 1_024
MOST_ENTRIES, MOST_FILES, MOST_DEPTH = 500, 50, 4
HEAD_BYTES, MOST_BYTES = 16_384, 400_000


@dataclass(frozen=True)
class Shelf:
    """A folder of such folders."""

    root: Path
    name: str
    """Where it is below `root`."""
    place: Literal["project", "user"]


@dataclass(frozen=True)
class FoundSkillFolders:
    shelves: Sequence[Shelf]

    def found(self) -> Sequence[SkillFolder]:
        skills: dict[str, SkillFolder] = {}
        for skill in self._all():
            if isinstance(skill, SkillFolder):
                skills.setdefault(skill.name, skill)
        return tuple(skills.values())

    def faults(self) -> Sequence[str]:
        return tuple(fault for fault in self._all() if isinstance(fault, str))

    def instructions(self, skill: SkillFolder) -> str:
        from core.front_matter import front_matter  # not before there is a skill: a start pays for it

        text = self.text_of(skill, FILE_NAME)
        try:
            return front_matter(text)[1]
        except ValueError as error:
            raise ToolError(f"{skill.path}/{FILE_NAME} cannot be read: {error}.") from error

    def files(self, skill: SkillFolder) -> Sequence[str]:
        root, name = self._place_of(skill)
        with suppress(OSError), hold(root, name) as held:
            return tuple(islice(_files(root, name, held, "", MOST_DEPTH), MOST_FILES))
        return ()

    def text_of(self, skill: SkillFolder, file: str) -> str:
        root, name = self._place_of(skill)
        try:
            with opened_below(root, f"{name}/{file}") as opened:
                content = opened.read(MOST_BYTES + 1)
        except (OSError, ValueError) as error:  # ValueError: a NUL, which no name has
            known = ", ".join(self.files(skill)) or "none"
            raise ToolError(
                f"{clip(file, 200)!r} of the skill {skill.name!r} cannot be read: {_reason(error)}.",
                hint=f"Its files: {known}.",
            ) from error
        if b"\0" in content:
            raise ToolError(f"{file!r} of the skill {skill.name!r} is no text.")
        text = content[:MOST_BYTES].decode("utf-8", "replace")
        return text if len(content) <= MOST_BYTES else f"{text}\n(cut at {MOST_BYTES:,} bytes)"

    def _all(self) -> Iterator[SkillFolder | str]:
        """What each folder is: a skill, or a sentence on why it is none."""
        for shelf in self.shelves:
            for entry in _entries(shelf):
                path = _path(shelf, entry)
                root, name = self._place(shelf, entry)
                try:
                    with opened_below(root, f"{name}/{FILE_NAME}") as opened:
                        head = opened.read(HEAD_BYTES).decode("utf-8", "replace")
                except FileNotFoundError:
                    continue
                except OSError as error:
                    yield f"The skill {path!r} is left out: {_reason(error)}."
                    continue
                try:
                    yield _skill(head, entry, shelf, path)
                except ValueError as error:
                    yield f"The skill {path!r} is left out: {error}."

    def _place_of(self, skill: SkillFolder) -> tuple[str, str]:
        for shelf in self.shelves:
            if shelf.place == skill.place and _path(shelf, skill.name) == skill.path:
                return self._place(shelf, skill.name)
        raise ToolError(f"There is no skill {skill.name!r}.")

    def _place(self, shelf: Shelf, entry: str) -> tuple[str, str]:
        """The folder to start from, and the way below it that has no link."""
        if shelf.place == "user":
            return os.path.realpath(shelf.root / shelf.name / entry), "."
        return str(shelf.root), f"{shelf.name}/{entry}"


def _skill(head: str, entry: str, shelf: Shelf, path: str) -> SkillFolder:
    """Raises ValueError when it is not as the format has it."""
    from core.front_matter import front_matter

    fields, _ = front_matter(head)
    name, description = fields.get("name", ""), fields.get("description", "")
    if name != entry:
        raise ValueError(f"its name is {clip(name, 80)!r}, and has to be that of its folder")
    if not NAME.fullmatch(name) or len(name) > MOST_NAME_CHARS:
        raise ValueError("a name has at most 64 small letters and digits, with single hyphens between them")
    if not description:
        raise ValueError("it has no description")
    return SkillFolder(
        name=name, description=clip(description, MOST_DESCRIPTION_CHARS), place=shelf.place, path=path
    )


def _entries(shelf: Shelf) -> list[str]:
    with suppress(OSError), hold(shelf.root, shelf.name) as held, held.scan() as entries:
        names = [entry.name for entry in entries if not entry.is_file(follow_symlinks=False)]
        return sorted(names)[:MOST_ENTRIES]
    return []


def _path(shelf: Shelf, entry: str) -> str:
    below = f"{shelf.name}/{entry}"
    return below if shelf.place == "project" else str(shelf.root / below)


def _files(root: str, name: str, held: Held, below: str, depth: int) -> Iterator[str]:
    with held.scan() as entries:
        found = sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries)
    for entry, is_folder in found:
        if is_folder and depth and not entry.startswith("."):
            with suppress(OSError), hold(root, f"{name}/{below}{entry}") as inner:
                yield from _files(root, name, inner, f"{below}{entry}/", depth - 1)
        elif not is_folder and below + entry != FILE_NAME and printable(entry) == entry:
            yield below + entry


def _reason(error: OSError | ValueError) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error)
