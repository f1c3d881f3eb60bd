"""From the signature of a skill to an arguments model, so that a call of it is checked like any other."""

import warnings
from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache, reduce
from operator import or_
from typing import Annotated, Any, ClassVar, Literal, assert_never

from pydantic import BaseModel, ConfigDict, Field, create_model

from core.errors import SkillRejected
from core.skill_kinds import Chosen, Either, Kind, Listed, Mapped, Member, Plain, Record, Tupled
from core.skills import Contract

PLAIN: Mapping[str, Any] = {
    **{"str": str, "int": int, "float": Annotated[float, Field(allow_inf_nan=False)], "bool": bool},
    **{"null": None, "date": date, "datetime": datetime, "any": Any},
}


class SkillArguments(BaseModel):
    """Arguments of a skill; the schema is the compiler's, which is leaner."""

    model_config = ConfigDict(protected_namespaces=())
    lean_schema: ClassVar[Mapping[str, Any]] = {}

    @classmethod
    def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return dict(cls.lean_schema)


class SkillRecord(SkillArguments):
    """An object among them. What it has too much of nobody else would notice."""

    model_config = ConfigDict(extra="forbid")


@lru_cache(64)
def arguments_model(contract: Contract) -> type[SkillArguments]:
    """Raises SkillRejected when a parameter has a name that no arguments model can have."""
    model = _model(contract.name, contract.signature.members, SkillArguments)
    model.__doc__ = contract.description
    model.lean_schema = {"description": contract.description, **contract.parameters}
    return model


def _model(name: str, members: tuple[Member, ...], base: type[SkillArguments]) -> type[SkillArguments]:
    fields: dict[str, Any] = {
        member.name: (_type_of(member.of), Field() if member.required else Field(default=None))
        for member in members
    }
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a parameter may be called `copy` or `json`
            return create_model(name, __base__=base, **fields)
    except (NameError, ValueError, TypeError) as error:
        said = f"A parameter of {name} has a name that cannot be used: {error}."
        raise SkillRejected(said, hint="Give it another one.") from error


def _type_of(kind: Kind) -> Any:
    match kind:
        case Plain(of=written):
            return PLAIN[written]
        case Listed(of=inner):
            return list[_type_of(inner)]  # type: ignore[misc]
        case Mapped(key=key, of=inner):
            return dict[int if key == "int" else str, _type_of(inner)]  # type: ignore[misc]
        case Tupled(items=items):
            return tuple[tuple(map(_type_of, items))]  # type: ignore[misc]
        case Chosen(values=values):
            return Literal[values]
        case Either() | Record():
            return _joined(kind)
        case _:
            assert_never(kind)


def _joined(kind: Either | Record) -> Any:
    if isinstance(kind, Record):
        return _model(kind.name, kind.members, SkillRecord)
    types = [_type_of(one) for one in kind.of]
    return reduce(or_, [type(None) if one is None else one for one in types])
