"""The grammar of one reply: perhaps a thought, then JSON, calls of tools, or words until a call begins."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from core.call_forms import CallForm, ReplyForm
from core.tools import ToolSpec
from servr.native.grammars.call_arguments import Arguments, Unwritable
from servr.native.grammars.lark import ANYTHING, Lark
from servr.native.grammars.schemas import Enforce
from servr.native.parts import Held, Invalid

MOST_CALLS = 16
ANY_OBJECT = {"type": "object"}
LINE_ENDS = r"/\n{0,2}/"
NO_CALL = r"/(\s{0,8}[^\s{\[](?s:.*))?/"
"""Words that do not begin like calls without a mark."""


@dataclass(frozen=True)
class ReplyGrammar:
    form: ReplyForm
    special: Mapping[str, int]
    """The special tokens by their text."""
    added: frozenset[str]
    """The texts of all tokens that were added to those learned of words: special ones and others."""
    ends: frozenset[str]
    """The texts of those that end a turn: they are no part of a reply."""
    enforce: Enforce

    def source(self, held: Held) -> str:
        """In Lark's notation, for what is not free.

        Raises:
            Invalid: a schema cannot be enforced.
        """
        try:
            return self._in_form(held, self.form.calls, self.form.mark)
        except Unwritable:
            return self._in_form(held, self.form.plain, self.form.plain_mark)

    def _in_form(self, held: Held, form: CallForm, mark: str) -> str:
        lark = Lark(self.special)
        if held.schema is not None:
            schema = self.enforce(held.schema or ANY_OBJECT, "response_format.json_schema.schema")
            ways = [f"{lark.text(self.form.answer)} {lark.json(schema)}"]
        else:
            written = _Calls(lark, form, mark, self.ends)
            written.add(held, self.enforce)
            ways = written.amid_words(self.form.answer) if held.choice == "auto" else [written.alone()]
        return lark.source(f"{self._thought(lark, held)} {lark.any_of(ways)}")

    def _thought(self, lark: Lark, held: Held) -> str:
        """Only in marks that the tokenizer has: a family without them does not think."""
        thoughts = [pair for pair in self.form.thoughts if any(map(pair[0].startswith, self.added))]
        if held.in_thought:
            closings = [closing for _, closing in thoughts or self.form.thoughts[:1]]
            return f"{lark.any_of(map(lark.until, closings))} {LINE_ENDS}"
        said = (f"{lark.text(opening)} {lark.until(closing)} {LINE_ENDS}" for opening, closing in thoughts)
        return lark.any_of(('""', *said))


class _Calls:
    """All calls of a reply."""

    def __init__(self, lark: Lark, form: CallForm, mark: str, ends: frozenset[str]) -> None:
        self._lark = lark
        self._mark = mark
        self._form = form
        self._most = MOST_CALLS
        for end in ends:
            if form.end.endswith(end):
                self._form = replace(form, end=form.end.removesuffix(end))
            elif not form.end and form.after.endswith(end):  # a call is all of a turn
                self._form, self._most = replace(form, after=form.after.removesuffix(end)), 1
        self._each: list[tuple[str, str]] = []
        """Names and arguments."""

    def add(self, held: Held, enforce: Enforce) -> None:
        if not held.parallel:
            self._most = 1
        for place, tool in enumerate(held.tools):
            if held.choice in ("auto", "required", tool.name):
                may_be_any = held.choice == "auto" and tool.name not in held.strict
                arguments = Arguments(self._lark, self._form, enforce)
                field = f"tools[{place}].function.parameters"
                self._each.append((tool.name, _written(arguments, tool, field, may_be_any=may_be_any)))

    def alone(self, *, said: int = 0) -> str:
        """`said`: how many characters of their beginning stand before."""
        form, lark = self._form, self._lark
        first = lark.any_of(self._one(form.begin, said))
        if self._most == 1:
            return f"{first} {lark.text(form.end)}"
        later = lark.any_of(self._one(form.between, 0))
        return f"{first} {later}{{0,{self._most - 1}}} {lark.text(form.end)}"

    def amid_words(self, answer: str) -> list[str]:
        lark, mark = self._lark, self._mark
        if not mark:
            return [NO_CALL, self.alone()]
        calls = self.alone(said=len(mark))
        if answer:
            return [f"{lark.text(answer)} {ANYTHING}", f"{lark.text(mark)} {calls}"]
        return [ANYTHING, f"{lark.until(mark)} {calls}"]

    def _one(self, begin: str, said: int) -> list[str]:
        form, lark = self._form, self._lark
        return [
            f"{lark.text((begin + form.named(name))[said:])} {arguments} {lark.text(form.after)}"
            for name, arguments in self._each
        ]


def _written(arguments: Arguments, tool: ToolSpec, field: str, *, may_be_any: bool) -> str:
    try:
        return arguments.of(tool.parameters, field=field)
    except Invalid:
        if not may_be_any:
            raise
    return arguments.of(ANY_OBJECT, field=field)
