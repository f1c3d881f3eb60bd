"""Bodies in Python: `[f(a="x"), g()]`, or a call on each line. Read as a tree, never evaluated."""

import ast
import json
import re
from dataclasses import replace

from core.python_literal import read_literal
from gate.dialects.brackets import PYTHON, Bracketed
from gate.dialects.calls import Heard, Reading
from gate.dialects.json_body import object_call
from gate.dialects.source import Steps, Unfinished

BEGIN = re.compile(r"\[|(?P<name>[A-Za-z_][\w.]{0,80})(?=\()")
HALF_BEGIN = re.compile(r"[A-Za-z_][\w.]{0,80}")
CALL_LIKE = re.compile(r"\[?\s*+[A-Za-z_][\w.]{0,80}\(")
NEXT = re.compile(r"[;,]?\s{0,64}(?=[A-Za-z_\[])")
HALF_NEXT = re.compile(r"[;,]?\s{0,64}")
STRING = re.compile(
    r"""(?P<long>\"{3}(?:[^\\]|\\.)*?\"{3}|'{3}(?:[^\\]|\\.)*?'{3})|"(?:[^"\\]|\\.)*+"|'(?:[^'\\]|\\.)*+'""",
    re.DOTALL,
)


def python_body(reading: Reading) -> Steps[list[Heard] | None]:
    """The calls, or None where nothing of the kind stands."""
    source = reading.source
    yield from source.space()
    heard: list[Heard] = []
    while begun := (yield from source.look(BEGIN, reach=84, half=HALF_BEGIN)):
        start = source.place
        source.at = begun.end("name") if begun["name"] else source.at
        brackets = Bracketed(source, PYTHON)
        yield from brackets.scan()
        text = source.between(start, source.place)
        if brackets.cut and CALL_LIKE.match(text):
            raise Unfinished
        found = pythonic_calls(text, source.place) if brackets.whole else None
        if not found:
            if heard:
                source.back_to(start)
            break
        ends = (*brackets.parts[:-1], source.place)
        heard += (
            [one.ending(place) for one, place in zip(found, ends, strict=True)]
            if len(found) == len(brackets.parts) and text.startswith("[")
            else found
        )
        following = yield from source.look(NEXT, reach=66, half=HALF_NEXT)
        source.at = following.end() if following else source.at
    return heard or None


def pythonic_calls(text: str, end: int) -> list[Heard] | None:
    """The calls of a Python expression, `f(a=1)` or a list of such. Nothing is evaluated."""
    tree, repairs = _parsed(text), tuple[str, ...]()
    if tree is None:
        tree, repairs = _parsed(STRING.sub(_one_line, text)), ("raw line ends in a string",)
    if tree is None:
        return None
    nodes = tree.elts if isinstance(tree, ast.List | ast.Tuple) else [tree]
    heard = [_python_call(node, end) for node in nodes]
    return [replace(one, repairs=(*repairs, *one.repairs)) for one in heard if one] if all(heard) else None


def _parsed(text: str) -> ast.expr | None:
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "\\d" is an odd escape, and means itself
            return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _one_line(string: re.Match[str]) -> str:
    return string[0] if string["long"] else string[0].replace("\r", "\\r").replace("\n", "\\n")


def _python_call(node: ast.expr, end: int) -> Heard | None:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name | ast.Attribute):
        return None
    name = ast.unparse(node.func)
    found = [(keyword.arg, read_literal(ast.unparse(keyword.value))) for keyword in node.keywords]
    if node.args or any(key is None or value is None for key, value in found):
        # Positions and expressions would be guesses: the executor refuses the words as they are.
        return Heard(name, ast.unparse(node)[len(name) :], end)
    pairs = ", ".join(f"{json.dumps(key)}: {value}" for key, value in found)
    return object_call(name, "{" + pairs + "}", end)
