"""`use_skill` with a skill that is a folder of instructions."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import InvalidArguments, PermissionDenied, ToolError
from core.permissions import Effect
from core.tools import ToolServices
from core.workspace import Workspace
from store.skill_folders import FoundSkillFolders, Shelf
from tests.tool.skilling import CONTEXT, skill_services
from tool.use_skill import UseSkill, UseSkillArgs

SKILL = "---\nname: pdf\ndescription: Fills in forms.\n---\nRead references/forms.md first.\n"


@asynccontextmanager
async def services_with_a_folder(tmp_path: Path) -> AsyncIterator[ToolServices]:
    async with skill_services(tmp_path) as services:
        root = services.workspace.real_root
        folder = root / ".agents/skills/pdf"
        (folder / "references").mkdir(parents=True)
        (folder / "SKILL.md").write_text(SKILL)
        (folder / "references/forms.md").write_text("Field by field.")
        folders = FoundSkillFolders([Shelf(root, ".agents/skills", "project")])
        yield replace(services, skills=replace(services.skills, folders=lambda: folders))


async def test_its_instructions_are_no_data_and_name_its_files(tmp_path: Path) -> None:
    async with services_with_a_folder(tmp_path) as services:
        result = await UseSkill(services).run(UseSkillArgs(name="pdf"), CONTEXT)

    assert result.by_person
    assert result.text == (
        "Read references/forms.md first.\n\n"
        "Its files, in .agents/skills/pdf: references/forms.md"
        ' (use_skill with {"file": "…"} reads one).'
    )


async def test_one_of_its_files_is_read(tmp_path: Path) -> None:
    async with services_with_a_folder(tmp_path) as services:
        asked = UseSkillArgs(name="pdf", arguments={"file": "references/forms.md"})
        result = await UseSkill(services).run(asked, CONTEXT)

    assert result.text == "Field by field."


async def test_reading_asks_for_no_more_than_reading_may(tmp_path: Path) -> None:
    async with services_with_a_folder(tmp_path) as services:
        tool = UseSkill(services)

        assert tool.effect_of(UseSkillArgs(name="pdf")) is Effect.READ
        assert tool.effect_of(UseSkillArgs(name="other")) is Effect.EXECUTE


@pytest.mark.parametrize("arguments", [{"files": "a"}, {"file": 3}, {"file": "a", "x": 1}])
async def test_other_arguments_are_refused_with_what_it_takes(
    tmp_path: Path, arguments: dict[str, object]
) -> None:
    async with services_with_a_folder(tmp_path) as services:
        with pytest.raises(InvalidArguments, match="takes no arguments but 'file'"):
            await UseSkill(services).run(UseSkillArgs(name="pdf", arguments=arguments), CONTEXT)


async def test_what_a_rule_forbids_to_read_stays_unread(tmp_path: Path) -> None:
    async with services_with_a_folder(tmp_path) as services:
        forbidding = Workspace(services.workspace.root, lambda path, effect: "a rule says so")
        with pytest.raises(PermissionDenied):
            await UseSkill(replace(services, workspace=forbidding)).run(UseSkillArgs(name="pdf"), CONTEXT)


async def test_a_name_near_to_it_is_told(tmp_path: Path) -> None:
    async with services_with_a_folder(tmp_path) as services:
        with pytest.raises(ToolError, match="Did you mean pdf"):
            await UseSkill(services).run(UseSkillArgs(name="pfd"), CONTEXT)
