"""Between JSON and the values of a skill: arguments are built from it, and what comes back is written as it.

Part of the process behind skills (`tool/skill_worker.py`), and as that one for any Python from 3.8 on.
"""

from __future__ import annotations

import dataclasses
import datetime
import enum
import inspect
import json
import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

MOST_CHARS, MOST_ITEMS, MOST_DEPTH, MOST_BITS = 400_000, 100_000, 60, 8_000


class NotPlain(Exception):
    """A value that JSON has no words for."""


class Unfit(Exception):
    """An argument that is not of the kind it should be."""


def short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 200 else text[:200] + "..."


def fitted(
    function: Callable[..., Any],
    members: Sequence[dict[str, Any]],
    given: dict[str, Any],
    names: dict[str, Any],
) -> Any:
    """The arguments of the call: dates, tuples and records made of the JSON that was given."""
    placed, named = [], {}
    own = inspect.signature(function).parameters
    for member in members:
        name = member["name"]
        if member["positional"]:
            placed.append(fit(member["of"], given[name], names) if name in given else own[name].default)
        elif name in given:
            named[name] = fit(member["of"], given[name], names)
    return placed, named


def fit(kind: dict[str, Any], given: Any, names: dict[str, Any]) -> Any:
    return FITS[kind["kind"]](kind, given, names)


def fit_plain(kind: dict[str, Any], given: Any, names: dict[str, Any]) -> Any:
    of = kind["of"]
    if of == "any":
        return given
    if of in ("date", "datetime"):
        return fit_date(of, given)
    wanted: Any = {"str": str, "int": int, "float": (int, float), "bool": bool, "null": type(None)}[of]
    if not isinstance(given, wanted) or (isinstance(given, bool) and of != "bool"):
        raise Unfit(f"{short(given)} is no {of}")
    return float(given) if of == "float" else given


def fit_date(of: str, given: Any) -> Any:
    kind: Any = getattr(datetime, of)
    try:
        return kind.fromisoformat(given.replace("Z", "+00:00"))
    except (AttributeError, ValueError) as error:
        raise Unfit(f"{short(given)} is no {of}") from error


def fit_list(kind: dict[str, Any], given: Any, names: dict[str, Any]) -> Any:
    items = [fit(kind["of"], item, names) for item in expected(list, given)]
    return tuple(items) if kind["built"] == "tuple" else items


def fit_dict(kind: dict[str, Any], given: Any, names: dict[str, Any]) -> Any:
    key = int if kind["key"] == "int" else str
    return {key(name): fit(kind["of"], item, names) for name, item in expected(dict, given).items()}


def fit_tuple(kind: dict[str, Any], given: Any, names: dict[str, Any]) -> Any:
    if len(expected(list, given)) != len(kind["items"]):
        raise Unfit(f"{short(given)} has not {len(kind['items'])} items")
    return tuple(fit(one, item, names) for one, item in zip(kind["items"], given))  # noqa: B905  Python 3.8 has no strict


def fit_literal(kind: dict[str, Any], given: Any, names: dict[str, Any]) -> Any:
    if not any(given == one and type(given) is type(one) for one in kind["values"]):
        raise Unfit(f"{short(given)} is none of {short(kind['values'])}")
    return given


def fit_union(kind: dict[str, Any], given: Any, names: dict[str, Any]) -> Any:
    order = ["int", "date", "datetime", "float", "str", "any"]  # the closest first
    for one in sorted(kind["of"], key=lambda one: order.index(one["of"]) if one.get("of") in order else 0):
        with suppress(Unfit, ValueError):
            return fit(one, given, names)
    raise Unfit(f"{short(given)} is of no kind that is allowed")


def fit_record(kind: dict[str, Any], given: Any, names: dict[str, Any]) -> Any:
    known = {member["name"]: member["of"] for member in kind["members"]}
    unknown = [name for name in expected(dict, given) if name not in known]
    missing = [one["name"] for one in kind["members"] if one["required"] and one["name"] not in given]
    if unknown or missing:
        raise Unfit(f"{short(given)} is no {kind['name']}")
    items = {name: fit(known[name], item, names) for name, item in given.items()}
    return names[kind["name"]](**items) if kind["built"] == "dataclass" else items


