"""The settings of one start, merged from where they may stand, each with its origin.

    defaults < user file < project file < project .env < trusted .env < environment < flags
                           └──── may only tighten ────┘

The trusted `.env` files are the one in the user's config folder and the one beside cli.py.
"""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import field
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

from boot.paths import (
    LOCATIONS,
    OWN_FOLDER,
    Folders,
    checkout_folder,
    user_folders,
    workspace_folder,
)
from boot.settings import Setting, Settings, known_settings
from core.errors import ConfigError
from core.records import dataclass

FILE = "settings.toml"

FLAGS = {"model_url": "--url", "max_steps": "--max-steps"}
"""Flags that are not `--` and the field's name."""


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """Where a start looks for settings."""

    environment: Mapping[str, str]
    cwd: Path
    folders: Folders
    checkout: Path | None = None


def here() -> Surroundings:
    """Those of this process."""
    try:
        cwd = Path.cwd()
    except FileNotFoundError as error:
        raise ConfigError("The current folder does not exist any more.", hint="Go to another one.") from error
    return Surroundings(
        environment=os.environ,
        cwd=cwd,
        folders=user_folders(os.environ),
        checkout=checkout_folder(),
    )


@dataclass(frozen=True, kw_only=True)
class Loaded:
    settings: Settings
    workspace: Path
    """Real path of the folder to work in."""
    origins: Mapping[str, str]
    """By field: where its value stands."""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Value:
    read: Any
    origin: str


@dataclass
class _Merge:
    values: dict[str, Value] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def current(self, known: Setting) -> Any:
        return self.values[known.name].read if known.name in self.values else known.default

    def tighten(self, file: str, wanted: Mapping[str, Value]) -> None:
        """Take from a project's file what is stricter; say once what was left."""
        ignored = []
        for name, value in wanted.items():
            known = known_settings()[name]
            if known.tightens is not None and known.tightens(self.current(known), value.read):
                self.values[name] = value
            else:
                ignored.append(name)
        if ignored:
            self.warnings.append(
                f"{file!r} may only make settings stricter; ignored there: {', '.join(ignored)}."
            )


def load_settings(around: Surroundings, flags: Mapping[str, object]) -> Loaded:
    """Merge all layers.

    Args:
        around: where to look.
        flags: given on the command line, by field name.

    Raises:
        ConfigError: an unknown name, a value that is not allowed, an unreadable file, no workspace.
    """
    merge = _Merge()
    user_file = _toml_values(around.folders.config / FILE)
    dotenvs = _trusted_dotenvs(around)
    outermost = {**_from_environment(around.environment, merge.warnings), **_from_flags(flags)}
    trusted = {**user_file, **dotenvs, **outermost}
    named = trusted["workspace"].read if "workspace" in trusted else ""
    workspace = workspace_folder(named, around.cwd, around.checkout)

    merge.values.update(user_file)
    _tighten_by_project(merge, workspace, around)
    merge.values.update({**dotenvs, **outermost})

    chosen = {name: value.read for name, value in merge.values.items()}
    origins = {name: value.origin for name, value in merge.values.items()}
    return Loaded(
        settings=Settings(**chosen),
        workspace=workspace,
        origins={name: origins.get(name, "default") for name in known_settings()},
        warnings=tuple(merge.warnings),
    )


def _tighten_by_project(merge: _Merge, workspace: Path, around: Surroundings) -> None:
    settings_file = workspace / OWN_FOLDER / FILE
    merge.tighten(str(settings_file), _toml_values(settings_file))
    dotenv = workspace / ".env"
    if dotenv not in trusted_files(around):
        found = _variables(dotenv)
        variables = {name: found[name] for name in found if name.startswith("AGENT_")}
        strangers = [name for name in variables if name not in _by_variable()]
        if strangers:
            merge.warnings.append(f"{str(dotenv)!r} names no setting of Roost with {', '.join(strangers)}.")
        merge.tighten(str(dotenv), _known_variables(variables, str(dotenv)))


def trusted_files(around: Surroundings) -> list[Path]:
    folders = [around.folders.config, *([around.checkout] if around.checkout else [])]
    return [folder.resolve() / ".env" for folder in folders]


