"""What a parameter of a skill may be: a small closed set of kinds, and what a model is told of each."""

from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from typing import Any, Literal, assert_never

from core.values import value

Written = Literal["str", "int", "float", "bool", "null", "date", "datetime", "any"]
"""Kinds that are one JSON value; a date is text."""
JSON_TYPES: Mapping[Written, Mapping[str, object]] = {
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "null": {"type": "null"},
    "date": {"type": "string", "description": "YYYY-MM-DD"},
    "datetime": {"type": "string", "description": "YYYY-MM-DDThh:mm:ss"},
    "any": {},
}

PLAIN: Mapping[str, Written] = {
    **{"str": "str", "int": "int", "float": "float", "bool": "bool"},
    **{"datetime.date": "date", "datetime.datetime": "datetime"},
    **{"typing.Any": "any", "object": "any"},
}
LISTS = ("list", "typing.List", "typing.Sequence", "typing.Iterable", "typing.Collection")
MAPS = ("dict", "typing.Dict", "typing.Mapping", "typing.MutableMapping")
TUPLES = ("tuple", "typing.Tuple")
KNOWN = (
    "str, int, float, bool, list[...], dict[str, ...], tuple[...], Literal, Optional, Union, TypedDict,"
    " a dataclass, date, datetime"
)
INSTEAD: Mapping[str, str] = {
    name: instead
    for instead, names in {
        "list": "set frozenset typing.Set typing.FrozenSet typing.AbstractSet",
        "list[float]": "numpy.ndarray numpy.array numpy.typing.NDArray pandas.Series",
        "dict[str, list[float]]": "pandas.DataFrame",
        "str": "bytes pathlib.Path",
        "float": "decimal.Decimal datetime.timedelta numpy.float64",
        "tuple[float, float]": "complex",
        "a dataclass": "collections.namedtuple typing.NamedTuple",
        "a class of TypedDict, a line for each field": "typing.TypedDict",
        "Literal[...]": "enum.Enum enum.StrEnum typing.Callable",
    }.items()
    for name in names.split()
}
"""What JSON cannot say, and what to take in its place."""
WRAPPERS = (
    *(f"typing.{name}" for name in ("Annotated", "Required", "NotRequired", "ReadOnly", "Final")),
    "dataclasses.InitVar",
)
"""What stands around a type and changes nothing of it."""


@value
class Plain:
    kind: Literal["plain"] = "plain"
    of: Written


@value
class Listed:
    """A list; or a tuple of any length, which JSON writes the same."""

    kind: Literal["list"] = "list"
    of: "Kind"
    built: Literal["list", "tuple"] = "list"


@value
class Mapped:
    kind: Literal["dict"] = "dict"
    key: Literal["str", "int"] = "str"
    of: "Kind"


@value
class Tupled:
    """A tuple of so many."""

    kind: Literal["tuple"] = "tuple"
    items: "tuple[Kind, ...]"


@value
class Chosen:
    kind: Literal["literal"] = "literal"
    values: tuple[str | int | bool | None, ...]


@value
class Either:
    kind: Literal["union"] = "union"
    of: "tuple[Kind, ...]"


@value
class Record:
    """A dataclass, or a TypedDict, which stays the dict it is."""

    kind: Literal["record"] = "record"
    name: str
    members: "tuple[Member, ...]"
    built: Literal["dataclass", "dict"]


Kind = Plain | Listed | Mapped | Tupled | Chosen | Either | Record
ANY, NULL = Plain(of="any"), Plain(of="null")


@value
class Member:
    """A parameter of a function, or a field of a record."""

    name: str
    of: Kind
    required: bool = True
    description: str = ""
    positional: bool = False
    """Whether it can only be given by its place."""


@value
class Signature:
    """What a skill is called with."""

    members: tuple[Member, ...] = field(default=())


def parameters_schema(signature: Signature) -> dict[str, Any]:
    """The JSON schema of the arguments of a skill, with the keys that servers understand."""
    return {"type": "object", **_properties(signature.members)}


def is_optional(kind: Kind) -> bool:
    return isinstance(kind, Either) and NULL in kind.of


def schema_of_kind(kind: Kind) -> dict[str, Any]:
    match kind:
        case Plain(of=written):
            return dict(JSON_TYPES[written])
        case Mapped():
            return {"type": "object"}
        case Chosen(values=values):
            return {"enum": list(values)}
        case Listed() | Tupled():
            return {"type": "array", "items": _any_of(kind.items if isinstance(kind, Tupled) else (kind.of,))}
        case Either(of=kinds):
            return _any_of(kinds)
        case Record(members=members):
            return {"type": "object", **_properties(members)}
        case _:
            assert_never(kind)


def _any_of(kinds: Iterable[Kind]) -> dict[str, Any]:
    """Each of them once, and null not at all: an optional argument is left out."""
    choices = [schema_of_kind(one) for one in dict.fromkeys(kinds) if one != NULL]
    match choices:
        case []:
            return {"type": "null"}
        case [choice]:
            return choice
    return {"anyOf": choices}


def _properties(members: tuple[Member, ...]) -> dict[str, Any]:
    properties = {member.name: _described(member) for member in members}
    needed = [member.name for member in members if member.required]
    return {"properties": properties} | ({"required": needed} if needed else {})


def _described(member: Member) -> dict[str, Any]:
    schema = schema_of_kind(member.of)
    said = [member.description, str(schema.get("description", "")), *_length(member.of)]
    told = " ".join(filter(None, said))
    return schema | ({"description": told} if told else {})


def _length(kind: Kind) -> list[str]:
    """What a schema cannot say of a tuple in words that all servers understand."""
    return [f"({len(kind.items)} items)"] if isinstance(kind, Tupled) else []


def with_description(member: Member, said: str) -> Member:
    return replace(member, description=said) if said else member
