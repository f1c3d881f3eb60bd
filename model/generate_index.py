"""Writes `profiles/index.json` from the family files: `python -m model.generate_index`."""

import json

from model.catalog import INDEX, PROFILES
from model.families import entries_of


def generated() -> str:
    """What `index.json` has to hold: every profile that is shipped, one a line."""
    entries = [entry for file in sorted(PROFILES.glob("*.toml")) for entry in entries_of(file)]
    return "[\n" + ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in entries) + "\n]\n"


if __name__ == "__main__":
    INDEX.write_text(generated(), encoding="utf-8")
