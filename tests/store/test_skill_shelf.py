"""Skills on their shelf: whatever lies in the workspace, only what the user accepted can be called."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.errors import StoreError, ToolError
from core.skills import kept_contract
from store.skill_record import SkillRecord
from store.skill_shelf import SkillShelf
from tests.tool.skilling import one_line, shelf_in


@pytest.fixture
def work(tmp_path: Path) -> Path:
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def names(shelf: SkillShelf) -> list[str]:
    return [skill.name for skill in shelf.skills()]


def test_an_empty_workspace_has_no_skills(work: Path, data: Path) -> None:
    shelf = shelf_in(work, data)

    assert (shelf.skills(), shelf.cards(), shelf.notices()) == ([], [], [])
    assert not data.exists()


def test_a_kept_skill_is_there_after_a_restart(work: Path, data: Path) -> None:
    assert shelf_in(work, data).keep(one_line("f")) == 1

    shelf = shelf_in(work, data)

    assert names(shelf) == ["f"]
    assert shelf.skills()[0].parameters == one_line("f").parameters
    assert shelf.contract("f") == one_line("f")


def test_an_unchanged_skill_is_not_compiled_again(work: Path, data: Path) -> None:
    shelf_in(work, data).keep(one_line("f"))
    record = data / "record.json"
    written = json.loads(record.read_text())
    written["skills"]["f"]["compiled"]["description"] = "As it was kept."
    record.write_text(json.dumps(written))

    assert shelf_in(work, data).skills()[0].description == "As it was kept."
    assert shelf_in(work, data, allowed=("pandas",)).skills()[0].description == "Do f."


def test_a_skill_that_came_with_a_clone_is_set_aside(work: Path, data: Path, tmp_path: Path) -> None:
    shelf_in(work, data).keep(one_line("f"))

    elsewhere = shelf_in(work, tmp_path / "another user")

    assert names(elsewhere) == []
    assert elsewhere.notices() == [
        "The skill f is set aside: nobody has accepted it on this machine. roost skills accept f shows it."
    ]
    with pytest.raises(ToolError, match="nobody has accepted it on this machine"):
        elsewhere.contract("f")


def test_a_skill_edited_by_hand_is_set_aside_until_it_is_accepted(work: Path, data: Path) -> None:
    shelf_in(work, data).keep(one_line("f"))
    file = work / ".roost/skills/f.py"
    file.write_text(file.read_text().replace("return x", "return x + 1"))
    shelf = shelf_in(work, data)
    before = dict(shelf.set_aside())
    found = shelf.files.one("f")
    assert found

    version = shelf.accept(found, kept_contract(found.text, "f"))

    assert before == {"f": "it was changed since it was accepted"}
    assert (version, names(shelf)) == (2, ["f"])


def test_earlier_versions_are_kept(work: Path, data: Path) -> None:
    shelf = shelf_in(work, data)

    versions = [shelf.keep(one_line("f", f"return x + {number}")) for number in range(3)]

    assert versions == [1, 2, 3]
    assert shelf.files.older("f") == [".roost/skills/older/f.1.py", ".roost/skills/older/f.2.py"]
    assert (work / ".roost/skills/older/f.2.py").read_text() == one_line("f", "return x + 1").source


def test_the_same_text_kept_twice_is_one_version(work: Path, data: Path) -> None:
    shelf = shelf_in(work, data)

    assert [shelf.keep(one_line("f")) for _ in range(2)] == [1, 1]
    assert shelf.files.older("f") == []


def test_a_skill_that_is_disabled_stays_so(work: Path, data: Path) -> None:
    shelf = shelf_in(work, data)
    shelf.keep(one_line("f"))

    shelf.disable("f")

    assert names(shelf) == names(shelf_in(work, data)) == []
    assert shelf_in(work, data).notices() == []


def test_a_removed_skill_is_kept_among_the_older_ones(work: Path, data: Path) -> None:
    shelf = shelf_in(work, data)
    shelf.keep(one_line("f"))

    shelf.remove("f")

    assert names(shelf) == names(shelf_in(work, data)) == []
    assert shelf.files.older("f") == [".roost/skills/older/f.1.py"]


def test_uses_and_failures_are_counted_across_restarts(work: Path, data: Path) -> None:
    shelf_in(work, data).keep(one_line("f"))
    for failed in (True, True, False, True, True):
        shelf_in(work, data).count("f", failed=failed)

    (card,) = shelf_in(work, data).cards()

    assert (card.calls, card.failures, card.state) == (5, 4, "ready")


def test_three_failures_in_a_row_set_a_skill_aside_and_a_new_version_brings_it_back(
    work: Path, data: Path
) -> None:
    shelf = shelf_in(work, data)
    shelf.keep(one_line("f"))
    for _ in range(3):
        shelf.count("f", failed=True)
    aside = dict(shelf_in(work, data).set_aside())

    shelf.keep(one_line("f", "return 2 * x"))

    assert aside == {"f": "it failed 3 times in a row"}
    assert names(shelf) == ["f"]


def test_of_two_processes_that_promote_one_name_the_last_has_it(work: Path, data: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        texts = [one_line("f", f"return x + {number}") for number in range(16)]
        list(threads.map(lambda made: shelf_in(work, data).keep(made), texts))

    shelf = shelf_in(work, data)
    assert names(shelf) == ["f"]
    assert shelf.contract("f") in texts
    assert len(shelf.files.older("f")) == 15


def test_what_another_process_does_counts_at_the_next_call(work: Path, data: Path) -> None:
    mine, other = shelf_in(work, data), shelf_in(work, data)
    mine.keep(one_line("f"))
    newer = one_line("f", "return x + 1")
    other.keep(newer)
    promoted_elsewhere = mine.contract("f")
    other.disable("f")

    with pytest.raises(ToolError, match="it was disabled"):
        mine.contract("f")
    other.remove("f")
    with pytest.raises(ToolError, match="its file is gone"):
        mine.contract("f")
    assert promoted_elsewhere == newer


def test_a_kill_between_file_and_record_leaves_the_skill_set_aside(work: Path, data: Path) -> None:
    shelf = shelf_in(work, data)
    shelf.keep(one_line("f"))
    newer = one_line("f", "return x + 1")
    shelf.files.put("f", newer.source, 2)

    after = shelf_in(work, data)
    assert after.set_aside() == {"f": "it was changed since it was accepted"}
    assert after.keep(newer) == 2
    assert names(after) == ["f"]


def test_of_thousands_of_files_the_first_are_looked_at_and_a_person_is_told(work: Path, data: Path) -> None:
    (work / ".roost/skills").mkdir(parents=True)
    for number in range(1_100):
        (work / f".roost/skills/s{number}.py").write_text("x = 1\n")

    notices = shelf_in(work, data).notices()

    assert notices[0] == "Only the first 1000 skills of .roost/skills are looked at."
    assert notices[1].startswith("1000 skills are set aside (s0, s1, ")


def test_the_most_used_come_first(work: Path, data: Path) -> None:
    shelf = shelf_in(work, data)
    for name in "abc":
        shelf.keep(one_line(name))
    shelf.count("b", failed=False)

    assert names(shelf_in(work, data)) == ["b", "a", "c"]


def test_a_skill_with_the_name_of_a_tool_is_set_aside(work: Path, data: Path) -> None:
    shelf_in(work, data).keep(one_line("f"))
    shelf = shelf_in(work, data)
    shelf.taken.add("f")

    assert shelf.set_aside() == {"f": "a tool has its name"}


def test_what_is_no_skill_is_passed_over(work: Path, data: Path, tmp_path: Path) -> None:
    folder = work / ".roost/skills"
    folder.mkdir(parents=True)
    (tmp_path / "secret.py").write_text("x")
    (folder / "linked.py").symlink_to(tmp_path / "secret.py")
    (folder / "folder.py").mkdir()
    (folder / "bytes.py").write_bytes(b"\xff\xfe")
    (folder / "huge.py").write_bytes(b"#" * 1_000_000)
    (folder / "Upper.py").write_text("x = 1\n")
    (folder / "notes.md").write_text("x")
    os.mkfifo(folder / "pipe.py")

    assert shelf_in(work, data).cards() == []


def test_a_link_in_the_place_of_the_folder_is_not_followed(work: Path, data: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (work / ".roost").mkdir()
    (work / ".roost/skills").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(ToolError, match=r"\.roost/skills/f\.py cannot be written"):
        shelf_in(work, data).keep(one_line("f"))

    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "is damaged"),
        ("[]", "is damaged"),
        ('{"format": 1, "skills": {"f": {"accepted": 3}}}', "is damaged"),
        ('{"format": 99, "skills": {}}', "was written by a newer Roost"),
    ],
)
def test_a_damaged_record_sets_all_aside_and_is_not_overwritten(
    text: str, problem: str, work: Path, data: Path
) -> None:
    shelf_in(work, data).keep(one_line("f"))
    (data / "record.json").write_text(text)
    shelf = shelf_in(work, data)

    assert names(shelf) == []
    assert problem in shelf.notices()[0]
    with pytest.raises(ToolError, match=problem):
        shelf.keep(one_line("g"))
    with pytest.raises(StoreError, match=problem):
        shelf.disable("f")
    assert (data / "record.json").read_text() == text


def test_processes_that_count_at_the_same_time_lose_nothing(work: Path, data: Path) -> None:
    shelf_in(work, data).keep(one_line("f"))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: shelf_in(work, data).count("f", failed=False), range(40)))

    assert SkillRecord(data).read()["f"].calls == 40
