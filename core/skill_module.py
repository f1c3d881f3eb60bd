"""A Python file as the skill compiler sees it: its names, and what of it one function needs."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from core.errors import SkillRejected
from core.values import value

Bound = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign | ast.AugAssign
MOST_SOURCE_CHARS = 60_000


@value
class Problem:
    line: int
    """0 for what does not stand in the file."""
    said: str
    mend: str

    def __str__(self) -> str:
        return f"{f'Line {self.line}: ' if self.line else ''}{self.said} {self.mend}"


@dataclass(frozen=True)
class Module:
    source: str
    tree: ast.Module

    @classmethod
    def read(cls, source: str) -> "Module":
        """Raises SkillRejected when it is no Python."""
        if len(source) > MOST_SOURCE_CHARS:
            said = f"The file has {len(source):,} characters; a skill may have {MOST_SOURCE_CHARS:,}."
            raise SkillRejected(said, hint="Put the function, with what it needs, into a file of its own.")
        try:
            return cls(source, ast.parse(source))
        except SyntaxError as error:
            hint = "Mend it, run the file in pyexe, then promote it again."
            place = f"Line {error.lineno}: " if error.lineno else ""
            raise SkillRejected(f"{place}{error.msg}.", hint=hint) from error

    @cached_property
    def lines(self) -> Sequence[str]:
        """As Python counts them: a form feed within a text ends none."""
        return self.source.split("\n")

    def function(self, name: str) -> ast.FunctionDef:
        """Raises SkillRejected when there is none of that name at the top of the file."""
        found = [node for node in self.bound.get(name, ()) if isinstance(node, ast.FunctionDef)]
        if found:
            return found[-1]
        functions = [node.name for node in self.tree.body if isinstance(node, ast.FunctionDef)]
        told = f"It has {', '.join(functions)}." if functions else "It has none."
        if any(isinstance(node, ast.AsyncFunctionDef) for node in self.bound.get(name, ())):
            raise SkillRejected(f"{name} is an async function.", hint="Write it with def, without await.")
        raise SkillRejected(f"There is no function {name!r} at the top of the file.", hint=told)

    @cached_property
    def imports(self) -> Mapping[str, str]:
        """What each imported name stands for, in full: `dt` for `datetime`, `date` for `datetime.date`."""
        found: dict[str, str] = {}
        for node in self.tree.body:
            for statement in _within_type_checking(node):
                found |= dict(_imported(statement))
        return found

    @cached_property
    def bound(self) -> Mapping[str, Sequence[Bound]]:
        """The statements at the top that give a name its meaning, imports aside."""
        found: dict[str, list[Bound]] = {}
        for node in self.tree.body:
            for name in _bound_by(node):
                assert isinstance(node, Bound)
                found.setdefault(name, []).append(node)
        return found

    def full_name(self, node: ast.expr) -> str:
        """`dt.date` as `datetime.date`, by the imports; empty for what is no name."""
        match node:
            case ast.Name(id=name):
                return self.imports.get(name, name)
            case ast.Attribute(value=inner, attr=name):
                before = self.full_name(inner)
                return f"{before}.{name}" if before else ""
        return ""


@dataclass(frozen=True)
class Needed:
    """What a function needs of its module: statements in their order, and names of its imports."""

    statements: Sequence[ast.stmt]
    names: frozenset[str]

    def left_out(self, module: Module) -> list[str]:
        """Functions and classes of the module that are not among it."""
        defined = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        return [
            node.name
            for node in module.tree.body
            if isinstance(node, defined) and node not in self.statements
        ]


def needed_by(function: str, module: Module) -> Needed:
    """The function, and whatever of its module it names, directly or through others of it."""
    names, waiting = {function}, [function]
    kept: set[ast.stmt] = set()
    while waiting:
        for statement in module.bound.get(waiting.pop(), ()):
            if statement in kept:
                continue
            kept.add(statement)
            fresh = set(_names_in(statement)) - names
            names |= fresh
            waiting += fresh
    return Needed([node for node in module.tree.body if node in kept], frozenset(names))


def whole(module: Module) -> Needed:
    """All of it: a file that is a skill's own."""
    names = {name for node in ast.walk(module.tree) for name in _names_of(node)}
    return Needed(module.tree.body, frozenset(names | set(module.imports)))


