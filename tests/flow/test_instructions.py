"""What the model is told of AGENTS.md files, and when."""

import os
from datetime import date
from pathlib import Path
from time import time_ns

import pytest

from core.ledger import FileLedger
from core.profile import profile_for
from flow.instructions import InstructionNotes, instruction_chars, session_head

TODAY = date(2026, 11, 21)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    (folder / ".git").mkdir(parents=True)
    return folder


def head_of(workspace: Path, most_chars: int = 12_000) -> str:
    return session_head(workspace, today=TODAY, most_chars=most_chars)


def begun(workspace: Path, *notes: str, as_of: int | None = None) -> InstructionNotes:
    told = [head_of(workspace), *notes]
    return InstructionNotes(workspace, FileLedger(), 12_000, told, as_of or time_ns())


def see(notes: InstructionNotes, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    notes.ledger.saw(file, b"")


def write(file: Path, text: str, *, at: int | None = None) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    if at:
        os.utime(file, ns=(at, at))


def test_the_head_tells_date_and_folder(tmp_path: Path) -> None:
    head = head_of(tmp_path)

    assert head.startswith("Date: 2026-11-21. System: Linux. ")
    assert str(tmp_path) in head


def test_instructions_come_from_the_repository_down_to_the_workspace(repository: Path) -> None:
    inner = repository / "inner"
    write(repository.parent / "AGENTS.md", "outside the repository")
    write(repository / "AGENTS.md", "from the root {text}")
    write(inner / "AGENTS.md", "from the inner folder")

    head = head_of(inner)

    assert "outside" not in head
    assert head.index("from the root {text}") < head.index("from the inner folder")


def test_the_nearest_file_gets_most_of_the_room(repository: Path) -> None:
    write(repository / "AGENTS.md", "root " * 100_000)
    write(repository / "inner" / "AGENTS.md", "near " * 100_000)

    head = head_of(repository / "inner", most_chars=1_000)

    assert len(head) < 1_500
    assert head.count("near") > head.count("root") > 10


@pytest.mark.parametrize(
    ("window", "most_tokens"), [(4_096, 340), (8_192, 340), (16_384, 900), (32_768, 1_311)]
)
def test_a_small_window_is_told_less(window: int, most_tokens: int) -> None:
    assert instruction_chars(profile_for(window)) <= most_tokens * 3


def test_an_endless_window_is_not_filled() -> None:
    assert instruction_chars(profile_for(10_000_000)) == 32_768


def test_a_link_within_the_repository_is_followed_and_one_that_leads_out_is_not(repository: Path) -> None:
    write(repository.parent / "private.md", "the private words")
    write(repository / "CLAUDE.md", "the public words")
    (repository / "AGENTS.md").symlink_to("CLAUDE.md")
    (repository / "inner").mkdir()
    (repository / "inner" / "AGENTS.md").symlink_to(repository.parent / "private.md")

    head = head_of(repository / "inner")

    assert "the public words" in head
    assert "private words" not in head


def test_a_link_to_a_file_of_secrets_is_not_followed(repository: Path) -> None:
    write(repository / ".env", "TOKEN=1")
    (repository / "AGENTS.md").symlink_to(".env")

    assert "TOKEN" not in head_of(repository)


@pytest.mark.parametrize("kind", ["fifo", "folder", "circle"])
def test_what_is_no_file_is_passed_over(repository: Path, kind: str) -> None:
    place = repository / "AGENTS.md"
    {"fifo": os.mkfifo, "folder": os.mkdir, "circle": lambda path: path.symlink_to(path)}[kind](place)

    assert "instructions" not in head_of(repository)


def test_nothing_is_said_while_nothing_is_new(repository: Path) -> None:
    write(repository / "AGENTS.md", "from the root")
    notes = begun(repository)
    see(notes, repository / "a.py")

    assert [notes.news(anew=False), notes.news(anew=False)] == [[], []]


def test_a_nested_file_is_told_once_when_its_folder_is_first_worked_in(repository: Path) -> None:
    write(repository / "api" / "AGENTS.md", "Mind the api.")
    write(repository / "web" / "AGENTS.md", "Mind the web.")
    notes = begun(repository)
    see(notes, repository / "api" / "deep" / "a.py")

    (note,) = notes.news(anew=False)

    assert note.endswith("Mind the api.")
    assert str(repository / "api" / "AGENTS.md") in note
    assert notes.news(anew=False) == []


def test_a_change_is_told_with_the_new_text(repository: Path) -> None:
    write(repository / "AGENTS.md", "Use tabs.", at=1_000)
    notes = begun(repository)
    before = notes.news(anew=False)

    write(repository / "AGENTS.md", "Use spaces.", at=2_000)

    assert before == []
    assert [note.splitlines()[-1] for note in notes.news(anew=False)] == ["Use spaces."]


@pytest.mark.parametrize("name", ["AGENTS.md", "api/AGENTS.md"])
def test_a_file_that_is_only_touched_is_no_news_and_one_that_changed_back_is(
    repository: Path, name: str
) -> None:
    write(repository / "AGENTS.md", "Use tabs.\n\nAnd tests.", at=1_000)
    write(repository / "api" / "AGENTS.md", "Use tabs.\n\nAnd tests.", at=1_000)
    notes = begun(repository)
    see(notes, repository / "api" / "a.py")
    notes.news(anew=False)

    lines = []
    versions = ("Use tabs.\n\nAnd tests.", "Use tabs.", "Use tabs.", "Use tabs.\n\nAnd tests.")
    for number, text in enumerate(versions):
        write(repository / name, text, at=2_000 + number)
        lines += [note.splitlines()[-1] for note in notes.news(anew=False)]

    assert lines == ["Use tabs.", "And tests."]


def test_a_file_that_comes_later_is_told(repository: Path) -> None:
    notes = begun(repository)

    write(repository / "AGENTS.md", "Be kind.")

    assert [note.splitlines()[-1] for note in notes.news(anew=False)] == ["Be kind."]


def test_a_file_that_vanishes_is_no_news(repository: Path) -> None:
    write(repository / "AGENTS.md", "Be kind.")
    notes = begun(repository)
    (repository / "AGENTS.md").unlink()

    assert notes.news(anew=False) == []


def test_after_a_shrinking_the_nested_files_are_told_again_and_the_head_is_not(repository: Path) -> None:
    write(repository / "AGENTS.md", "from the root")
    write(repository / "api" / "AGENTS.md", "Mind the api.")
    notes = begun(repository)
    see(notes, repository / "api" / "a.py")
    first = notes.news(anew=False)

    assert notes.news(anew=True) == first
    assert notes.news(anew=False) == []


def test_a_session_that_goes_on_is_told_what_changed_while_it_slept(repository: Path) -> None:
    asleep_since = 5_000
    write(repository / "AGENTS.md", "as it was", at=4_000)
    write(repository / "api" / "AGENTS.md", "Mind the api.", at=4_000)
    awake = begun(repository, as_of=asleep_since)
    see(awake, repository / "api" / "a.py")
    (note,) = awake.news(anew=False)

    again = begun(repository, note, as_of=asleep_since)
    see(again, repository / "api" / "a.py")
    nothing_new = again.news(anew=False)
    write(repository / "api" / "AGENTS.md", "Mind the gap.", at=6_000)

    assert nothing_new == []
    assert [told.splitlines()[-1] for told in again.news(anew=False)] == ["Mind the gap."]
