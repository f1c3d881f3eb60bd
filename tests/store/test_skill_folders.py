"""Folders with a SKILL.md: which count, and what of them can be read."""

import os
from pathlib import Path

import pytest

from core.errors import ToolError
from core.skill_folders import SkillFolder
from store.skill_folders import MOST_BYTES, FoundSkillFolders, Shelf


def folders(tmp_path: Path) -> FoundSkillFolders:
    workspace, config = tmp_path / "work", tmp_path / "config"
    return FoundSkillFolders(
        [
            Shelf(workspace, ".roost/skills", "project"),
            Shelf(workspace, ".agents/skills", "project"),
            Shelf(config, "skills", "user"),
        ]
    )


def skill(folder: Path, text: str = "Do it well.", **fields: str) -> Path:
    folder.mkdir(parents=True)
    head = {"name": folder.name, "description": f"About {folder.name}."} | fields
    lines = "\n".join(f"{name}: {value}" for name, value in head.items())
    (folder / "SKILL.md").write_text(f"---\n{lines}\n---\n{text}\n", encoding="utf-8")
    return folder


def test_nothing_is_found_where_there_is_no_folder(tmp_path: Path) -> None:
    found = folders(tmp_path)

    assert (found.found(), found.faults()) == ((), ())


def test_the_project_s_come_first_and_hide_those_of_the_user(tmp_path: Path) -> None:
    skill(tmp_path / "work/.agents/skills/review")
    skill(tmp_path / "work/.roost/skills/release")
    skill(tmp_path / "config/skills/review", description="The user's own.")
    skill(tmp_path / "config/skills/letters")

    assert folders(tmp_path).found() == (
        SkillFolder(
            name="release", description="About release.", place="project", path=".roost/skills/release"
        ),
        SkillFolder(
            name="review", description="About review.", place="project", path=".agents/skills/review"
        ),
        SkillFolder(
            name="letters",
            description="About letters.",
            place="user",
            path=str(tmp_path / "config/skills/letters"),
        ),
    )


def test_its_text_and_its_files_are_read_one_by_one(tmp_path: Path) -> None:
    folder = skill(tmp_path / "work/.agents/skills/pdf", "Read references/forms.md first.")
    (folder / "references").mkdir()
    (folder / "references/forms.md").write_text("Fill in field by field.")
    (folder / "fill.py").write_text("print(1)")
    found = folders(tmp_path)
    [pdf] = found.found()

    assert found.instructions(pdf) == "Read references/forms.md first."
    assert found.files(pdf) == ("fill.py", "references/forms.md")
    assert found.text_of(pdf, "references/forms.md") == "Fill in field by field."


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"name": "other"}, "its name is 'other', and has to be that of its folder"),
        ({"description": ""}, "it has no description"),
    ],
)
def test_one_that_is_not_as_the_format_has_it_is_left_out_and_told(
    tmp_path: Path, fields: dict[str, str], fault: str
) -> None:
    skill(tmp_path / "work/.agents/skills/pdf", **fields)

    found = folders(tmp_path)

    assert (found.found(), found.faults()) == ((), (f"The skill '.agents/skills/pdf' is left out: {fault}.",))


@pytest.mark.parametrize("name", ["Big", "two--hyphens", "with_underscore", "x" * 65])
def test_a_name_that_the_format_does_not_have_is_told(tmp_path: Path, name: str) -> None:
    skill(tmp_path / "work/.agents/skills" / name)

    assert folders(tmp_path).found() == ()
    assert "a name has at most 64 small letters" in folders(tmp_path).faults()[0]


def test_no_link_of_a_project_is_followed(tmp_path: Path) -> None:
    outside = skill(tmp_path / "outside")
    shelf = tmp_path / "work/.agents/skills"
    shelf.mkdir(parents=True)
    (shelf / "outside").symlink_to(outside)
    inside = skill(shelf / "inside")
    (inside / "notes.md").symlink_to("/etc/passwd")
    found = folders(tmp_path)
    [kept] = found.found()

    assert kept.name == "inside"
    with pytest.raises(ToolError):
        found.text_of(kept, "notes.md")


def test_a_link_in_the_user_s_own_folder_is(tmp_path: Path) -> None:
    skill(tmp_path / "dotfiles/mine", "Mine.")
    (tmp_path / "config/skills").mkdir(parents=True)
    (tmp_path / "config/skills/mine").symlink_to(tmp_path / "dotfiles/mine")
    found = folders(tmp_path)
    [mine] = found.found()

    assert found.instructions(mine) == "Mine."


@pytest.mark.parametrize("file", ["../../../secret.txt", "/etc/passwd", "no.md", "", "a\0b", "data.bin"])
def test_what_is_not_one_of_its_texts_is_refused_and_its_files_are_named(tmp_path: Path, file: str) -> None:
    folder = skill(tmp_path / "work/.agents/skills/pdf")
    (folder / "data.bin").write_bytes(b"\0\1")
    (tmp_path / "secret.txt").write_text("secret")
    found = folders(tmp_path)
    [pdf] = found.found()

    with pytest.raises(ToolError, match=r"no text|data\.bin"):
        found.text_of(pdf, file)


def test_pipes_and_huge_files_neither_hang_nor_fill_the_memory(tmp_path: Path) -> None:
    shelf = tmp_path / "work/.agents/skills"
    (shelf / "pipe").mkdir(parents=True)
    os.mkfifo(shelf / "pipe/SKILL.md")
    skill(shelf / "huge", "x" * (MOST_BYTES * 2))
    found = folders(tmp_path)

    assert found.faults() == ("The skill '.agents/skills/pipe' is left out: it is a pipe.",)
    [huge] = found.found()
    assert len(found.instructions(huge)) < MOST_BYTES + 100