def _trusted_dotenvs(around: Surroundings) -> dict[str, Value]:
    values = dict[str, Value]()
    for file in trusted_files(around):
        variables = _variables(file)
        for name in variables:
            if name not in _by_variable():
                raise _unknown(name, f" in {str(file)!r}", _by_variable())
        values.update(_known_variables(variables, str(file)))
    return values


def _from_environment(environment: Mapping[str, str], warnings: list[str]) -> dict[str, Value]:
    """The environment is everybody's: a name unlike ours may be another program's, and is only told of."""
    names = [*_by_variable(), *LOCATIONS]
    strangers = [name for name in sorted(environment) if name.startswith("AGENT_") and name not in names]
    for name in strangers:
        if _closest(name, names):
            raise _unknown(name, " in the environment", names)
    if strangers:
        warnings.append(f"No setting of Roost, ignored in the environment: {', '.join(strangers)}.")
    return _known_variables(environment, "environment")


def _from_flags(flags: Mapping[str, object]) -> dict[str, Value]:
    values = dict[str, Value]()
    for name, given in flags.items():
        flag = FLAGS.get(name, f"--{name.replace('_', '-')}")
        values[name] = Value(_read(known_settings()[name], given, flag), flag)
    return values


def _known_variables(variables: Mapping[str, str], place: str) -> dict[str, Value]:
    """An empty variable is one that was not set."""
    found = dict[str, Value]()
    for variable, known in _by_variable().items():
        if given := variables.get(variable, ""):
            origin = f"{variable} in {place!r}" if place != "environment" else variable
            found[known.name] = Value(_read(known, given, origin), origin)
    return found


def _variables(file: Path) -> dict[str, str]:
    """Those of a `.env` file that are meant for us."""
    try:
        content = file.read_bytes() if file.is_file() else b""
        if b"AGENT_" not in content and b"GEMINI_" not in content:
            return {}
        from dotenv.parser import parse_stream

        lines = list(parse_stream(StringIO(content.decode())))
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(file, error) from error
    for line in lines:
        if line.error and re.match(r"\s*(export\s+)?(AGENT|GEMINI)_", line.original.string):
            raise _unreadable(file, f"line {line.original.line} is not NAME=value")
    found = {line.key: line.value or "" for line in lines if line.key}
    return {name: found[name] for name in found if name.startswith("AGENT_") or name in _by_variable()}


def _toml_values(file: Path) -> dict[str, Value]:
    if not file.is_file():
        return {}
    import tomllib

    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _unreadable(file, error) from error
    values = dict[str, Value]()
    for name, given in table.items():
        if (known := known_settings().get(name)) is None:
            raise _unknown(name, f" in {str(file)!r}", known_settings())
        values[name] = Value(_read(known, given, f"{name} in {str(file)!r}"), str(file))
    return values


def _read(known: Setting, given: object, place: str) -> Any:
    try:
        return known.form.read(given)
    except (ValueError, TypeError) as error:
        shown = "something else" if known.secret else repr(given)
        raise ConfigError(f"{place} is {shown}.", hint=f"It has to be {known.form.allowed}.") from error


@cache
def _by_variable() -> Mapping[str, Setting]:
    return {known.variable: known for known in known_settings().values()}


def _closest(name: str, names: Iterable[str]) -> str:
    from difflib import get_close_matches

    without = {known.removeprefix("AGENT_"): known for known in names}
    found = get_close_matches(name.removeprefix("AGENT_"), without, n=1, cutoff=0.75)
    return without[found[0]] if found else ""


def _unknown(name: str, place: str, names: Iterable[str]) -> ConfigError:
    if name in LOCATIONS:
        return ConfigError(f"{name} cannot stand{place}.", hint="Set it in the environment.")
    closest = _closest(name, names)
    hint = f"Did you mean {closest}?" if closest else "roost settings lists them all."
    return ConfigError(f"There is no setting {name!r}{place}.", hint=hint)


def _unreadable(file: Path, error: Exception | str) -> ConfigError:
    return ConfigError(f"{str(file)!r} cannot be read: {error}.", hint="Mend it or take it away.")
