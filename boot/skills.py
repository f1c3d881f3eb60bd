"""The skills of a workspace: where they are, who runs them, and what a session has and tells of them."""

from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from boot.paths import AGENTS_SKILLS, OWN_FOLDER, Folders, checkout_folder
from boot.settings import Settings
from core.events import ContextShrunk, NoteAdded, Record
from core.sandbox import SandboxBackend
from core.skill_folders import SkillFolders
from core.skill_shelf import USE_SKILL, SkillLine, SkillRunner, Skills
from core.tools import Toolbox, ToolServices, ToolSpec
from store.session_log import SessionHeader
from store.sessions import workspace_slug
from tool.registry import BUILT_IN, Registry

if TYPE_CHECKING:
    from flow.skill_notes import SkillNotes
    from store.skill_shelf import SkillShelf
    from tool.skill_runner import SandboxedSkills


def skills_folder(workspace: Path) -> str:
    """Its name below the workspace. In the checkout's own workspace skills lie beside the work."""
    checkout = checkout_folder()
    is_own = checkout is not None and workspace == checkout / "workspace"
    return "skills" if is_own else f"{OWN_FOLDER}/skills"


def skill_shelf(workspace: Path, folders: Folders, settings: Settings) -> "SkillShelf":
    """Of a workspace, which is a real path."""
    from store.skill_files import SkillFiles
    from store.skill_record import SkillRecord
    from store.skill_shelf import SkillShelf

    files = SkillFiles(workspace, skills_folder(workspace))
    record = SkillRecord(folders.data / "skills" / workspace_slug(workspace))
    return SkillShelf(files, record, allowed=settings.skill_imports.split(), taken=set(BUILT_IN))


def skill_runner(sandbox: SandboxBackend, workspace: Path) -> "SandboxedSkills":
    from tool.skill_runner import SandboxedSkills

    return SandboxedSkills(sandbox, workspace)


def skill_folders(workspace: Path, folders: Folders) -> SkillFolders:
    """Those of the project, then those of the user."""
    from store.skill_folders import FoundSkillFolders, Shelf

    project = (skills_folder(workspace), AGENTS_SKILLS)
    return FoundSkillFolders(
        [*(Shelf(workspace, name, "project") for name in project), Shelf(folders.config, "skills", "user")]
    )


def skill_head(skills: Skills, header: SessionHeader) -> str:
    """What a session of a model that is given `use_skill` begins with; empty when there are no folders."""
    has_tool = any(tool.name == USE_SKILL for tool in header.tools)
    if not has_tool or not (found := skills.folders().found()):
        return ""
    from flow.skill_folders import skill_list

    return skill_list(found, header.profile.window_tokens)


def skill_notices(shelf: "SkillShelf", skills: Skills, toolbox: Toolbox) -> Sequence[str]:
    """What a person should know of them when a session begins whose model may use them."""
    return (*shelf.notices(), *skills.folders().faults()) if USE_SKILL in toolbox.names() else ()


def session_skills(shelf: "SkillShelf", services: ToolServices, folders: Folders) -> Skills:
    """What the tools of a session work with; the sandbox ends the runner with everything else in it."""

    @cache
    def runner() -> SkillRunner:
        return skill_runner(services.sandbox, services.workspace.real_root)

    return Skills(
        shelf=shelf,
        runner=runner,
        allowed=tuple(shelf.allowed),
        taken=shelf.taken,
        folders=cache(partial(skill_folders, services.workspace.real_root, folders)),
    )


def with_skills(registry: Registry, services: ToolServices) -> Toolbox:
    """The toolbox of a session; of a model that is given no `use_skill` it is the registry itself."""
    if USE_SKILL not in registry.names():
        return registry
    from tool.skill_toolbox import SkillToolbox

    services.skills.taken.update(registry.names())  # those of plug-ins, which are known only now
    return SkillToolbox(registry, services)


def skill_notes(
    skills: Skills, toolbox: Toolbox, told: Sequence[ToolSpec], earlier: Sequence[Record]
) -> "SkillNotes | None":
    """What a model is told of skills: beyond its list of tools, and beyond what earlier notes told."""
    if USE_SKILL not in toolbox.names():
        return None
    from flow.skill_notes import SkillNotes, line_of

    shelf = skills.shelf

    def functions() -> list[SkillLine]:
        return [line_of(skill) for skill in shelf.skills()]

    tools = {tool.name: tool for tool in told}
    notes = "\n".join(_notes_of(earlier))
    known: dict[str, str] = {}
    for skill in shelf.skills():
        tool, line = tools.get(skill.name), line_of(skill)
        if tool and (tool.description, tool.parameters) == (skill.description, skill.parameters):
            known[skill.name] = skill.digest
        elif f"- {line.text}\n" in f"{notes}\n":
            known[skill.name] = line.version
    known |= {name: "" for name in tools if name in shelf.set_aside()}
    return SkillNotes((functions,), shelf.set_aside, known, listed=frozenset(tools))


def _notes_of(earlier: Sequence[Record]) -> list[str]:
    """What is still to be read of what was told of skills."""
    told: list[str] = []
    for record in earlier:
        match record.event:
            case ContextShrunk():
                told.clear()
            case NoteAdded(source="skills", text=text):
                told.append(text)
            case _:
                pass
    return told
