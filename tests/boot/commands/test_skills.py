"""`roost skills`: a person looks at what the agent made, tests it, accepts it, and carries it elsewhere."""

import io
import os
import sys
from pathlib import Path

import pytest

from boot.commands.running import run
from core.errors import AgentError, ConfigError

Captured = pytest.CaptureFixture[str]
DOUBLE = '''# function: double
# example: double(2) == 4

def double(x: int) -> int:
    """Double a number."""
    return 2 * x
'''
READY = "double  Double a number.  (version {}, 0 calls, 0 failed)"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    skills = tmp_path / "project/.roost/skills"
    skills.mkdir(parents=True)
    (skills / "double.py").write_text(DOUBLE)
    return tmp_path / "project"


def said(captured: Captured, folder: Path, *arguments: str, code: int = 0) -> list[str]:
    action, *rest = arguments
    assert run(["skills", action, "--workspace", str(folder), *rest]) == code
    return captured.readouterr().out.splitlines()


def test_a_skill_is_called_only_after_its_code_was_seen_and_accepted(folder: Path, capsys: Captured) -> None:
    assert said(capsys, folder, "list") == ["double  set aside: nobody has accepted it on this machine"]
    assert said(capsys, folder, "accept", "double", "--yes") == [
        "double, which nobody has accepted on this machine:",
        *DOUBLE.splitlines(),
        "double is accepted (version 1, its examples pass).",
    ]
    assert said(capsys, folder, "list") == [READY.format(1)]
    assert said(capsys, folder, "show", "double") == [READY.format(1), "", *DOUBLE.splitlines()]


def test_what_was_changed_since_is_shown_as_a_difference(folder: Path, capsys: Captured) -> None:
    said(capsys, folder, "accept", "double", "--yes")
    (folder / ".roost/skills/double.py").write_text(DOUBLE.replace("2 * x", "x + x"))

    aside, shown = said(capsys, folder, "list"), said(capsys, folder, "accept", "double", "--yes")

    assert aside == ["double  set aside: it was changed since it was accepted"]
    assert shown[-3:] == [
        "-    return 2 * x",
        "+    return x + x",
        "double is accepted (version 2, its examples pass).",
    ]


def test_without_a_person_nothing_is_accepted(folder: Path, capsys: Captured) -> None:
    with pytest.raises(AgentError, match="Nobody is there to say yes"):
        said(capsys, folder, "accept", "double")

    capsys.readouterr()
    assert said(capsys, folder, "list") == ["double  set aside: nobody has accepted it on this machine"]


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        (DOUBLE.replace("== 4", "== 5"), "double(2) == 5: the left side is 4, the right side 5"),
        (DOUBLE.replace("x: int", "x"), "Line 4: x has no type. Write x: TYPE, TYPE being one of"),
        ("import socket\nprint(1)\n", "There is no function 'double' at the top of the file. It has none."),
    ],
)
def test_what_does_not_pass_is_not_accepted(source: str, fault: str, folder: Path, capsys: Captured) -> None:
    (folder / ".roost/skills/double.py").write_text(source)

    tested = said(capsys, folder, "test", code=1)
    with pytest.raises(ConfigError, match="double is not accepted"):
        said(capsys, folder, "accept", "double", "--yes")

    assert tested[0].startswith(f"double: {fault}")


def test_a_passing_skill_is_said_to_pass(folder: Path, capsys: Captured) -> None:
    assert said(capsys, folder, "test") == said(capsys, folder, "test", "double") == ["double: passes"]


def test_a_disabled_skill_is_set_aside_until_it_is_accepted(folder: Path, capsys: Captured) -> None:
    said(capsys, folder, "accept", "double", "--yes")

    assert said(capsys, folder, "disable", "double") == [
        "double is disabled. roost skills accept double brings it back."
    ]
    assert said(capsys, folder, "list") == ["double  set aside: it was disabled"]
    assert said(capsys, folder, "accept", "double", "--yes")[0] == "double is what was accepted before."
    assert said(capsys, folder, "list") == [READY.format(1)]


def test_a_removed_skill_stays_among_the_older_ones(folder: Path, capsys: Captured) -> None:
    assert said(capsys, folder, "remove", "double") == [
        "double is removed; it stays as .roost/skills/older/double.0.py."
    ]
    assert said(capsys, folder, "list") == [
        "No Python skill is in .roost/skills: the model makes them with promote_skill."
    ]


def test_an_import_never_brings_acceptance_with_it(folder: Path, capsys: Captured, tmp_path: Path) -> None:
    said(capsys, folder, "accept", "double", "--yes")
    (tmp_path / "other").mkdir()
    out = tmp_path / "out"

    exported = said(capsys, folder, "export", str(out))
    (out / "bad.py").write_text("import socket\n\ndef bad():\n    pass\n")
    (out / "pyexe.py").write_text(DOUBLE)
    (out / "notes.txt").write_text("x")
    (out / "huge.py").write_text("#" * 300_000)
    (out / "bytes.py").write_bytes(b"\xff")
    os.mkfifo(out / "pipe.py")
    imported = said(capsys, tmp_path / "other", "import", str(out))

    assert exported == [str(out / "double.py")]
    assert imported == [
        "bad was left out: Line 1: socket reaches the network, which skills cannot. Allowed are the standard"
        " library and numpy.",
        "bytes was left out: 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte.",
        "double is here now. It is not run before you accept it: roost skills accept double",
        "huge was left out: it is no file, or too large.",
        "pipe was left out: it is no file, or too large.",
        "pyexe was left out: There is a tool 'pyexe' already. Take another tool_name.",
    ]
    assert said(capsys, tmp_path / "other", "list") == [
        "double  set aside: nobody has accepted it on this machine"
    ]
    assert said(capsys, folder, "import", str(out))[2] == "double is there already, and was left as it is."


@pytest.mark.parametrize("action", ["show", "accept", "disable", "remove"])
@pytest.mark.parametrize("name", ["nope", "../double", ""])
def test_a_skill_that_is_not_there_is_refused(action: str, name: str, folder: Path, capsys: Captured) -> None:
    with pytest.raises(ConfigError, match=r"There is double\.$"):
        said(capsys, folder, action, name)


def test_what_nobody_would_see_of_the_code_is_shown(folder: Path, capsys: Captured) -> None:
    (folder / ".roost/skills/double.py").write_text(DOUBLE.replace("2 * x", "2 * x  # \u202e\x1b[2K"))

    shown = "\n".join(said(capsys, folder, "show", "double"))

    assert ("\u202e" in shown, "\x1b" in shown) == (False, False)
