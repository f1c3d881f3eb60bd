"""Reads family files; each describes one profile, and those of its variants.

family = "qwen3"                 the name of the profile
patterns = ["*qwen3*"]           which models it is for
dialect = "hermes"               and further fields of ModelProfile
[sampling]                       stands as a whole: what it leaves out, the server decides
temperature = 0.6
[[variants]]                     members that differ: the family's fields, and these in their place
name = "qwen3-instruct"
patterns = ["*qwen3-instruct*"]
"""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from core.errors import ConfigError
from model.family_form import FAMILY, SAMPLING, VARIANT, Table, check, unknown

Entry = Mapping[str, Any]
"""One profile: `name`, `patterns`, and those of its fields that are not the usual ones."""

DEFAULT = "default"


def entries_of(file: Path, dialects: Sequence[str] = ()) -> list[Entry]:
    """The family of a file, then its variants, each as the file has it.

    `dialects` are those there are; without any, whatever the file names is believed.

    Raises:
        ConfigError: naming the file and the key that is wrong.
    """
    try:
        family = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"{str(file)!r} cannot be read: {error}.", hint="Mend or remove it.") from error
    return list(_entries(family, str(file), dialects))


def _entries(family: Table, place: str, dialects: Sequence[str]) -> Iterator[Entry]:
    check(family, FAMILY, place, needed=("family",))
    _check_dialect(family, dialects, place)
    check(family.get("sampling", {}), SAMPLING, f"{place}: sampling")
    shared = {key: item for key, item in family.items() if key not in ("family", "variants")}
    yield {"name": family["family"], **shared}
    for number, variant in enumerate(family.get("variants", ()), start=1):
        where = f"{place}: variant {number}"
        check(variant, VARIANT, where, needed=("name", "patterns"))
        _check_dialect(variant, dialects, where)
        check(variant.get("sampling", {}), SAMPLING, f"{where}: sampling")
        yield {**shared, **variant}


def _check_dialect(table: Table, dialects: Sequence[str], place: str) -> None:
    named = table.get("dialect")
    if named and dialects and named not in dialects:
        raise unknown(named, dialects, f"{place}: dialect is {named!r}, and there is no such dialect.")


def users_entries(folder: Path, built_in: Mapping[str, Entry], dialects: Sequence[str] = ()) -> list[Entry]:
    """The entries of the user's own files in order of their names, with what they leave out filled in.

    Raises:
        ConfigError: see `entries_of`; also when an entry is based on a profile that does not exist.
    """
    return [
        _filled(entry, built_in, str(file))
        for file in sorted(folder.glob("*.toml"))
        for entry in entries_of(file, dialects)
    ]


def _filled(own: Entry, built_in: Mapping[str, Entry], place: str) -> Entry:
    """What `own` leaves out is its base's: the one it names, the built-in one of its name, or the default.

    `said` are the keys that the file itself has.
    """
    name = own["name"]
    base = own.get("base", name if name in built_in else DEFAULT)
    if base not in built_in:
        raise unknown(base, built_in, f"{place}: base is {base!r}, and there is no such profile.")
    if name not in built_in:
        check(own, {**FAMILY, **VARIANT}, place, needed=("patterns",))
    fields = {**built_in[base], **own, "own": "patterns" in own, "said": tuple(own)}
    return {key: item for key, item in fields.items() if key != "base"}
