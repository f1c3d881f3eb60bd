"""Parts from other distributions: entry points of four groups, each a factory.

    roost.tools      factory(ToolServices) -> the tools
    roost.gateways   factory(inner: Gateway) -> a gateway around it
    roost.readers    factory(session id) -> a reader
    roost.policies   factory(Policies) -> Policies, with others in their place

Looking for entry points opens every installed distribution, so what was found is kept in
the cache folder until one of the folders that Python imports from has changed. A plug-in
that does not work is one warning, and the rest goes on.
"""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

from boot.paths import make_own_folder
from core.records import dataclass
from store.private import replace_private_file

GROUPS = ("roost.tools", "roost.gateways", "roost.readers", "roost.policies")

T = TypeVar("T")
Found = Mapping[str, Sequence[tuple[str, str]]]
"""By group: name and `module:attribute` of each entry point."""


@dataclass
class Plugins:
    """The plug-ins of this Python. Nothing of a group is imported before it is asked for."""

    cache: Path
    """Folder to keep what was found in; made when needed."""
    search: Sequence[str] = field(default_factory=lambda: tuple(sys.path))
    warnings: list[str] = field(default_factory=list)
    _found: Found | None = None

    def factories(self, group: str) -> Iterator[tuple[str, Callable[..., Any]]]:
        """Name and factory of each plug-in of `group`, by name."""
        if self._found is None:
            self._found = self._kept() or self._scanned()
        for name, place in self._found.get(group, ()):
            factory = self.made(name, partial(_imported, place))
            if factory is not None:
                yield name, factory

    def made(self, name: str, make: Callable[[], T]) -> T | None:
        """What `make` gives for the plug-in `name`; None, and a warning, when it fails."""
        try:
            return make()
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the code of a stranger may fail with anything
            self.warnings.append(f"The plug-in {name!r} was left out: {type(error).__name__}: {error}.")
            return None

    def applied(self, group: str, part: T) -> T:
        """`part` as each plug-in of `group` in turn hands it on."""
        for name, factory in self.factories(group):
            part = self.made(name, partial(factory, part)) or part
        return part

    @property
    def _file(self) -> Path:
        return self.cache / f"plugins-{sha256(sys.prefix.encode()).hexdigest()[:8]}.json"

    def _kept(self) -> Found | None:
        """None when nothing was kept, or distributions have come or gone since."""
        try:
            kept = json.loads(self._file.read_bytes())
            return dict(kept["found"]) if kept["state"] == _state(self.search) else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _scanned(self) -> Found:
        state = _state(self.search)
        found = _entry_points(self.search)
        try:
            make_own_folder(self.cache)
            replace_private_file(self._file, json.dumps({"state": state, "found": found}).encode())
        except OSError:
            return found  # a cache that cannot be kept costs time only
        return found


def _state(search: Sequence[str]) -> list[list[object]]:
    """Changes whenever a distribution is installed into, or taken from, what Python imports from."""
    return [[sys.version], *([place, _changed_at(place)] for place in search)]


def _changed_at(place: str) -> int:
    try:
        return Path(place).stat().st_mtime_ns
    except OSError:
        return 0


def _entry_points(search: Sequence[str]) -> dict[str, list[tuple[str, str]]]:
    from importlib.metadata import distributions

    found: dict[str, set[tuple[str, str]]] = {group: set() for group in GROUPS}
    for distribution in distributions(path=list(search)):
        for point in distribution.entry_points:
            if point.group in found:
                found[point.group].add((point.name, point.value))
    return {group: sorted(points) for group, points in found.items()}


def _imported(place: str) -> Callable[..., Any]:
    from importlib import import_module

    module, _, attribute = place.partition(":")
    found: Any = import_module(module)
    for name in attribute.split("."):
        found = getattr(found, name)
    if not callable(found):
        raise TypeError(f"{place} cannot be called")
    factory: Callable[..., Any] = found
    return factory
