"""The arguments of one call, in the form of the model's family, held to the tool's schema."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from core.call_forms import CallForm
from servr.native.grammars.lark import Lark
from servr.native.grammars.schemas import Enforce
from servr.native.parts import Invalid

DESCRIBING = {"type", "title", "description", "default", "examples", "deprecated", "$comment"}
OF_ARGUMENTS = DESCRIBING | {
    "properties",
    "required",
    "additionalProperties",
    "$defs",
    "definitions",
    "$schema",
}
DEFINITIONS = ("$defs", "definitions")
KEYS = {"tags": r"[^<>\n\"'\s]{1,80}", "python": r"[A-Za-z_]\w*", "gemma": r"[A-Za-z_][\w.\-]*"}
SEPARATORS = {"tags": "", "python": ", ", "gemma": ","}


class Unwritable(Exception):
    """What the family's own form cannot hold to the schema."""


@dataclass(frozen=True)
class Arguments:
    lark: Lark
    form: CallForm
    enforce: Enforce

    def of(self, schema: Mapping[str, Any], *, field: str) -> str:
        """The part of the grammar for them.

        Raises:
            Invalid: the schema cannot be enforced in any form.
            Unwritable: it can, but not in this one.
        """
        if schema.get("type", "object") != "object":
            raise Invalid("The parameters of a tool are an object.", field=f"{field}.type")
        whole = self.enforce({**schema, "type": "object"}, field)
        if self.form.kind == "json":
            return self.lark.json(whole)
        properties = schema.get("properties", {})
        required = set(schema.get("required", ()))
        is_map = not properties and schema.get("additionalProperties") is not False
        if is_map or schema.keys() - OF_ARGUMENTS or not required <= properties.keys():
            raise Unwritable
        shared = {name: schema[name] for name in DEFINITIONS if name in schema}
        written = [(self._one(key, inner, shared), key in required) for key, inner in properties.items()]
        return self._in_order(written)

    def _in_order(self, written: list[tuple[str, bool]]) -> str:
        """Each once, those that are not required perhaps, and what separates them between two."""
        separator = self.lark.text(SEPARATORS[self.form.kind])
        first, later = '""', '""'
        for one, is_required in reversed(written):
            begun = f"{one} {later}"
            ways = [begun] if is_required else [begun, first]
            following = f"{separator} {one} {later}"
            first = self.lark.any_of(ways)
            later = self.lark.any_of([following] if is_required else [following, later])
        return first

    def _one(self, key: str, schema: Any, shared: Mapping[str, Any]) -> str:
        if not re.fullmatch(KEYS[self.form.kind], key):
            raise Unwritable
        texts = _texts(schema, shared, self.form.kind)
        head, tail = self._around(key, is_text=texts is not None)
        if texts:
            return self.lark.any_of(self.lark.text(head + one + tail) for one in texts)
        if texts is not None:
            return self.lark.rule(f"{self.lark.text(head)} {self.lark.until(tail)}")
        try:
            value = self.lark.json(self.enforce({**schema, **shared}, ""))
        except Invalid as error:  # it refers to what stands elsewhere
            raise Unwritable from error
        return self.lark.rule(f"{self.lark.text(head)} {value} {self.lark.text(tail)}")

    def _around(self, key: str, *, is_text: bool) -> tuple[str, str]:
        form = self.form
        if form.kind == "tags":
            whole = form.argument.replace("KEY", key).replace("IS_TEXT", json.dumps(is_text))
            head, _, tail = whole.partition("VALUE")
            return head, tail
        quote = form.quote if is_text else ""
        return f"{key}{'=' if form.kind == 'python' else ':'}{quote}", quote


def _texts(schema: Any, shared: Mapping[str, Any], kind: str) -> tuple[str, ...] | None:
    """The texts that a value is one of, none for any text; None where it is written as JSON.

    Raises:
        Unwritable: nothing would tell a text from JSON, or text is held to more than being text.
    """
    schema = _resolved(schema, shared)
    held = schema.keys() - DESCRIBING
    kinds = _kinds(schema)
    if kind == "python" or (kinds and "string" not in kinds):
        return None
    if kind == "gemma":
        return None if held or kinds != {"string"} else ()
    if held == {"anyOf"}:
        found = [_texts(one, shared, kind) for one in schema["anyOf"] if one != {"type": "null"}]
        return _all_alike(found)
    if held in ({"enum"}, {"const"}):
        values = schema["enum"] if "enum" in schema else [schema["const"]]
        return _all_alike([(one,) if isinstance(one, str) else None for one in values])
    if held or not kinds <= {"string", "null"}:
        raise Unwritable
    return ()


def _all_alike(found: Sequence[tuple[str, ...] | None]) -> tuple[str, ...] | None:
    if all(one is None for one in found):
        return None
    if None in found:
        raise Unwritable
    texts = [one for one in found if one is not None]
    return () if () in texts else tuple(chain.from_iterable(texts))


def _kinds(schema: Mapping[str, Any]) -> set[str]:
    said = schema.get("type", [])
    return {said} if isinstance(said, str) else set(said)


def _resolved(schema: Any, shared: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a reference to a definition stands for."""
    if not isinstance(schema, Mapping):
        raise Unwritable
    _, _, path = str(schema.get("$ref", "")).partition("#/")
    if not path:
        return schema
    found: Any = shared
    for step in path.split("/"):
        found = found.get(step) if isinstance(found, Mapping) else None
    if not isinstance(found, Mapping) or "$ref" in found or schema.keys() - DESCRIBING != {"$ref"}:
        raise Unwritable
    return found
