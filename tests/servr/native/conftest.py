"""Lets these tests import torch and what else the extra `native` has, out of the folder of `.ci/servers`.

Without `export ROOST_TEST_SERVERS="$(.ci/servers)"` they are not collected.
"""

import os
import site
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.servr.native.models import Made

HERE = Path(__file__).parent
SERVERS = os.environ.get("ROOST_TEST_SERVERS", "")
PACKAGES = f"native/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"

collect_ignore_glob = [] if SERVERS else ["test_*.py"]
if SERVERS:
    installed = Path(SERVERS, PACKAGES)
    if not installed.is_dir():
        raise FileNotFoundError(f"{installed} is not there: .ci/servers makes it")
    site.addsitedir(str(installed))  # behind what is installed here


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of these tests are slow: `make test` does without their folder, for it imports torch."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> "Callable[[Made], Path]":
    """The folder of a model, made at its first use: `model_folder(Made("llama"))`."""
    from tests.servr.native.models import make

    folders: dict[Made, Path] = {}

    def folder(made: "Made") -> Path:
        if made not in folders:
            folders[made] = make(tmp_path_factory.mktemp("model") / made.family, made)
        return folders[made]

    return folder