def source_of(module: Module, needed: Needed) -> str:
    """The text of what is needed, as it was written, with the comments above it."""
    imports = [text for node in module.tree.body for text in _import_lines(node, needed.names)]
    parts = ["\n".join(imports)] if imports else []
    end = 0
    for node in needed.statements:
        if isinstance(node, ast.Import | ast.ImportFrom) or node.end_lineno is None or node.end_lineno <= end:
            continue
        first = max(_first_line(node, module.lines), end + 1)
        parts.append("\n".join(module.lines[first - 1 : node.end_lineno]))
        end = node.end_lineno
    return "\n\n\n".join(parts) + "\n"


def _first_line(node: ast.stmt, lines: Sequence[str]) -> int:
    """With decorators, and the comments directly above."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(decorator.lineno for decorator in decorators)])
    while first > 1 and lines[first - 2].startswith("#") and not lines[first - 2].startswith("#!"):
        first -= 1
    return first


def _import_lines(node: ast.stmt, names: frozenset[str]) -> Iterator[str]:
    if not isinstance(node, ast.Import | ast.ImportFrom):
        return
    if isinstance(node, ast.ImportFrom) and node.module == "__future__":
        yield ast.unparse(node)
        return
    used = [alias for alias in node.names if (alias.asname or alias.name).partition(".")[0] in names]
    if used and isinstance(node, ast.Import):
        yield ast.unparse(ast.Import(names=used))
    elif used and isinstance(node, ast.ImportFrom):
        yield ast.unparse(ast.ImportFrom(module=node.module, names=used, level=node.level))


def _within_type_checking(node: ast.stmt) -> Sequence[ast.stmt]:
    return node.body if isinstance(node, ast.If) and is_type_checking(node.test) else [node]


def is_type_checking(test: ast.expr) -> bool:
    return ast.unparse(test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def _imported(node: ast.stmt) -> Iterator[tuple[str, str]]:
    match node:
        case ast.Import(names=names):
            for alias in names:
                root = alias.name.partition(".")[0]
                yield alias.asname or root, alias.name if alias.asname else root
        case ast.ImportFrom(module=module, names=names):
            for alias in names:
                yield alias.asname or alias.name, f"{module or ''}.{alias.name}"


def _bound_by(node: ast.stmt) -> Iterator[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Assign(targets=targets):
            yield from (one.id for target in targets for one in ast.walk(target) if isinstance(one, ast.Name))
        case ast.AnnAssign(target=target) | ast.AugAssign(target=target):
            yield from (one.id for one in ast.walk(target) if isinstance(one, ast.Name))


def _names_in(statement: ast.stmt) -> Iterator[str]:
    for node in ast.walk(statement):
        yield from _names_of(node)


def _names_of(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Name(id=name):
            yield name
        case ast.Global(names=names):
            yield from names
        case ast.arg(annotation=ast.Constant(value=str(text))):
            yield from _names_in_text(text)
        case ast.AnnAssign(annotation=ast.Constant(value=str(text))):
            yield from _names_in_text(text)
        case ast.Subscript(slice=inner):
            texts = (one.value for one in ast.walk(inner) if isinstance(one, ast.Constant))
            yield from (name for text in texts if isinstance(text, str) for name in _names_in_text(text))


def _names_in_text(text: str) -> Iterator[str]:
    """Of an annotation that is written as text."""
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError):
        return
    yield from (node.id for node in ast.walk(tree) if isinstance(node, ast.Name))
