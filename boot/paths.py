"""Where things are: the user's own folders, the checkout, and the folder the agent works in.

data    sessions/<workspace>/<id>.jsonl              AGENT_DATA_DIR
        calibrations/<model>-<digest>.json
        checkpoints/objects/, checkpoints/pending/
        projects/<workspace>/*.lock
        roost.sqlite
config  settings.toml, .env, rules                   AGENT_CONFIG_DIR
cache   what can be made again                       AGENT_CACHE_DIR
"""

import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from core.errors import ConfigError
from core.values import value
from store.private import make_private_folder

LOCATIONS = ("AGENT_DATA_DIR", "AGENT_CONFIG_DIR", "AGENT_CACHE_DIR")
"""Read from the environment only: settings are found by them."""

OWN_FOLDER = ".roost"
AGENTS_SKILLS = ".agents/skills"
"""Where several agents look for skills."""


@value
class Folders:
    """What belongs to the user, outside every workspace. Nothing is made before something is kept there."""

    data: Path
    config: Path
    cache: Path

    @property
    def sessions(self) -> Path:
        return self.data / "sessions"

    @property
    def checkpoints(self) -> Path:
        return self.data / "checkpoints"

    @property
    def database(self) -> Path:
        return self.data / "roost.sqlite"

    @property
    def calibrations(self) -> Path:
        return self.data / "calibrations"


def user_folders(environment: Mapping[str, str], platform: str = sys.platform) -> Folders:
    """By the platform's custom, unless the environment names others.

    Raises:
        ConfigError: nobody says where the user's home is.
    """
    variable = "USERPROFILE" if platform == "win32" else "HOME"
    home = Path(environment.get(variable) or _expanded("~"))
    if not home.is_absolute():
        raise ConfigError(f"The home folder is {str(home)!r}.", hint=f"Set {variable} to a whole path.")

    def below(variable: str, otherwise: Path) -> Path:
        named = environment.get(variable, "")
        return (Path(named) if Path(named).is_absolute() else otherwise) / "roost"

    if platform == "win32":
        roaming = below("APPDATA", home / "AppData" / "Roaming")
        local = below("LOCALAPPDATA", home / "AppData" / "Local")
        usual = Folders(data=local, config=roaming, cache=local / "cache")
    elif platform == "darwin":
        support = home / "Library" / "Application Support" / "roost"
        usual = Folders(data=support, config=support, cache=home / "Library" / "Caches" / "roost")
    else:
        usual = Folders(
            data=below("XDG_DATA_HOME", home / ".local" / "share"),
            config=below("XDG_CONFIG_HOME", home / ".config"),
            cache=below("XDG_CACHE_HOME", home / ".cache"),
        )
    data, config, cache = (_absolute(environment.get(name, "")) for name in LOCATIONS)
    return Folders(data=data or usual.data, config=config or usual.config, cache=cache or usual.cache)


@cache
def checkout_folder() -> Path | None:
    """The real folder of cli.py when this is a checkout, None when Roost was installed as a package."""
    folder = Path(__file__).resolve().parents[1]
    return folder if (folder / "cli.py").is_file() and (folder / "pyproject.toml").is_file() else None


def workspace_folder(named: str, cwd: Path, checkout: Path | None) -> Path:
    """The real path of the folder to work in: `named`, or where the user is.

    In the checkout's own root it is the `workspace/` that ships with it.

    Raises:
        ConfigError: it is no folder.
    """
    folder = (cwd / _expanded(named)).resolve() if named else cwd.resolve()
    if not named and checkout is not None and folder == checkout.resolve():
        folder = folder / "workspace"
    if not folder.is_dir():
        problem = "is not a folder" if folder.exists() else "does not exist"
        raise ConfigError(
            f"The workspace {str(folder)!r} {problem}.",
            hint="Make it, or name another with --workspace or AGENT_WORKSPACE.",
        )
    return folder


def make_own_folder(folder: Path) -> None:
    """One of `Folders`. A folder that the user named may be in use otherwise, and is left as it is."""
    if folder.name == "roost" or not folder.exists():
        make_private_folder(folder)
    folder.mkdir(exist_ok=True)  # raises where it is something else


def artifacts_folder(workspace: Path) -> Path:
    return workspace / OWN_FOLDER / "artifacts"


def _absolute(named: str) -> Path | None:
    return _expanded(named).absolute() if named else None


def _expanded(named: str) -> Path:
    try:
        return Path(named).expanduser()
    except RuntimeError as error:
        raise ConfigError(
            f"No home is known for {named!r}.", hint="Set HOME, or write a whole path."
        ) from error
