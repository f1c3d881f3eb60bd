"""The whole of it, as a person has it: one process serves a folder, another is Roost and talks to it."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fakes.hub import FakeHub
from tests.servr.native.models import Made
from tests.servr.native.started import ROOT, ended, start, told

pytestmark = [pytest.mark.slow, pytest.mark.server]


@pytest.fixture
def folder(model_folder: Callable[[Made], Path]) -> Path:
    return model_folder(Made("qwen3"))


def roost(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "cli.py"), *arguments],
        env={**os.environ, "ROOST_NO_SETUP": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
    )


def test_a_folder_is_served_and_roost_talks_to_it(folder: Path, tmp_path: Path) -> None:
    server = start(str(folder), "--window", "3000", "--slots", "2", "--dtype", "fp32")
    lines = [*told(server)]
    url = next(match[0] for line in lines if (match := re.search(r"http://\S+/v1", line)))
    models = roost("models", "--url", url, "--json")
    said = roost("-p", "Hello", "--json", "--url", url, "--max-steps", "1", "--workspace", str(tmp_path))
    code = ended(server)

    assert "qwen3: float32 on cpu, a window of 3,000 tokens, 2 replies at once." in lines
    assert lines[-3:] == [
        f"Roost serves qwen3 at {url}.",
        f"In another terminal: python3 cli.py --url {url}",
        "Ctrl-C ends it.",
    ]
    assert '"kind":"Roost"' in models.stdout
    assert '"window_tokens":3000' in models.stdout
    assert '"type":"model_replied"' in said.stdout, said.stderr
    assert code == 0


def test_a_model_of_a_hub_is_fetched_and_served(folder: Path, tmp_path: Path) -> None:
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    with FakeHub({"tiny/qwen3": files}) as hub:
        there = {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "0"}
        server = start("tiny/qwen3", "--dtype", "int8", **there)
        lines = [*told(server)]
        code = ended(server)

    assert any(line.startswith("tiny/qwen3: int8 on cpu, a window of ") for line in lines)
    assert any(line.startswith("tiny/qwen3 needs 1 file of weights and 5 others") for line in lines)
    assert any(line.startswith("Roost serves tiny/qwen3 at ") for line in lines)
    assert code == 0
