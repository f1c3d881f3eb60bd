"""What the first message begins with."""

from datetime import date
from pathlib import Path

from flow.instructions import session_head

TODAY = date(2026, 11, 21)


def test_the_head_tells_date_and_folder(tmp_path: Path) -> None:
    head = session_head(tmp_path, today=TODAY)

    assert head.startswith("Date: 2026-11-21. System: Linux. ")
    assert str(tmp_path) in head


def test_instructions_come_from_the_repository_down_to_the_workspace(tmp_path: Path) -> None:
    inner = tmp_path / "repository" / "inner"
    inner.mkdir(parents=True)
    (tmp_path / "repository" / ".git").mkdir()
    (tmp_path / "AGENTS.md").write_text("outside the repository")
    (tmp_path / "repository" / "AGENTS.md").write_text("from the root {text}")
    (inner / "AGENTS.md").write_text("from the inner folder")

    head = session_head(inner, today=TODAY)

    assert "outside" not in head
    assert head.index("from the root {text}") < head.index("from the inner folder")


def test_a_long_file_of_instructions_is_clipped(tmp_path: Path) -> None:
    (tmp_path / "AGENTS.md").write_text("word " * 100_000)

    assert len(session_head(tmp_path, today=TODAY, most_chars=1_000)) < 1_500
