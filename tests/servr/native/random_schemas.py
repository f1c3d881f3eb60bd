"""JSON schemas by chance: all that is enforced, in any company."""

from collections.abc import Callable, Mapping
from random import Random

Schema = dict[str, object]
NAMES = (
    "a",
    "name",
    "größe",
    "日本",
    "a b",
    'quo"te',
    "sla/sh",
    "back\\slash",
    "line\nend",
    "\N{PARTY POPPER}",
)
PATTERNS = (
    "^[a-z]{1,4}$",
    "^(ja|nein)$",
    r"^\d{2}-\d{2}$",
    "^[äöü]{2,3}$",
    "x",
    "^a.b$",
    r"^\w{0,3}$",
    '^"[^"]*"$',
)
FORMATS = ("date", "time", "date-time", "uuid", "ipv4", "ipv6")


def schema(seed: int) -> Schema:
    """An object, as `response_format` wants it, that may be recursive."""
    chance = Random(seed)
    depth = 1 + seed % 3
    made = _object(chance, depth)
    made["$defs"] = {"leaf": _any(chance, 0), "tree": _tree(chance)}
    if chance.random() < 0.3:
        properties = made["properties"]
        assert isinstance(properties, dict)
        properties["tree"] = {"$ref": "#/$defs/tree"}
        properties["leaf"] = {"$ref": "#/$defs/leaf"}
    return made


def _any(chance: Random, depth: int) -> Schema:
    leaves: list[Callable[[Random, int], Schema]] = [_text, _text, _number, _integer, _enum, _const, _boolean]
    nested: list[Callable[[Random, int], Schema]] = [_object, _map, _array, _tuple, _union, _both, _free]
    return chance.choice(leaves + nested * (depth > 0))(chance, depth - 1)


def _text(chance: Random, _: int) -> Schema:
    kind = chance.randrange(4)
    if kind == 0:
        return {"type": "string", "pattern": chance.choice(PATTERNS), "maxLength": 12}
    if kind == 1:
        return {"type": "string", "format": chance.choice(FORMATS)}
    least = chance.randrange(4)
    return {"type": "string", "minLength": least, "maxLength": least + chance.randrange(5)}


def _number(chance: Random, _: int) -> Schema:
    low = round(chance.uniform(-50, 50), chance.randrange(3))
    limits = {chance.choice(("minimum", "exclusiveMinimum")): low}
    limits[chance.choice(("maximum", "exclusiveMaximum"))] = round(low + chance.uniform(0.5, 100), 2)
    return {"type": "number", **limits}


def _integer(chance: Random, _: int) -> Schema:
    low = chance.randrange(-2_000, 2_000)
    more: Schema = {"multipleOf": chance.choice((2, 5, 7))} if chance.random() < 0.3 else {}
    return {"type": "integer", "minimum": low, "maximum": low + chance.randrange(8, 500), **more}


def _enum(chance: Random, _: int) -> Schema:
    several = (*NAMES, 1, 2.5, None, True, {"a": [1, "ü"]}, [], -7, "")
    return {"enum": chance.sample(several, chance.randrange(1, 6))}


def _const(chance: Random, _: int) -> Schema:
    return {"const": chance.choice((*NAMES, 12, False, None, [1, [2]], {"x": {"y": "z"}}, 0.25))}


def _boolean(chance: Random, _: int) -> Schema:
    return {"type": chance.choice(("boolean", "null", ["boolean", "null"]))}


def _object(chance: Random, depth: int) -> Schema:
    names = chance.sample(NAMES, chance.randrange(5))
    made: Schema = {"type": "object", "properties": {name: _any(chance, depth) for name in names}}
    made["required"] = [name for name in names if chance.random() < 0.5]
    if chance.random() < 0.8:
        made["additionalProperties"] = chance.choice((False, False, _any(chance, 0)))
    return made


def _map(chance: Random, depth: int) -> Schema:
    made: Schema = {"type": "object", "additionalProperties": _any(chance, depth)}
    if chance.random() < 0.6:
        made["patternProperties"] = {"^x_": _any(chance, depth), "^y[0-9]{1,3}$": _any(chance, depth)}
    if chance.random() < 0.4:
        made |= {"minProperties": 1, "maxProperties": chance.randrange(1, 4)}
    return made


def _array(chance: Random, depth: int) -> Schema:
    least = chance.randrange(3)
    return {
        "type": "array",
        "items": _any(chance, depth),
        "minItems": least,
        "maxItems": least + chance.randrange(4),
    }


def _tuple(chance: Random, depth: int) -> Schema:
    first = [_any(chance, depth) for _ in range(chance.randrange(1, 4))]
    return {"type": "array", "prefixItems": first, "items": False, "minItems": len(first)}


def _union(chance: Random, depth: int) -> Schema:
    return {"anyOf": [_any(chance, depth) for _ in range(chance.randrange(1, 4))]}


def _both(chance: Random, depth: int) -> Schema:
    left, right = (
        {"type": "object", "properties": {name: _any(chance, depth)}, "required": [name]} for name in "lr"
    )
    return {"allOf": [left, right]}


def _free(chance: Random, depth: int) -> Schema:
    return chance.choice(({}, {"description": "anything"}, {"type": ["string", "integer"], "maxLength": 3}))


def _tree(chance: Random) -> Mapping[str, object]:
    branch = {"type": "array", "items": {"$ref": "#/$defs/tree"}, "maxItems": 2}
    properties = {"value": _any(chance, 0), "branches": branch}
    return {"type": "object", "properties": properties, "required": ["value"], "additionalProperties": False}
