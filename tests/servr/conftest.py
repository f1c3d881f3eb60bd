from pathlib import Path

import pytest


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """Of a new user, whose home lies beside it."""
    (tmp_path / "home").mkdir()
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder
