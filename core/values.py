"""Values that cross a boundary: frozen records, written as plain JSON and read back checked.

Writing is on the way to the first model request, so it uses the standard library
only; reading validates what a file or a wire brings, and loads pydantic for it.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import FrozenInstanceError, dataclass, fields, is_dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, dataclass_transform

if TYPE_CHECKING:
    from pydantic import TypeAdapter

T = TypeVar("T")


def _equal(self: object, other: object) -> bool:
    return self.__class__ is other.__class__ and vars(self) == vars(other)


def _hash(self: object) -> int:
    return hash((self.__class__, *vars(self).values()))


def _repr(self: object) -> str:
    kind: Any = self.__class__
    shown = (f"{field.name}={getattr(self, field.name)!r}" for field in fields(kind) if field.repr)
    return f"{kind.__name__}({', '.join(shown)})"


def _set_once(self: Any, name: str, item: object) -> None:
    if name in vars(self) or name not in self.__dataclass_fields__:
        raise FrozenInstanceError(f"cannot assign to field {name!r}")
    vars(self)[name] = item


def _never(self: object, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


_SHARED = {
    **{"__eq__": _equal, "__hash__": _hash, "__repr__": _repr},
    **{"__setattr__": _set_once, "__delattr__": _never},
}
"""One of each for all values: making them anew for every class is a fifth of a start."""


@dataclass_transform(frozen_default=True, kw_only_default=True)
def value(cls: type[T]) -> type[T]:
    """Make a class a value: frozen, compared by content, built with keywords."""
    cls.__doc__ = cls.__doc__ or cls.__name__  # else one is made from the signature, which takes longer
    made = dataclass(kw_only=True, eq=False, repr=False)(cls)
    for name, method in _SHARED.items():
        setattr(made, name, method)
    return made


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
        return {name: getattr(item, name) for name in _names(type(item))}
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
def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


@cache
def _adapter(kind: Any) -> "TypeAdapter[Any]":
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


Clock = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)
