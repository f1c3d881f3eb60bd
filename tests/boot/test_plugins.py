import importlib
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from boot.plugins import Plugins

WORKING = """
def shout(words):
    return words.upper()

def broken(words):
    return words[1000]

answer = 42
"""


@dataclass
class Site:
    """A folder that Python imports from, and one to keep in what was found there."""

    folder: Path
    cache: Path
    names: list[str] = field(default_factory=list)

    def install(self, name: str, entry_points: str, source: str = WORKING) -> None:
        """Leave a distribution there as pip would."""
        (self.folder / f"{name}.py").write_text(source)
        notes = self.folder / f"{name}-1.0.dist-info"
        notes.mkdir()
        (notes / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (notes / "entry_points.txt").write_text(entry_points)
        (self.folder / "__pycache__").mkdir(exist_ok=True)  # importing would make it, and change the folder
        self.names.append(name)
        os.utime(self.folder, (len(self.names), len(self.names)))  # two installations may share a clock tick
        importlib.invalidate_caches()

    def plugins(self) -> Plugins:
        return Plugins(self.cache, search=[str(self.folder)])


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    place = Site(tmp_path / "site", tmp_path / "cache")
    place.folder.mkdir()
    monkeypatch.syspath_prepend(str(place.folder))
    yield place
    for name in place.names:
        sys.modules.pop(name, None)


def test_a_plug_in_of_an_installed_distribution_is_found(site: Site) -> None:
    site.install(
        "plug_one", "[roost.readers]\nloud = plug_one:shout\n[console_scripts]\nx = plug_one:shout\n"
    )
    plugins = site.plugins()

    found = {name: factory("ok") for name, factory in plugins.factories("roost.readers")}

    assert (found, list(plugins.factories("roost.tools")), plugins.warnings) == ({"loud": "OK"}, [], [])


def test_what_was_found_is_kept_until_a_distribution_comes(site: Site) -> None:
    site.install("plug_two", "[roost.readers]\nfirst = plug_two:shout\n")
    before = names(site.plugins())
    mark_kept(site.cache, "kept")

    kept = names(site.plugins())
    site.install("plug_three", "[roost.readers]\nsecond = plug_three:shout\n")
    after = names(site.plugins())

    assert (before, kept, after) == (["first"], ["kept"], ["first", "second"])


def names(plugins: Plugins) -> list[str]:
    return [name for name, _ in plugins.factories("roost.readers")]


def mark_kept(cache: Path, name: str) -> None:
    """Give what was kept another name, so that reading it can be told from looking again."""
    (file,) = cache.iterdir()
    kept = json.loads(file.read_text())
    kept["found"]["roost.readers"][0][0] = name
    file.write_text(json.dumps(kept))


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"state": 1, "found": {}}'])
def test_a_damaged_cache_is_made_again(site: Site, content: str) -> None:
    site.install("plug_four", "[roost.readers]\nloud = plug_four:shout\n")
    names(site.plugins())
    (file,) = (site.cache).iterdir()
    file.write_text(content)

    assert names(site.plugins()) == ["loud"]


def test_a_cache_that_cannot_be_written_is_done_without(site: Site) -> None:
    site.install("plug_five", "[roost.readers]\nloud = plug_five:shout\n")
    (site.cache).write_text("")

    assert names(site.plugins()) == ["loud"]


@pytest.mark.parametrize(
    ("place", "source", "reason"),
    [
        ("plug_six:no_such", WORKING, "AttributeError: module 'plug_six' has no attribute 'no_such'."),
        ("plug_six:answer", WORKING, "TypeError: plug_six:answer cannot be called."),
        ("no_such_module:x", WORKING, "ModuleNotFoundError: No module named 'no_such_module'."),
        ("plug_six:shout", "raise RuntimeError('no driver')", "RuntimeError: no driver."),
        ("plug_six:shout", "raise Exception('anything')", "Exception: anything."),
        ("plug_six:shout", "import sys; sys.exit(3)", "SystemExit: 3."),
        ("plug_six:shout", "def (", "SyntaxError: invalid syntax (plug_six.py, line 1)."),
    ],
)
def test_a_plug_in_that_cannot_be_loaded_is_one_warning(
    site: Site, place: str, source: str, reason: str
) -> None:
    site.install("plug_six", f"[roost.readers]\nbad = {place}\n", source)
    site.install("plug_seven", "[roost.readers]\ngood = plug_seven:shout\n")
    plugins = site.plugins()

    found = names(plugins)

    assert (found, plugins.warnings) == (["good"], [f"The plug-in 'bad' was left out: {reason}"])


def test_a_factory_that_fails_leaves_the_part_as_it_was(site: Site) -> None:
    site.install("plug_eight", "[roost.gateways]\na = plug_eight:broken\nb = plug_eight:shout\n")
    plugins = site.plugins()

    applied = plugins.applied("roost.gateways", "gateway")

    assert applied == "GATEWAY"
    assert plugins.warnings == ["The plug-in 'a' was left out: IndexError: string index out of range."]
