"""What a function lacks to be a skill, made of the calls that were seen: type hints and a docstring."""

import ast
from collections.abc import Mapping, Sequence
from contextlib import suppress

from flow.foundry.literals import literal, literal_of, type_of


def completed(source: str, function: str, calls: Sequence[tuple[str, str]], summary: str) -> str:
    """`source` with the hints and the docstring of `function`, where there were none and calls tell them."""
    tree = ast.parse(source)
    node = next(
        one for one in reversed(tree.body) if isinstance(one, ast.FunctionDef) and one.name == function
    )
    before = ast.dump(node)
    given = _given(node, calls)
    for parameter in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
        if parameter.annotation is None:
            parameter.annotation = _annotation(given.get(parameter.arg, ()))
    if node.returns is None:
        node.returns = _annotation([literal_of(result) for _, result in calls])
    if not ast.get_docstring(node):
        node.body.insert(0, ast.Expr(ast.Constant(summary)))
    return source if ast.dump(node) == before else ast.unparse(ast.fix_missing_locations(tree)) + "\n"


def _given(node: ast.FunctionDef, calls: Sequence[tuple[str, str]]) -> Mapping[str, list[object]]:
    """By parameter: the values it was given, its default among them."""
    names = [one.arg for one in (*node.args.posonlyargs, *node.args.args)]
    found: dict[str, list[object]] = {name: [] for name in names}
    defaults = dict(zip(reversed(names), reversed(node.args.defaults), strict=False))
    named = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
    defaults |= {one.arg: default for one, default in named if default is not None}
    for name, default in defaults.items():
        _add(found, name, default)
    for written, _ in calls:
        call = ast.parse(written, mode="eval").body
        if isinstance(call, ast.Call):
            for name, argument in zip(names, call.args, strict=False):
                _add(found, name, argument)
            for keyword in call.keywords:
                _add(found, keyword.arg or "", keyword.value)
    return found


def _add(found: dict[str, list[object]], name: str, node: ast.expr) -> None:
    with suppress(ValueError):
        found.setdefault(name, []).append(literal(node))


def _annotation(values: Sequence[object]) -> ast.expr | None:
    try:
        return ast.parse(type_of(values), mode="eval").body
    except ValueError:
        return None
