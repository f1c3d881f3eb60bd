"""From the annotations of a function to the kinds of its parameters; nothing is run."""

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from core.skill_docs import Told, told_by
from core.skill_kinds import (
    ANY,
    NULL,
    Chosen,
    Either,
    Kind,
    Listed,
    Mapped,
    Member,
    Plain,
    Record,
    Signature,
    Tupled,
    Written,
    is_optional,
    with_description,
)
from core.skill_module import Module, Problem, plain_value

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
        "Literal[...]": "enum.Enum enum.StrEnum typing.Callable",
    }.items()
    for name in names.split()
}
"""What JSON cannot say, and what to take in its place."""
WRAPPERS = tuple(f"typing.{name}" for name in ("Annotated", "Required", "NotRequired", "ReadOnly", "Final"))


@dataclass
class Types:
    """Reads annotations of one module, and gathers what is wrong with them."""

    module: Module
    problems: list[Problem]
    _open: list[str] = field(default_factory=list)
    """Names that are being looked up: one that names itself has no end."""

    def signature(self, function: ast.FunctionDef) -> tuple[Signature, Told]:
        docstring = ast.get_docstring(function) or ""
        told = told_by(docstring)
        if not told.summary:
            mend = f'Write """What it does.""" below line {function.lineno}, and an "Args:" section.'
            self._wrong(function, f"{function.name} has no docstring that says what it does.", mend)
        arguments = function.args
        for star, sign in ((arguments.vararg, "*"), (arguments.kwarg, "**")):
            if star:
                self._wrong(star, f"{sign}{star.arg} takes anything.", "Name each parameter, or take a list.")
        members = [
            with_description(member, told.parameters.get(member.name, ""))
            for member in self._members(arguments)
        ]
        return Signature(members=tuple(members)), told

    def _members(self, arguments: ast.arguments) -> Iterator[Member]:
        placed = [*arguments.posonlyargs, *arguments.args]
        first_default = len(placed) - len(arguments.defaults)
        for place, argument in enumerate(placed):
            default = arguments.defaults[place - first_default] if place >= first_default else None
            yield self._parameter(argument, default, positional=place < len(arguments.posonlyargs))
        for argument, keyword_default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
            yield self._parameter(argument, keyword_default, positional=False)

    def _parameter(self, argument: ast.arg, default: ast.expr | None, *, positional: bool) -> Member:
        name, note = argument.arg, ""
        kind: Kind = ANY
        if argument.annotation is None:
            self._wrong(argument, f"{name} has no type.", f"Write {name}: TYPE, TYPE being one of {KNOWN}.")
        else:
            kind, note = self._kind(argument.annotation), self._note(argument.annotation)
            if kind == ANY and self.module.full_name(argument.annotation) in ("typing.Any", "object"):
                self._wrong(argument, f"{name} may be anything.", f"Say which of {KNOWN}.")
        if name.startswith("_") or name == "self":
            self._wrong(argument, f"{name!r} is no name for a parameter.", "Take another.")
        written = plain_value(default)
        if isinstance(default, ast.Constant) and default.value is None and not is_optional(kind):
            kind = Either(of=(kind, NULL))  # `n: int = None` means it, though it does not say so
        return Member(
            name=name,
            of=kind,
            required=default is None,
            description=note,
            default=written,
            positional=positional,
        )

    def _note(self, node: ast.expr) -> str:
        """What `Annotated[int, "..."]` says of it."""
        match node:
            case ast.Subscript(value=outer, slice=ast.Tuple(elts=[_, *notes])) if self._is(
                outer, "Annotated"
            ):
                return next((one.value for one in notes if _is_text(one)), "")  # type: ignore[attr-defined]
        return ""

    def _kind(self, node: ast.expr) -> Kind:
        match node:
            case ast.Constant(value=None):
                return NULL
            case ast.Constant(value=str(text)):
                return self._written_as_text(node, text)
            case ast.BinOp(left=left, op=ast.BitOr(), right=right):
                return self._either([left, right])
            case ast.Subscript(value=outer, slice=inner):
                parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
                return self._of(node, self._typing(outer), parts)
            case ast.Name() | ast.Attribute():
                return self._named(node, self._typing(node))
            case _:
                return self._refused(node)

    def _typing(self, node: ast.expr) -> str:
        """Its full name, with both homes of an abstract type as one."""
        name = self.module.full_name(node)
        for home in ("collections.abc.", "typing_extensions."):
            name = name.replace(home, "typing.")
        return name

    def _is(self, node: ast.expr, name: str) -> bool:
        return self._typing(node) == f"typing.{name}"

    def _named(self, node: ast.expr, name: str) -> Kind:
        if isinstance(node, ast.Name) and node.id in self.module.bound:
            return self._own(node, node.id)
        if name in PLAIN:
            return Plain(of=PLAIN[name])
        if name in MAPS:
            return Mapped(of=ANY)
        if name in (*LISTS, *TUPLES):
            return Listed(of=ANY, built="tuple" if name in TUPLES else "list")
        return self._refused(node, name)

    def _of(self, node: ast.expr, name: str, parts: Sequence[ast.expr]) -> Kind:
        first = parts[0] if parts else ast.Constant(value=None)
        readings: Mapping[str, Callable[[], Kind]] = {
            **dict.fromkeys(LISTS, lambda: Listed(of=self._kind(first))),
            **dict.fromkeys(MAPS, lambda: self._mapped(first, parts[-1])),
            **dict.fromkeys(TUPLES, lambda: self._tuple(parts)),
            "typing.Literal": lambda: self._chosen(node, parts),
            "typing.Optional": lambda: self._either([first, ast.Constant(value=None)]),
            "typing.Union": lambda: self._either(parts),
            **dict.fromkeys(WRAPPERS, lambda: self._kind(first)),
        }
        return readings[name]() if name in readings else self._refused(node, name)

    def _mapped(self, key: ast.expr, inner: ast.expr) -> Kind:
        kind = self._kind(key)
        written: Literal["str", "int"] = "int" if kind == Plain(of="int") else "str"
        if kind not in (Plain(of="str"), Plain(of="int"), ANY):
            self._wrong(key, f"{ast.unparse(key)} is no key that JSON has.", "Take str or int for the keys.")
        return Mapped(key=written, of=self._kind(inner))

    def _tuple(self, parts: Sequence[ast.expr]) -> Kind:
        if len(parts) == 2 and isinstance(parts[1], ast.Constant) and parts[1].value is ...:
            return Listed(of=self._kind(parts[0]), built="tuple")
        return Tupled(items=tuple(map(self._kind, parts)))

    def _chosen(self, node: ast.expr, parts: Sequence[ast.expr]) -> Kind:
        values = [plain_value(part) for part in parts]
        if not all(isinstance(one, str | int | bool | None) for one in values):
            said = "A Literal has texts, whole numbers, True, False and None only."
            return self._refused(node, mend=said)
        return Chosen(values=tuple(values))

    def _either(self, parts: Sequence[ast.expr]) -> Kind:
        kinds: dict[Kind, None] = {}
        for part in parts:
            kind = self._kind(part)
            kinds |= dict.fromkeys(kind.of if isinstance(kind, Either) else (kind,))
        return next(iter(kinds)) if len(kinds) == 1 else Either(of=tuple(kinds))

    def _written_as_text(self, node: ast.expr, text: str) -> Kind:
        try:
            inner = ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, ValueError):
            return self._refused(node, mend="Write it without quotes.")
        for part in ast.walk(inner):
            if isinstance(part, ast.expr):
                part.lineno = node.lineno
        return self._kind(inner)

    def _own(self, node: ast.expr, name: str) -> Kind:
        """A class or an alias of the module."""
        if name in self._open:
            return self._refused(node, mend=f"{name} holds itself: take dict in its place.")
        self._open.append(name)
        try:
            return self._meaning(node, name, self.module.bound[name][-1])
        finally:
            self._open.pop()

    def _meaning(self, node: ast.expr, name: str, bound: ast.stmt) -> Kind:
        match bound:
            case ast.Assign(value=meaning) | ast.AnnAssign(value=ast.expr() as meaning):
                return self._kind(meaning)
            case ast.ClassDef():
                if any(map(self._is_dataclass, bound.decorator_list)):
                    return self._record(name, bound, "dataclass")
                if any(self._is(parent, "TypedDict") for parent in bound.bases):
                    return self._record(name, bound, "dict")
                bases = [self._typing(base) for base in bound.bases]
                instead = next((INSTEAD[base] for base in bases if base in INSTEAD), "")
                return self._refused(node, mend=f"Make {name} {instead or 'a dataclass or a TypedDict'}.")
        return self._refused(node)

    def _is_dataclass(self, decorator: ast.expr) -> bool:
        named = decorator.func if isinstance(decorator, ast.Call) else decorator
        return self.module.full_name(named) == "dataclasses.dataclass"

    def _record(self, name: str, node: ast.ClassDef, built: Literal["dataclass", "dict"]) -> Kind:
        told = told_by(ast.get_docstring(node) or "")
        total = not any(
            word.arg == "total" and isinstance(word.value, ast.Constant) and word.value.value is False
            for word in node.keywords
        )
        members = [
            self._field(item, item.target.id, built, told, total=total)
            for item in node.body
            if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)
        ]
        parents = [base for base in node.bases if not self._is(base, "TypedDict")]
        if parents or not members:
            said = f"{name} has a parent class." if parents else f"{name} has no fields."
            self._wrong(node, said, "Write all its fields, with their types, into the class itself.")
        return Record(name=name, members=tuple(members), built=built)

    def _field(self, item: ast.AnnAssign, name: str, built: str, told: Told, *, total: bool) -> Member:
        marked = self._typing(item.annotation.value) if isinstance(item.annotation, ast.Subscript) else ""
        required = item.value is None if built == "dataclass" else total
        required = {"typing.Required": True, "typing.NotRequired": False}.get(marked, required)
        return Member(
            name=name,
            of=self._kind(item.annotation),
            required=required,
            description=told.parameters.get(name, "") or self._note(item.annotation),
            default=plain_value(item.value),
        )

    def _refused(self, node: ast.expr, name: str = "", *, mend: str = "") -> Kind:
        said = f"{ast.unparse(node)} is no type that JSON arguments can have."
        self._wrong(node, said, mend or f"Take {INSTEAD.get(name, f'one of {KNOWN}')}.")
        return NULL

    def _wrong(self, node: ast.expr | ast.stmt | ast.arg, said: str, mend: str) -> None:
        self.problems.append(Problem(line=node.lineno, said=said, mend=mend))


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)
