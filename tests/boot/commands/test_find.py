"""`roost find`: code search in a shell."""

from pathlib import Path

import pytest

from boot.commands.running import run
from core.errors import ToolError
from tests.tool.coding import a_project

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AGENT_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def folder(tmp_path: Path) -> str:
    return str(a_project(tmp_path))


def said(captured: Captured, *arguments: str) -> list[str]:
    assert run(["find", *arguments]) == 0
    return captured.readouterr().out.splitlines()


def test_code_is_found_by_what_it_is_about(folder: str, cache: Path, capsys: Captured) -> None:
    lines = said(capsys, "--workspace", folder, "how", "much", "money")

    assert lines[:2] == ["src/shop.py:11-13 Shop.count_money", "      def count_money(self, drawer):"]
    assert len(list((cache / "code").glob("*.sqlite"))) == 1


def test_without_words_it_draws_a_map(folder: str, capsys: Captured) -> None:
    assert said(capsys, "--workspace", folder, "--path", "src")[:2] == ["src/shop.py", "  4 class Shop:"]


def test_a_person_is_pointed_to_what_a_person_has(folder: str, capsys: Captured) -> None:
    for file in Path(folder).rglob("*.*"):
        file.write_text("\n")

    (told,) = said(capsys, "--workspace", folder, "money")

    assert told == "Nothing in '.' is like 'money'. grep -rn finds exact words."


def test_what_is_not_there_is_told_with_the_next_step(folder: str) -> None:
    with pytest.raises(ToolError, match="There is no 'none'"):
        run(["find", "--workspace", folder, "--path", "none", "money"])
