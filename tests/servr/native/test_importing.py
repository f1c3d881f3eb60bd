"""Modules of the native server are like all others, but for what they need."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.importing import ROOT, importing
from tests.servr.native.conftest import installed

NATIVE = ROOT / "servr" / "native"
NEEDED = ("torch", "transformers.modeling_utils", "jinja2", "fastapi", "llguidance", "asyncio")


@pytest.mark.slow
def test_importing_a_module_does_nothing(tmp_path: Path) -> None:
    paths = sorted(NATIVE.rglob("*.py"))
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths]
    program = importing(names, before=NEEDED, folders=(installed,))

    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ran.returncode, ran.stdout.splitlines()) == (0, [f"imported {len(names)}"]), ran.stderr
