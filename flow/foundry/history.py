"""The Python of one session: its definitions, plain values, and calls with what they gave."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from core.values import value
from flow.foundry.deeds import Deed
from flow.foundry.literals import MOST_EXAMPLE_CHARS, literal, literal_of

MOST_EXAMPLES = 5


@value
class SeenFunction:
    """A function as a session had it last."""

    session: str
    name: str
    parameters: tuple[str, ...]
    shape: str
    """Its tree without name, docstring and annotations: the same for the same code."""
    source: str
    """A module with it and all that the session had defined."""
    calls: tuple[tuple[str, str], ...] = ()
    """Calls of it with plain values, and the plain values they gave."""


@dataclass
class _Session:
    definitions: dict[str, str] = field(default_factory=dict)
    functions: dict[str, ast.FunctionDef] = field(default_factory=dict)
    values: dict[str, ast.expr] = field(default_factory=dict)
    calls: dict[str, dict[str, str]] = field(default_factory=dict)

    def see(self, deed: Deed, tree: ast.Module) -> None:
        for node in tree.body:
            match node:
                case ast.Import() | ast.ImportFrom():
                    self.definitions[ast.unparse(node)] = ast.unparse(node)
                case ast.FunctionDef(name=name):
                    self._define(name, ast.get_source_segment(deed.text, node) or ast.unparse(node))
                    self.functions[name] = node
                    self.calls.pop(name, None)  # they were made of another one
                case ast.ClassDef(name=name):
                    self._define(name, ast.get_source_segment(deed.text, node) or ast.unparse(node))
                case ast.Assign(targets=[ast.Name(id=name)], value=found):
                    self._assign(name, found)
        self._hear(tree, deed.answer)

    def _define(self, name: str, source: str) -> None:
        self.definitions.pop(name, None)
        self.definitions[name] = source

    def _assign(self, name: str, found: ast.expr) -> None:
        try:
            literal(found)
            self.values[name] = found
            if name.isupper():  # a constant; other names are mostly those of the example at hand
                self._define(name, f"{name} = {ast.unparse(found)}")
        except ValueError:
            self.values.pop(name, None)

    def _hear(self, tree: ast.Module, answer: str) -> None:
        """The call a piece of code ends with, and what it gave."""
        match tree.body[-1] if tree.body else None:
            case ast.Expr(value=ast.Call(func=ast.Name(id="print"), args=[ast.Call() as call], keywords=[])):
                pass
            case ast.Expr(value=ast.Call() as call):
                pass
            case _:
                return
        if not isinstance(call.func, ast.Name) or call.func.id not in self.functions:
            return
        try:
            written = self._with_values(call)
            self.calls.setdefault(call.func.id, {})[written] = repr(literal_of(answer))
        except ValueError:
            pass

    def _with_values(self, call: ast.Call) -> str:
        """The call with plain values only. Raises ValueError when it has others."""
        given = [self._value(one) for one in call.args]
        named = [ast.keyword(one.arg, self._value(one.value)) for one in call.keywords]
        written = ast.unparse(ast.Call(func=call.func, args=given, keywords=named))
        if len(written) > MOST_EXAMPLE_CHARS:
            raise ValueError("it is too long to be an example")
        return written

    def _value(self, node: ast.expr) -> ast.expr:
        if isinstance(node, ast.Name) and node.id in self.values:
            return self.values[node.id]
        literal(node)
        return node


def seen_functions(session: str, deeds: Iterable[Deed]) -> Iterator[SeenFunction]:
    """Those that a session defined, as they were at its end."""
    seen = _Session()
    for deed in deeds:
        if deed.kind == "code" and (tree := parsed(deed.text)):
            seen.see(deed, tree)
    source = "\n\n\n".join(seen.definitions.values()) + "\n"
    for name, node in seen.functions.items():
        yield SeenFunction(
            session=session,
            name=name,
            parameters=tuple(
                one.arg for one in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
            ),
            shape=_shape(node),
            source=source,
            calls=tuple(seen.calls.get(name, {}).items())[-MOST_EXAMPLES:],
        )


def parsed(code: str) -> ast.Module | None:
    try:
        return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _shape(node: ast.FunctionDef) -> str:
    body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
    parameters = [one.arg for one in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
    return f"{parameters}{[ast.dump(one) for one in body]}"
