"""Plain values in Python code: what they are, and of which type."""

import ast
from collections.abc import Iterable, Sequence

MOST_EXAMPLE_CHARS = 400
PLAIN = (bool, int, float, str, type(None))


def literal(node: ast.expr) -> object:
    """Raises ValueError when it is no plain value."""
    try:
        found: object = ast.literal_eval(node)
    except (TypeError, SyntaxError, MemoryError, RecursionError) as error:
        raise ValueError("it is no plain value") from error
    type_of([found])
    return found


def literal_of(text: str) -> object:
    """Of an answer that shows one. Raises ValueError."""
    if len(text) > MOST_EXAMPLE_CHARS:
        raise ValueError("it is too long to be an example")
    try:
        return literal(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, MemoryError, RecursionError) as error:
        raise ValueError("it is no plain value") from error


def type_of(values: Iterable[object]) -> str:
    """The annotation that all these values fit. Raises ValueError when there is none a skill can have."""
    kinds = list(dict.fromkeys(map(_kind, values)))
    optional = "None" in kinds
    kinds = [kind for kind in kinds if kind != "None"]
    if not kinds:
        raise ValueError("nothing tells its type")
    merged = _merged(kinds)
    return f"{merged} | None" if optional else merged


def _kind(found: object) -> str:
    match found:
        case None:
            return "None"
        case bool() | int() | float() | str():
            return type(found).__name__
        case [*_] if isinstance(found, list):
            return f"list[{type_of(found)}]"
        case tuple():
            return f"tuple[{', '.join(map(_kind, found))}]" if found else _refused(found)
        case dict() if all(isinstance(key, str) for key in found):
            return f"dict[str, {type_of(found.values())}]"
        case _:
            return _refused(found)


def _refused(found: object) -> str:
    raise ValueError(f"{type(found).__name__} is no type of a parameter")


def _merged(kinds: Sequence[str]) -> str:
    """One of several: whole numbers are numbers too, at any depth."""
    if len(kinds) == 1:
        return kinds[0]
    as_numbers = {kind.replace("int", "float") for kind in kinds}
    if len(as_numbers) == 1:
        return as_numbers.pop()
    return " | ".join(kinds)
