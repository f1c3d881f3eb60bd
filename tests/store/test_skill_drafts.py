"""A draft of a folder is no skill before it is accepted."""

from pathlib import Path

import pytest

from core.errors import StoreError
from store.skill_drafts import SkillDrafts
from store.skill_folders import FoundSkillFolders, Shelf

TEXT = "---\nname: release\ndescription: Steps.\n---\n1. `make`\n"


def drafts(tmp_path: Path) -> SkillDrafts:
    return SkillDrafts(tmp_path, ".roost/skills")


def test_a_draft_becomes_a_skill_when_it_is_accepted(tmp_path: Path) -> None:
    found = FoundSkillFolders([Shelf(tmp_path, ".roost/skills", "project")])

    place = drafts(tmp_path).put("release", TEXT)

    assert (place, found.found(), found.faults()) == (".roost/skills/release/DRAFT.md", (), ())
    assert drafts(tmp_path).text("release") == TEXT
    drafts(tmp_path).accept("release", TEXT)
    assert [skill.name for skill in found.found()] == ["release"]
    assert drafts(tmp_path).text("release") is None


def test_what_is_there_already_is_left_as_it_is(tmp_path: Path) -> None:
    drafts(tmp_path).put("release", TEXT)

    assert drafts(tmp_path).put("release", "other") is None
    assert drafts(tmp_path).text("release") == TEXT


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / ".roost").mkdir()
    (tmp_path / ".roost/skills").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(StoreError, match="cannot be written"):
        drafts(tmp_path).put("release", TEXT)

    assert list((tmp_path / "elsewhere").iterdir()) == []
