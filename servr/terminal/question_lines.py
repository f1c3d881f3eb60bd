"""What a person is asked to allow: nothing of it is hidden, and an edit is shown as what it changes."""

from collections.abc import Iterator, Sequence

from core.messages import ToolCall
from core.policies import PermissionQuestion
from core.visible import revealed, suspicions
from servr.cards.diffs import changes_between
from servr.drawing import arguments_of
from servr.markdown.wrapping import wrapped
from servr.spans import Line, Span, Style, line_of

TEXTS_OF_FILES = {"write_file": ("content",), "edit_file": ("old", "new"), "replace_lines": ("new",)}
"""By tool: arguments that nothing runs."""
MOST_FILE_LINES = 60
INDENT = Span("    ")


def question_lines(call: ToolCall, question: PermissionQuestion, columns: int) -> Iterator[Line]:
    """All of a call as it will run, but for the end of a long text that goes into a file.

    Only what we say ourselves is wrapped: a line of the call stays one, so that none is taken for two.
    """
    asked = f"May it run {_in_a_line(call.name)}? {_in_a_line(question.reason)}"
    yield from wrapped([Span(asked, (Style.STRONG,))], columns)
    yield from _lines_of_call(call)
    yield from (Line(f"  | {line}") for line in revealed(question.shown).splitlines())
    said = "\n".join(
        (call.name, question.shown, *(text for argument in arguments_of(call, str) for text in argument))
    )
    for warning in suspicions(said):
        yield from wrapped([Span(warning, (Style.BAD,))], columns)
    yield from wrapped([Span(_choices(question.rule), (Style.DIM,))], columns)


def _choices(rule: str) -> str:
    if not rule:
        return "y yes · n no, or n and why"
    return f"y yes · s yes, in this session · a always: {_in_a_line(rule)} · n no, or n and why"


def _lines_of_call(call: ToolCall) -> Iterator[Line]:
    arguments = arguments_of(call, revealed)
    edit = dict(arguments) if call.name == "edit_file" else {}
    old, new = edit.get("old", ""), edit.get("new", "")
    if old == new:
        for name, value in arguments:
            yield from _argument(name, value, to_file=name in TEXTS_OF_FILES.get(call.name, ()))
        return
    for name, value in arguments:
        if name not in ("old", "new"):
            yield from _argument(name, value, to_file=False)
    changes = [line_of([INDENT, *change.line(0).parts]) for change in changes_between(old, new)]
    yield from _bounded(changes, 2 * MOST_FILE_LINES)


def _argument(name: str, value: str, *, to_file: bool) -> Iterator[Line]:
    first, *more = value.split("\n")
    yield Line(f"  {name}: {first}" if name else f"  {first}")
    lines = [Line(f"{INDENT.text}{line}") for line in more]
    yield from _bounded(lines, MOST_FILE_LINES - 1) if to_file else lines


def _bounded(lines: Sequence[Line], most: int) -> Iterator[Line]:
    yield from lines[:most]
    if len(lines) > most:
        yield Line(f"{INDENT.text}… {len(lines) - most} more lines …", Style.BAD)


def _in_a_line(text: str) -> str:
    return revealed(text).replace("\n", "␊")
