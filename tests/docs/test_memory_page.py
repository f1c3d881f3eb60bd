"""The example of docs/memory.md, carried out: what stands there is what comes out."""

import re
import shlex
from pathlib import Path

import pytest

from boot.commands.running import run
from boot.layers import here
from boot.remembering import Remembering

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "memory.md").read_text(encoding="utf-8")
COMMANDS, HEAD, *_ = re.findall(r"^```\n(.+?)\n```", PAGE, re.DOTALL | re.MULTILINE)


def dated(text: str) -> str:
    return re.sub(r"\d{4}-\d\d-\d\d", "DATE", text)


def test_the_example_says_what_comes_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shown = []
    for command in re.findall(r"^\$ roost (.+)", COMMANDS, re.MULTILINE):
        assert run(shlex.split(command)) == 0
        shown.append(f"$ roost {command}\n{capsys.readouterr().out}")

    assert dated("".join(shown)).rstrip() == dated(COMMANDS)
    memory = Remembering(path=here().folders.database, project=str(tmp_path.resolve()))
    assert dated(memory.head("normal")) == dated(HEAD)
    memory.close()
