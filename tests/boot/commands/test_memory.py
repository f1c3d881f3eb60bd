"""`roost memory`: a person keeps, finds, lists and forgets facts, in a shell and in pipes."""

import io
import json
import os
import sys
from pathlib import Path

import pytest

from boot.commands.running import run
from boot.layers import here
from core.errors import AgentError, ConfigError, InvalidArguments, StoreError

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path) -> str:
    (tmp_path / "project").mkdir()
    return str(tmp_path / "project")


def said(captured: Captured, *arguments: str) -> list[str]:
    assert run(["memory", *arguments]) == 0
    return captured.readouterr().out.splitlines()


def facts(captured: Captured, *arguments: str) -> list[dict[str, object]]:
    (line,) = said(captured, *arguments, "--json")
    found: list[dict[str, object]] = json.loads(line)
    return found


def texts(captured: Captured, *arguments: str) -> list[object]:
    return [fact["text"] for fact in facts(captured, *arguments)]


def test_a_fact_is_kept_found_corrected_and_forgotten(folder: str, capsys: Captured) -> None:
    here_ = ("--workspace", folder)

    assert said(capsys, "store", *here_, "The port is 8080")[:2] == ["Stored:", "#1     The port is 8080"]
    assert said(capsys, "store", *here_, "The", "port", "is", "9090")[1] == "#2     The port is 9090"
    assert said(capsys, "store", *here_, "the port is 9090")[0] == "Known already; it is said anew:"
    assert said(capsys, "search", *here_, "which", "port")[2].startswith(
        "       before: The port is 8080 (#1, 2"
    )
    assert texts(capsys, "list", *here_) == ["the port is 9090"]
    assert said(capsys, "forget", *here_, "2", "1")[:2] == ["Forgotten:", "#2     the port is 9090"]
    assert said(capsys, *here_) == ["Nothing is remembered yet."]
    assert said(capsys, "search", *here_, "port") == ["Nothing of that is remembered."]


def test_a_correction_can_be_named(folder: str, capsys: Captured) -> None:
    said(capsys, "store", "--workspace", folder, "We deploy by hand")

    said(capsys, "store", "--workspace", folder, "--replaces", "1", "A pipeline ships every merge")

    (fact,) = facts(capsys, "list", "--workspace", folder)
    assert fact["text"] == "A pipeline ships every merge"
    assert [older["text"] for older in fact["earlier"]] == ["We deploy by hand"]  # type: ignore[attr-defined]


def test_scopes_and_all_say_whose_facts(folder: str, tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "other").mkdir()
    said(capsys, "store", "--workspace", folder, "Tests are slow")
    said(capsys, "store", "--workspace", str(tmp_path / "other"), "Tests are fast")
    said(capsys, "store", "--scope", "user", "Tests bore me")

    assert texts(capsys, "list", "--workspace", folder) == ["Tests bore me", "Tests are slow"]
    assert texts(capsys, "list", "--workspace", folder, "--scope", "project") == ["Tests are slow"]
    assert texts(capsys, "list", "--workspace", folder, "--scope", "user") == ["Tests bore me"]
    assert texts(capsys, "--all") == ["Tests bore me", "Tests are fast", "Tests are slow"]
    assert sorted(map(str, texts(capsys, "search", "--all", "--scope", "project", "tests"))) == [
        "Tests are fast",
        "Tests are slow",
    ]
    assert f"of {tmp_path / 'other'}, said by you" in "\n".join(said(capsys, "--all"))


def test_there_are_more_than_are_shown(folder: str, capsys: Captured) -> None:
    for number in range(4):
        said(capsys, "store", "--workspace", folder, f"Fact {number}")

    assert said(capsys, "list", "--workspace", folder, "--count", "3")[-1] == (
        "(1 more: --count 4 shows all, `roost memory search WORDS` finds one)"
    )
    assert len(facts(capsys, "list", "--workspace", folder, "--count", "9")) == 4


def test_a_fact_comes_from_standard_input(
    folder: str, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"The port\nis \xff 8080\n")))

    said(capsys, "store", "--workspace", folder)

    assert texts(capsys, "list", "--workspace", folder) == ["The port\nis \ufffd 8080"]


def test_hostile_text_is_shown_and_not_obeyed(folder: str, capsys: Captured) -> None:
    hostile = "a\x1b]0;title\x07b\x9b31m \u202egnp.exe\r\nsecond line"

    said(capsys, "store", "--workspace", folder, hostile)

    shown = "\n".join(said(capsys, "list", "--workspace", folder))
    assert shown.startswith(
        "#1     a]0;titleb31m <U+202E>gnp.exe\n       second line\n       of this project"
    )
    assert (
        facts(capsys, "list", "--workspace", folder)[0]["text"]
        == "a]0;titleb31m <U+202E>gnp.exe\nsecond line"
    )


def test_a_secret_is_masked_before_it_is_kept(
    folder: str, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEPLOY_TOKEN", "canary-4f9Xq7Lw2Tz")

    said(capsys, "store", "--workspace", folder, "Deploy with canary-4f9Xq7Lw2Tz")

    monkeypatch.delenv("DEPLOY_TOKEN")
    assert texts(capsys, "list", "--workspace", folder) == ["Deploy with [masked DEPLOY_TOKEN]"]


@pytest.mark.parametrize("arguments", [["list"], ["search", "x"], ["list", "--all"]])
def test_looking_makes_no_file(folder: str, capsys: Captured, arguments: list[str]) -> None:
    said(capsys, *arguments, "--workspace", folder)

    assert not here().folders.database.exists()


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        (["forget", "7", "9"], AgentError, "There is no fact #7, #9 of this project or of you."),
        (["store", "--replaces", "7", "x"], InvalidArguments, "There is no fact #7 to replace."),
        (
            ["store", "x" * 2_001],
            InvalidArguments,
            "A fact has at most 2,000 characters, and this one 2,001.",
        ),
        (["store", " "], InvalidArguments, "There is nothing to remember."),
    ],
)
def test_what_cannot_be_done_is_told(
    folder: str, arguments: list[str], error: type[AgentError], sentence: str
) -> None:
    with pytest.raises(error) as refused:
        run(["memory", arguments[0], "--workspace", folder, *arguments[1:]])

    assert refused.value.args[0] == sentence


def test_without_a_text_in_a_terminal_it_says_how(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    master, terminal = os.openpty()
    monkeypatch.setattr(sys, "stdin", os.fdopen(terminal))

    with pytest.raises(ConfigError, match=r'Say it: roost memory store "…"\.'):
        run(["memory", "store", "--workspace", folder])
    os.close(master)
    sys.stdin.close()


def test_a_damaged_file_is_told_and_left(folder: str) -> None:
    path = here().folders.database
    path.parent.mkdir(parents=True)
    path.write_bytes(b"no database" * 1_000)

    with pytest.raises(StoreError, match="It is damaged, and left as it is"):
        run(["memory", "--workspace", folder])

    assert path.read_bytes() == b"no database" * 1_000
