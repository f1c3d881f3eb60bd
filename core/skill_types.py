"""From the annotations of a function to the kinds of its parameters; nothing is run."""

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from core.skill_docs import Told, told_by
from core.skill_kinds import (
    ANY,
    INSTEAD,
    KNOWN,
    LISTS,
    MAPS,
    NULL,
    PLAIN,
    TUPLES,
    WRAPPERS,
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
    is_optional,
    with_description,
)
from core.skill_module import Module, Problem
from core.text import clip, printable

MOST_READ, MOST_SHOWN_CHARS = 1_000, 80
TOO_MANY = "The types of the parameters hold too many others: take dict or list for some of them."


@dataclass
class Types:
    """Reads annotations of one module, and gathers what is wrong with them."""

    module: Module
    problems: list[Problem]
    _open: list[str] = field(default_factory=list)
    """Names that are being looked up: one that names itself has no end."""
    _read: int = 0
    """How many annotations were; one that names others twice, which name others twice, has no end either."""

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
        if name.startswith("_") or name in ("self", "model_config"):
            self._wrong(argument, f"{name!r} is no name for a parameter.", "Take another.")
        if isinstance(default, ast.Constant) and default.value is None and not is_optional(kind):
            kind = _joined([kind, NULL])  # `n: int = None` means it, though it does not say so
        return Member(
            name=name,
            of=kind,
            required=default is None,
            description=note,
            positional=positional,
        )

    def _note(self, node: ast.expr) -> str:
        """What `Annotated[int, "..."]` says of it."""
        match node:
            case ast.Subscript(value=outer, slice=ast.Tuple(elts=[_, *notes])) if self._is(
                outer, "Annotated"
            ):
                texts = (one.value for one in notes if isinstance(one, ast.Constant))
                return next((printable(text) for text in texts if isinstance(text, str)), "")
        return ""

    def _kind(self, node: ast.expr) -> Kind:
        self._read += 1
        if self._read <= MOST_READ:
            return self._kind_of(node)
        return NULL if self._read > MOST_READ + 1 else self._refused(node, mend=TOO_MANY)

    def _kind_of(self, node: ast.expr) -> Kind:
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
        return self._refused(node, self._typing(node.func) if isinstance(node, ast.Call) else "")

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
            **dict.fromkeys(TUPLES, lambda: self._tuple(node, parts)),
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

    def _tuple(self, node: ast.expr, parts: Sequence[ast.expr]) -> Kind:
        if len(parts) == 2 and isinstance(parts[1], ast.Constant) and parts[1].value is ...:
            return Listed(of=self._kind(parts[0]), built="tuple")
        if not parts:
            return self._refused(node, mend="Leave it out: it is always the same.")
        return Tupled(items=tuple(map(self._kind, parts)))

    def _chosen(self, node: ast.expr, parts: Sequence[ast.expr]) -> Kind:
        values: list[str | int | bool | None] = []
        for part in parts:
            match part:
                case ast.Constant(value=str() | None as text) if printable(text or "") == (text or ""):
                    values.append(text)
                case ast.Constant(value=int(number)) if number.bit_length() < 64:
                    values.append(number)
                case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(number))) if number < 1 << 63:
                    values.append(-number)
                case _:
                    values.clear()
                    break
        if not values:
            said = "Write out the values of a Literal: texts, whole numbers, True, False and None."
            return self._refused(node, mend=said)
        return Chosen(values=tuple(values))

    def _either(self, parts: Sequence[ast.expr]) -> Kind:
        return _joined(map(self._kind, parts))

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
            if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name) and self._is_given(item)
        ]
        parents = [base for base in node.bases if not self._is(base, "TypedDict")]
        if parents or not members:
            said = f"{name} has a parent class." if parents else f"{name} has no fields."
            self._wrong(node, said, "Write all its fields, with their types, into the class itself.")
        return Record(name=name, members=tuple(members), built=built)

    def _field(self, item: ast.AnnAssign, name: str, built: str, told: Told, *, total: bool) -> Member:
        said = self._said_of_field(item.value)
        has_default = item.value is not None and (not said or "default" in said or "default_factory" in said)
        required = not has_default if built == "dataclass" else total
        marks = {"typing.Required": True, "typing.NotRequired": False}
        required = marks.get(self._marked(item.annotation), required)
        return Member(
            name=name,
            of=self._kind(item.annotation),
            required=required,
            description=told.parameters.get(name, "") or self._note(item.annotation),
        )

    def _is_given(self, item: ast.AnnAssign) -> bool:
        """Whether a field comes from whoever makes the record."""
        made_there = self._said_of_field(item.value).get("init") == "False"
        return not made_there and self._marked(item.annotation) != "typing.ClassVar"

    def _marked(self, annotation: ast.expr) -> str:
        """What stands around the type of a field."""
        return self._typing(annotation.value if isinstance(annotation, ast.Subscript) else annotation)

    def _said_of_field(self, node: ast.expr | None) -> Mapping[str, str]:
        """By name: what `field(...)` says of the field of a dataclass."""
        if not isinstance(node, ast.Call) or self.module.full_name(node.func) != "dataclasses.field":
            return {}
        return {word.arg or "": ast.unparse(word.value) for word in node.keywords}

    def _refused(self, node: ast.expr, name: str = "", *, mend: str = "") -> Kind:
        said = f"{clip(ast.unparse(node), MOST_SHOWN_CHARS)} is no type that JSON arguments can have."
        self._wrong(node, said, mend or f"Take {INSTEAD.get(name, f'one of {KNOWN}')}.")
        return NULL

    def _wrong(self, node: ast.expr | ast.stmt | ast.arg, said: str, mend: str) -> None:
        self.problems.append(Problem(line=node.lineno, said=said, mend=mend))


def _joined(found: Iterable[Kind]) -> Kind:
    """One of them."""
    kinds = dict.fromkeys(one for kind in found for one in (kind.of if isinstance(kind, Either) else (kind,)))
    return next(iter(kinds)) if len(kinds) == 1 else Either(of=tuple(kinds))
