"""Values that cross a boundary: frozen records, written as plain JSON and read back checked.

Writing is on the way to the first model request, so it uses the standard library
only; reading validates what a file or a wire brings, and loads pydantic for it.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, dataclass_transform

from core.records import dataclass, names

if TYPE_CHECKING:
    from pydantic import TypeAdapter

T = TypeVar("T")


@dataclass_transform(frozen_default=True, kw_only_default=True)
def value(cls: type[T]) -> type[T]:
    """Make a class a value: frozen, compared by content, built with keywords."""
    return dataclass(frozen=True, kw_only=True)(cls)


def plain(item: object) -> object:
    """`item` as what JSON knows: values become objects with their fields in order, tuples lists."""
    if item is None or isinstance(item, str | int | float):
        return item
    if isinstance(item, list | tuple):
        return [plain(inner) for inner in item]
    if isinstance(item, dict):
        return {str(key): plain(inner) for key, inner in item.items()}
    return plain(_shape(item))


def encode(item: object) -> str:
    """One line of compact JSON, the same bytes for the same value."""
    return _WRITER.encode(item)


def _shape(item: object) -> object:
    """What JSON itself does not know, put in what it knows; what is within stays as it is."""
    if is_dataclass(item) and not isinstance(item, type):
        return {name: getattr(item, name) for name in names(type(item))}
    if isinstance(item, Mapping):
        return dict(item)
    if isinstance(item, datetime):
        return item.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
    raise TypeError(f"{item!r} has no JSON form")


_WRITER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_shape)
"""Goes through texts, lists and objects in C, and asks `_shape` for each value alone."""


def decode(kind: Callable[..., T], text: str | bytes) -> T:
    """Read a value of the class `kind` from JSON.

    Raises:
        ValueError: saying where the text is not of this form.
    """
    adapter: TypeAdapter[T] = _adapter(kind)
    return adapter.validate_json(text)


@cache
def _adapter(kind: Any) -> "TypeAdapter[Any]":
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


Clock = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)
