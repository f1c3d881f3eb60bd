"""Which profile fits a model: found by its name, among the families of `profiles/` and the user's own.

name ─► normalised ─► the most exact pattern ─► profile ─► fitted to the window

`python -m model.generate_index` gathers the family files in `profiles/index.json`, so that a start reads
one file and no TOML; a user's own files are read as they are.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from core.profile import ModelProfile, Sampling, as_hosted, fitted
from model.names import normalised

PROFILES = Path(__file__).with_name("profiles")
INDEX = PROFILES / "index.json"

Entry = Mapping[str, Any]
NO_FIELDS = ("patterns", "sampling", "own", "said")
NOTHING: Mapping[str, object] = {}


def profile_of(
    model: str,
    window_tokens: int | None = None,
    *,
    own: Path | None = None,
    hosted: bool = False,
    learned: Mapping[str, object] = NOTHING,
    dialects: Sequence[str] = (),
) -> ModelProfile:
    """The profile of the model of this name, fitted to the window that its server says it has.

    `own` is the folder with the user's family files, which need not exist and may name no dialect but one of
    `dialects`, if these are given; `hosted` says that others
    run the server; `learned` are fields that this model's calibration found out: they come before those
    of its family, and after what a file of the user's says of it.

    Raises:
        ConfigError: a file of the user's cannot be read; it names file and key.
    """
    entries: dict[str, Entry] = {entry["name"]: entry for entry in json.loads(INDEX.read_bytes())}
    if own is not None and own.is_dir():
        from model.families import users_entries  # reads TOML, which most starts need not

        entries.update((entry["name"], entry) for entry in users_entries(own, entries, dialects))
    best = _best(model, entries.values())
    family = _profile(best)
    family = as_hosted(family) if hosted or family.hosted else family
    found_out: dict[str, Any] = {
        key: item for key, item in learned.items() if key not in best.get("said", ())
    }
    return fitted(replace(family, **found_out), window_tokens)


def _best(model: str, entries: Iterable[Entry]) -> Entry:
    """The entry with the most exact pattern for the name; the user's come before all built-in ones."""
    names = {normalised(model), model.lower()}

    def exactness(entry: Entry) -> tuple[bool, int, int]:
        fitting = [_exactness(pattern) for pattern in entry["patterns"] if _fits(pattern, names)]
        return bool(fitting and entry.get("own")), *max(fitting, default=(-1, 0))

    return max(entries, key=exactness)


def _fits(pattern: str, names: Iterable[str]) -> bool:
    pattern = pattern.lower()
    pieces = pattern.replace("?", "*").split("*")  # looked for first: each pattern costs a regular expression
    return any(all(map(name.__contains__, pieces)) and fnmatchcase(name, pattern) for name in names)


def _exactness(pattern: str) -> tuple[int, int]:
    """How many letters it names; then the fewer wildcards, the better."""
    letters = len(pattern.replace("*", "").replace("?", ""))
    return letters, letters - len(pattern)


def _profile(entry: Entry) -> ModelProfile:
    fields = {key: item for key, item in entry.items() if key not in NO_FIELDS}
    return ModelProfile(**fields, sampling=Sampling(**entry.get("sampling", {})))
