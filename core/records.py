"""`dataclass` as in the standard library, but for its price: making a class compiles nothing.

The standard one writes, compiles and runs the source of up to six methods for each class: a third of a start.
Here all classes share theirs, which look at the fields when they are called. Same arguments, same promises;
`field`, `fields` and `replace` are those of the standard library.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import MISSING, FrozenInstanceError, field, fields
from functools import cache
from typing import Any, TypeVar, dataclass_transform, overload

T = TypeVar("T")

__all__ = ["dataclass", "field"]


@overload
@dataclass_transform(field_specifiers=(field,))
def dataclass(cls: type[T], /) -> type[T]: ...
@overload
@dataclass_transform(field_specifiers=(field,))
def dataclass(
    *, frozen: bool = False, kw_only: bool = False, eq: bool = True, repr: bool = True
) -> Callable[[type[T]], type[T]]: ...
def dataclass(
    cls: type[T] | None = None,
    /,
    *,
    frozen: bool = False,
    kw_only: bool = False,
    eq: bool = True,
    repr: bool = True,
) -> Any:
    shared: dict[str, object] = {"__init__": _begin}
    if repr:
        shared["__repr__"] = _shown
    if eq:
        shared |= {"__eq__": _equal, "__hash__": _hash if frozen else None}
    if frozen:
        shared |= {"__setattr__": _refuse_to_set, "__delattr__": _refuse_to_delete}

    def made(cls: type[T]) -> type[T]:
        cls.__doc__ = cls.__doc__ or cls.__name__  # else one is made from the signature, which takes longer
        own = vars(cls).copy()
        done = dataclasses.dataclass(init=False, repr=False, eq=False, kw_only=kw_only)(cls)
        for name, method in shared.items():
            if name not in own or (name == "__hash__" and own[name] is None):
                setattr(done, name, method)
        return done

    return made if cls is None else made(cls)


@cache
def names(kind: Any) -> tuple[str, ...]:
    """Of the fields of a class, in their order."""
    return tuple(one.name for one in fields(kind))


@cache
def _plan(kind: Any) -> tuple[tuple[str, ...], tuple[tuple[str, bool, object, object], ...], bool]:
    """The fields that may be given by place; each field with whether it may be given at all and where its
    value comes from else; and whether there is more to do in the end.
    """
    placed = tuple(one.name for one in fields(kind) if one.init and not one.kw_only)
    rows = tuple((one.name, one.init, one.default, one.default_factory) for one in fields(kind))
    return placed, rows, hasattr(kind, "__post_init__")


def _begin(self: Any, /, *placed: object, **given: object) -> None:
    kind = self.__class__
    places, rows, goes_on = _plan(kind)
    if placed:
        given = _with_placed(kind, dict(zip(places, placed, strict=False)), len(placed), given)
    held, taken = vars(self), 0
    for name, may_be_given, default, factory in rows:
        if may_be_given and name in given:
            held[name] = given[name]
            taken += 1
        elif factory is not MISSING:
            held[name] = factory()  # type: ignore[operator]
        elif default is not MISSING:
            held[name] = default
        elif may_be_given:
            raise TypeError(f"{kind.__qualname__}() needs {name!r}")
    if taken < len(given):
        known = {name for name, may_be_given, *_ in rows if may_be_given}
        raise TypeError(f"{kind.__qualname__}() takes no {min(given.keys() - known)!r}")
    if goes_on:
        self.__post_init__()


def _with_placed(
    kind: type, placed: dict[str, object], count: int, named: dict[str, object]
) -> dict[str, object]:
    if count > len(placed):
        raise TypeError(f"{kind.__qualname__}() takes {len(placed)} by place, and was given {count}")
    if twice := placed.keys() & named.keys():
        raise TypeError(f"{kind.__qualname__}() was given {min(twice)!r} twice")
    return placed | named


def _held(self: Any) -> tuple[object, ...]:
    kind, held = self.__class__, vars(self)
    return tuple(map(held.get, names(kind)))


def _equal(self: Any, other: object) -> Any:
    if type(self) is not type(other):
        return NotImplemented
    return _held(self) == _held(other)


def _hash(self: Any) -> int:
    return hash((self.__class__, *_held(self)))


def _shown(self: object) -> str:
    kind: Any = self.__class__
    shown = (f"{one.name}={getattr(self, one.name)!r}" for one in fields(kind) if one.repr)
    return f"{kind.__qualname__}({', '.join(shown)})"


def _refuse_to_set(self: object, name: str, item: object) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(self: object, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")
