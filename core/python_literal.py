"""Python's way of writing what JSON can hold: `{'a': True}`."""

import ast
import json
import warnings

CONSTANTS = {"true": True, "false": False, "null": None}


def read_literal(text: str) -> str | None:
    """`text`, a Python literal in which JSON's own constants may stand, as JSON; None when it is none.

    A key that stands there twice stands twice in the result.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "\\d" is an odd escape, and means itself
            return _json(ast.parse(text, mode="eval").body)
    except (SyntaxError, TypeError, ValueError, MemoryError):
        return None


def _json(node: ast.expr) -> str:
    match node:
        case ast.Dict(keys=keys, values=values):
            pairs = zip(keys, values, strict=True)
            return "{" + ",".join(f"{_key(key)}:{_json(item)}" for key, item in pairs) + "}"
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return "[" + ",".join(map(_json, items)) + "]"
        case ast.Name(id=name) if name in CONSTANTS:
            return json.dumps(CONSTANTS[name])
    return json.dumps(ast.literal_eval(node))


def _key(node: ast.expr | None) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return json.dumps(node.value)
    raise ValueError("a key is no text")
