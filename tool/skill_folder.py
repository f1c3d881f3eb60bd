"""What `use_skill` answers for a skill that is a folder: its instructions, or one of its files."""

from collections.abc import Mapping

from core.errors import InvalidArguments
from core.skill_folders import SkillFolder
from core.tools import ToolResult, ToolServices
from tool.clipping import clipped

FILE, MAIN = "file", "SKILL.md"


def folder_named(name: str, services: ToolServices) -> SkillFolder | None:
    return next((skill for skill in services.skills.folders().found() if skill.name == name), None)


def read_skill(skill: SkillFolder, arguments: Mapping[str, object], services: ToolServices) -> ToolResult:
    """Instructions are no data: the person put them where skills are, as they do with AGENTS.md.

    Raises:
        ToolError: there is no such file, or it may not be read.
    """
    file = arguments.get(FILE, "")
    if set(arguments) - {FILE} or not isinstance(file, str):
        raise InvalidArguments(
            f"The skill {skill.name!r} is a text to read, and takes no arguments but {FILE!r}.",
            hint=f'Call it with {{}}, or with {{"{FILE}": "…"}} for one of its files.',
        )
    if skill.place == "project":
        services.workspace.to_read(f"{skill.path}/{file or MAIN}")
    folders = services.skills.folders()
    if file:
        return ToolResult(clipped(folders.text_of(skill, file), services), by_person=True)
    text = clipped(folders.instructions(skill), services)
    return ToolResult("\n\n".join(filter(None, (text, _told_files(skill, services)))), by_person=True)


def _told_files(skill: SkillFolder, services: ToolServices) -> str:
    files = services.skills.folders().files(skill)
    if not files:
        return ""
    call = f'use_skill with {{"{FILE}": "…"}} reads one'
    return f"Its files, in {skill.path}: {', '.join(files)} ({call})."
