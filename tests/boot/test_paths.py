from pathlib import Path

import pytest

from boot.paths import Folders, user_folders, workspace_folder
from core.errors import ConfigError


@pytest.mark.parametrize(
    ("platform", "environment", "data", "config", "cache"),
    [
        ("linux", {"HOME": "/h"}, "/h/.local/share/roost", "/h/.config/roost", "/h/.cache/roost"),
        (
            "linux",
            {"HOME": "/h", "XDG_DATA_HOME": "/d", "XDG_CONFIG_HOME": "relative"},
            "/d/roost",
            "/h/.config/roost",
            "/h/.cache/roost",
        ),
        (
            "darwin",
            {"HOME": "/h"},
            "/h/Library/Application Support/roost",
            "/h/Library/Application Support/roost",
            "/h/Library/Caches/roost",
        ),
        (
            "win32",
            {"USERPROFILE": "/u"},
            "/u/AppData/Local/roost",
            "/u/AppData/Roaming/roost",
            "/u/AppData/Local/roost/cache",
        ),
        (
            "win32",
            {"USERPROFILE": "/u", "APPDATA": "/r", "LOCALAPPDATA": "/l"},
            "/l/roost",
            "/r/roost",
            "/l/roost/cache",
        ),
        (
            "linux",
            {"HOME": "/h", "AGENT_DATA_DIR": "/a", "AGENT_CONFIG_DIR": "/b", "AGENT_CACHE_DIR": "/c"},
            "/a",
            "/b",
            "/c",
        ),
    ],
)
def test_the_user_s_folders_follow_the_platform(
    platform: str, environment: dict[str, str], data: str, config: str, cache: str
) -> None:
    folders = user_folders(environment, platform)

    assert folders == Folders(data=Path(data), config=Path(config), cache=Path(cache))
    assert folders.sessions == Path(data) / "sessions"


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"HOME": "here"}, "The home folder is 'here'. Set HOME to a whole path."),
        (
            {"HOME": "/h", "AGENT_DATA_DIR": "~nobody-of-this-name/x"},
            "No home is known for '~nobody-of-this-name/x'. Set HOME, or write a whole path.",
        ),
    ],
)
def test_a_home_that_cannot_be_is_said(environment: dict[str, str], sentence: str) -> None:
    with pytest.raises(ConfigError) as raised:
        user_folders(environment, "linux")

    assert str(raised.value) == sentence


def test_a_workspace_in_the_home_of_nobody_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No home is known for '~nobody-of-this-name'"):
        workspace_folder("~nobody-of-this-name", tmp_path, None)
