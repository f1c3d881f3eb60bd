"""What holds for every test: an empty home, and no setting of the person who runs them. Sockets: see addopts."""

import gc
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.clocks import ENOUGH_SECONDS

HOME_VARIABLES = {
    "HOME": "",
    "USERPROFILE": "",
    "XDG_CACHE_HOME": ".cache",
    "XDG_CONFIG_HOME": ".config",
    "XDG_DATA_HOME": ".local/share",
    "XDG_STATE_HOME": ".local/state",
    "APPDATA": "AppData/Roaming",
    "LOCALAPPDATA": "AppData/Local",
}


def pytest_configure() -> None:
    """No example is too slow: a machine may stall."""
    settings.register_profile("roost", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("roost")


def pytest_collection_finish() -> None:
    """Thousands of collected tests stay to the end: no collection of garbage has to look at them."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def empty_home(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """Answers with a home in which nobody left anything: the last one, as a rule."""
    folder = tmp_path_factory.mktemp("home")

    def empty() -> Path:
        nonlocal folder
        if not folder.is_dir() or any(folder.iterdir()):
            folder = tmp_path_factory.mktemp("home")
        return folder

    return empty


@pytest.fixture(autouse=True)
def home(empty_home: Callable[[], Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = empty_home()
    for name, below in HOME_VARIABLES.items():
        monkeypatch.setenv(name, str(folder / below))
    for name in tuple(os.environ):
        if name.startswith(("AGENT_", "GEMINI_")):
            monkeypatch.delenv(name)
    return folder


@pytest.fixture
def time_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine is, every model server says in time what it is asked."""
    from boot import model_check, models
    from gate import discovery, live_window

    for module, limit in (
        (discovery, "DETAILS_SECONDS"),
        (discovery, "LOCAL_SECONDS"),
        (discovery, "LOOK_SECONDS"),
        (live_window, "MEASURE_SECONDS"),
        (model_check, "FIND_SECONDS"),
    ):
        monkeypatch.setattr(module, limit, ENOUGH_SECONDS)
    for function in (discovery.server_facts, models.servers_of, models.served_model):
        monkeypatch.setitem(function.__kwdefaults__, "seconds", ENOUGH_SECONDS)
