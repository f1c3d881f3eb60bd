"""`dataclass` as in the standard library, but for its price: making a class compiles nothing.

The standard one writes, compiles and runs the source of up to six methods for each class: a third of a start.
Here all classes share theirs, which look at the fields when they are called. Same arguments, same promises;
`field`, `fields` and `replace` are those of the standard library.
"""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import MISSING, FrozenInstanceError, field, fields
from functools import cache
from typing import Any, NamedTuple, TypeVar, dataclass_transform, overload

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


class _Plan(NamedTuple):
    """What is to be known of a class to begin an instance."""

    placed: tuple[str, ...]
    """Fields that may be given by place."""
    known: frozenset[str]
    """Fields that may be given."""
    needed: frozenset[str]
    """Fields that must be given."""
    held: dict[str, object]
    """All fields in their order, with what they hold unless they are given."""
    made: tuple[tuple[str, Callable[[], object]], ...]
    """Fields that are made for each instance unless they are given."""
    goes_on: bool
    """Whether there is more to do in the end."""


@cache
def _plan(kind: Any) -> _Plan:
    known = {one.name: one for one in fields(kind) if one.init}
    made = {one.name: one.default_factory for one in fields(kind) if one.default_factory is not MISSING}
    defaults = {one.name for one in fields(kind) if one.default is not MISSING}
    return _Plan(
        placed=tuple(name for name, one in known.items() if not one.kw_only),
        known=frozenset(known),
        needed=frozenset(known.keys() - made.keys() - defaults),
        held={
            one.name: one.default for one in fields(kind) if one.init or one.name in made.keys() | defaults
        },
        made=tuple(made.items()),
        goes_on=hasattr(kind, "__post_init__"),
    )


def _begin(self: Any, /, *placed: object, **given: object) -> None:
    kind = self.__class__
    plan = _plan(kind)
    if placed:
        by_place = dict(zip(plan.placed, placed, strict=False))
        if len(by_place) < len(placed) or not by_place.keys().isdisjoint(given):
            raise _misplaced(kind, by_place, len(placed), given)
        given = {**by_place, **given}
    if not (plan.known >= given.keys() >= plan.needed):
        raise _misnamed(kind, plan, given)
    held = vars(self)
    held.update(plan.held)
    held.update(given)
    for name, make in plan.made:
        if name not in given:
            held[name] = make()
    if plan.goes_on:
        self.__post_init__()


def _misplaced(
    kind: type, placed: Mapping[str, object], count: int, named: Mapping[str, object]
) -> TypeError:
    if count > len(placed):
        return TypeError(f"{kind.__qualname__}() takes {len(placed)} by place, and was given {count}")
    return TypeError(f"{kind.__qualname__}() was given {min(placed.keys() & named.keys())!r} twice")


def _misnamed(kind: type, plan: _Plan, given: Mapping[str, object]) -> TypeError:
    if missing := plan.needed - given.keys():
        return TypeError(f"{kind.__qualname__}() needs {min(missing)!r}")
    return TypeError(f"{kind.__qualname__}() takes no {min(given.keys() - plan.known)!r}")


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
