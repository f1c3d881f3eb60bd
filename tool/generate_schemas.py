"""Writes `schemas.json` from the arguments models: `python -m tool.generate_schemas`."""

import json
from importlib import import_module

from core.schema import schema_of
from tool.registry import BUILT_IN, SCHEMAS


def generated() -> str:
    """What `schemas.json` has to hold."""
    return json.dumps([_described(place) for place in BUILT_IN.values()], ensure_ascii=False, indent=1) + "\n"


def _described(place: str) -> dict[str, object]:
    module, _, name = place.partition(":")
    tool = getattr(import_module(module), name)
    description, parameters = schema_of(tool.args)
    return {
        "name": tool.name,
        "effect": tool.effect.value,
        "description": description,
        "parameters": parameters,
    }


if __name__ == "__main__":
    SCHEMAS.write_text(generated(), encoding="utf-8")