def expected(kind: type, given: Any) -> Any:
    if not isinstance(given, kind):
        raise Unfit(f"{short(given)} is no {kind.__name__}")
    return given


FITS: dict[str, Callable[[dict[str, Any], Any, dict[str, Any]], Any]] = {
    **{"plain": fit_plain, "list": fit_list, "dict": fit_dict, "tuple": fit_tuple},
    **{"literal": fit_literal, "union": fit_union, "record": fit_record},
}


def written(returned: object) -> str:
    """The JSON of what a skill has returned. Raises NotPlain, saying where there is something else in it."""
    text = json.dumps(Plainly().value(returned, "", 0), allow_nan=False)
    if len(text) > MOST_CHARS:
        raise NotPlain(
            f"it returned {len(text)} characters; return at most {MOST_CHARS}: less of it, or a sum of it"
        )
    return text


class Plainly:
    """Turns values into what JSON knows, and gives up at what is too large before it is copied."""

    def __init__(self) -> None:
        self.left = MOST_ITEMS

    def value(self, item: Any, place: str, depth: int) -> Any:
        self.spend(1)
        if depth > MOST_DEPTH:
            raise NotPlain(f"what it returned holds itself, or is nested more than {MOST_DEPTH} times")
        if item is None or isinstance(item, (bool, int, float, str)):
            return self.scalar(item, place)
        if isinstance(item, (datetime.date, datetime.time)):
            return item.isoformat()
        if dataclasses.is_dataclass(item) and not isinstance(item, type):
            fields = {field.name: getattr(item, field.name) for field in dataclasses.fields(item)}
            return self.mapping(fields, place, depth)
        if isinstance(item, dict):
            return self.mapping(item, place, depth)
        if isinstance(item, (list, tuple, range, set, frozenset, type({}.keys()), type({}.values()))):
            return self.items(item, place, depth)
        return self.other(item, place, depth)

    def scalar(self, item: Any, place: str) -> Any:
        if isinstance(item, enum.Enum):
            return self.scalar(item.value, place)
        if isinstance(item, float) and not math.isfinite(item):
            raise NotPlain(
                f"it returned {float(item)!r}{at(place)}, which JSON has no word for; return None there"
            )
        if isinstance(item, int) and item.bit_length() > MOST_BITS:
            raise NotPlain(f"it returned a number of {item.bit_length()} bits{at(place)}; return it as text")
        if isinstance(item, str):
            self.spend(len(item) // 8)
        return item

    def mapping(self, item: dict[Any, Any], place: str, depth: int) -> dict[str, Any]:
        self.spend(len(item))
        found = {}
        for key, inner in item.items():
            if not isinstance(key, (str, int, datetime.date)):
                raise NotPlain(f"it returned {named(key)} as a key{at(place)}; keys are texts")
            name = key.isoformat() if isinstance(key, datetime.date) else str(key)
            found[name] = self.value(inner, f"{place}[{short(name)}]", depth + 1)
        return found

    def items(self, item: Any, place: str, depth: int) -> Sequence[Any]:
        self.spend(len(item))
        if isinstance(item, (set, frozenset)):
            item = sorted(item, key=repr)
        return [self.value(inner, f"{place}[{number}]", depth + 1) for number, inner in enumerate(item)]

    def other(self, item: Any, place: str, depth: int) -> Any:
        """Arrays and their numbers know how to become lists; all else is not for JSON."""
        if isinstance(item, enum.Enum):
            return self.value(item.value, place, depth + 1)
        if hasattr(item, "tolist") and hasattr(item, "size"):
            self.spend(int(item.size))
            return self.value(item.tolist(), place, depth + 1)
        mend = "list(...) of it" if hasattr(item, "__next__") else "lists, dicts, numbers and texts"
        raise NotPlain(f"it returned {named(item)}{at(place)}, which JSON has no word for; return {mend}")

    def spend(self, items: int) -> None:
        self.left -= items
        if self.left < 0:
            raise NotPlain(f"it returned too much: more than {MOST_ITEMS} values; return less of it")


def named(item: object) -> str:
    return "a value of type " + type(item).__name__


def at(place: str) -> str:
    return " at " + place if place else ""
