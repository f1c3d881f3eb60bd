"""Pieces of code that came back with other values in them: a function, whose parameters the values are."""

import ast
import builtins
import keyword
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from core.values import value
from flow.foundry.deeds import Deed
from flow.foundry.history import MOST_EXAMPLES, SeenFunction, parsed
from flow.foundry.literals import literal, literal_of

HOLE = "_hole"
LEAST_NODES, MOST_NODES, MOST_PARAMETERS = 20, 1_500, 6
MOST_NAME_CHARS = 40


@value
class Cell:
    session: str
    shape: str
    """Its tree with a hole for every plain value."""
    tree: ast.Module
    values: tuple[ast.expr, ...]
    """What stood in the holes."""
    answer: str


def cells_of(deeds: Iterable[Deed]) -> Iterator[Cell]:
    """Code that needs nothing of what was run before it, and ends with a value."""
    for deed in deeds:
        tree = parsed(deed.text) if deed.kind == "code" else None
        if tree is None or not _can_be_a_function(tree):
            continue
        holes = _Holes()
        shape = ast.dump(holes.visit(tree))
        again = parsed(deed.text)
        if again:
            yield Cell(
                session=deed.session, shape=shape, tree=again, values=tuple(holes.found), answer=deed.answer
            )


def function_of(cells: Sequence[Cell]) -> SeenFunction | None:
    """The function that all these cells, which have one shape, are calls of; None when too much differs."""
    newest = cells[-1]
    differs = [
        len({ast.dump(one) for one in column}) > 1
        for column in zip(*(cell.values for cell in cells), strict=True)
    ]
    if sum(differs) > MOST_PARAMETERS:
        return None
    naming = _Naming(differs)
    steps: list[ast.stmt] = [
        one for node in newest.tree.body if isinstance(one := naming.visit(node), ast.stmt)
    ]
    imports = [one for one in steps if isinstance(one, ast.Import | ast.ImportFrom)]
    name = _name(newest.tree)
    module = ast.parse(f"def {name}({', '.join(naming.names)}): pass")
    function = module.body[0]
    assert isinstance(function, ast.FunctionDef)
    function.body = [one for one in steps if one not in imports and not _names_itself(one)]
    function.body[-1] = ast.Return(_shown(function.body[-1]))
    module.body[:0] = imports
    source = ast.unparse(ast.fix_missing_locations(module)) + "\n"
    return SeenFunction(
        session=newest.session,
        name=name,
        parameters=tuple(naming.names),
        shape=newest.shape,
        source=source,
        calls=tuple(dict(_calls(name, cells, differs)).items())[-MOST_EXAMPLES:],
    )


def _names_itself(node: ast.stmt) -> bool:
    """`x = x`: the value is a parameter now."""
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Name(id=other)):
            return name == other
    return False


def _calls(name: str, cells: Sequence[Cell], differs: Sequence[bool]) -> Iterator[tuple[str, str]]:
    for cell in cells:
        given = [ast.unparse(one) for one, other in zip(cell.values, differs, strict=True) if other]
        try:
            yield f"{name}({', '.join(given)})", repr(literal_of(cell.answer))
        except ValueError:
            continue


def _can_be_a_function(tree: ast.Module) -> bool:
    nodes = list(ast.walk(tree))
    defined = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.Await, ast.Match)
    if not LEAST_NODES <= len(nodes) <= MOST_NODES or any(isinstance(one, defined) for one in nodes):
        return False
    return _shown(tree.body[-1]) is not None and not _free_names(tree)


def _free_names(tree: ast.Module) -> set[str]:
    names = [one for one in ast.walk(tree) if isinstance(one, ast.Name)]
    bound = {one.id for one in names if not isinstance(one.ctx, ast.Load)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            bound |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ExceptHandler) and node.name:
            bound.add(node.name)
    return {one.id for one in names} - bound - set(dir(builtins))


def _shown(node: ast.stmt) -> ast.expr | None:
    """What the last line of a piece of code shows."""
    match node:
        case ast.Expr(value=ast.Call(func=ast.Name(id="print"), args=[shown], keywords=[])):
            return shown
        case ast.Expr(value=ast.Call(func=ast.Name(id="print"))):
            return None
        case ast.Expr(value=shown) if not isinstance(shown, ast.Constant):
            return shown
    return None


@dataclass
class _Holes(ast.NodeTransformer):
    """Takes the plain values out of a tree, in their order."""

    found: list[ast.expr] = field(default_factory=list)

    def visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, ast.JoinedStr):
            return node  # its pieces are no expressions
        if isinstance(node, ast.expr) and _is_plain(node):
            self.found.append(node)
            return ast.Name(HOLE, ast.Load())
        return self.generic_visit(node)


class _Naming(ast.NodeTransformer):
    """Puts names into the holes that differ, in the same order."""

    def __init__(self, differs: Sequence[bool]) -> None:
        self._differs = iter(differs)
        self.names: list[str] = []

    def visit_Assign(self, node: ast.Assign) -> ast.stmt:
        """`x = 3`, where it differs, is the parameter x."""
        match node.targets:
            case [ast.Name(id=name)] if _is_plain(node.value) and name not in self.names:
                if next(self._differs):
                    node.value = self._named(name)
                return node
        self.generic_visit(node)
        return node

    def visit_keyword(self, node: ast.keyword) -> ast.keyword:
        if _is_plain(node.value) and next(self._differs):
            node.value = self._named(node.arg or "")
        elif not _is_plain(node.value):
            self.generic_visit(node)
        return node

    def visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, ast.JoinedStr):
            return node
        if isinstance(node, ast.expr) and _is_plain(node):
            return self._named("") if next(self._differs) else node
        found: ast.AST = super().visit(node)
        return found

    def _named(self, wanted: str) -> ast.Name:
        name = wanted if wanted and wanted not in self.names else f"value{len(self.names) + 1}"
        self.names.append(name)
        return ast.Name(name, ast.Load())


def _is_plain(node: ast.expr) -> bool:
    try:
        literal(node)
    except ValueError:
        return False
    return not (isinstance(node, ast.Constant) and isinstance(node.value, bool | None))


def _name(tree: ast.Module) -> str:
    """What it calls, in two words."""
    called = [one.func for one in ast.walk(tree) if isinstance(one, ast.Call)]
    words = [
        one.attr if isinstance(one, ast.Attribute) else one.id
        for one in called
        if isinstance(one, ast.Attribute | ast.Name)
    ]
    chosen = list(dict.fromkeys(word.lower().strip("_") for word in words if word != "print"))[:2]
    name = "_".join(word for word in chosen if word.isidentifier() and word.isascii())[:MOST_NAME_CHARS]
    return f"{name}_again" if not name or keyword.iskeyword(name) or name in dir(builtins) else name
