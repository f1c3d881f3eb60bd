"""What a person does with skills that are folders: looks at them, and accepts drafts of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from boot.paths import Folders
from boot.skills import skill_folders, skills_folder
from core.skill_folders import SkillFolder, SkillFolders
from core.text import clip
from store.skill_drafts import SkillDrafts

MOST_SHOWN_CHARS = 100


@dataclass(frozen=True)
class FolderActs:
    folders: SkillFolders
    drafts: SkillDrafts

    @classmethod
    def of(cls, workspace: Path, folders: Folders) -> "FolderActs":
        return cls(skill_folders(workspace, folders), SkillDrafts(workspace, skills_folder(workspace)))

    def listed(self) -> Iterator[str]:
        """A line for each, and why some are left out."""
        for skill in self.folders.found():
            yield f"{skill.name}  {clip(skill.description, MOST_SHOWN_CHARS)}  ({skill.path}/SKILL.md)"
        for name in self.drafts.names():
            yield f"{name}  a draft: roost skills accept {name}"
        yield from self.folders.faults()

    def shown(self, name: str) -> list[str] | None:
        """All of one, or of a draft; None when there is none of that name."""
        if skill := self._skill(name):
            return [f"{skill.path}/SKILL.md: {skill.description}", "", *self._lines(skill)]
        draft = self.drafts.text(name)
        return None if draft is None else [f"{name}, a draft:", "", *draft.splitlines()]

    def _lines(self, skill: SkillFolder) -> list[str]:
        files = [f"file: {file}" for file in self.folders.files(skill)]
        return [*self.folders.instructions(skill).splitlines(), *([""] if files else []), *files]

    def _skill(self, name: str) -> SkillFolder | None:
        return next((skill for skill in self.folders.found() if skill.name == name), None)
