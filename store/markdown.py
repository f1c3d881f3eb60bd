"""A session as a Markdown document: for people to keep, send and search."""

import html
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import assert_never

from core.events import (
    ContextShrunk,
    Event,
    FilesChanged,
    FilesNotKept,
    FilesRestored,
    ModelDelta,
    ModelReplied,
    ModelSwitched,
    NoteAdded,
    PermissionAnswered,
    PermissionAsked,
    Record,
    ReplyMended,
    RestoreBegan,
    Rewound,
    SummaryAsked,
    ToolFinished,
    ToolProgressed,
    ToolStarted,
    TurnFinished,
    TurnStarted,
    WorkSentBack,
)
from core.file_states import PathChange
from core.messages import ToolCall
from store.session_log import SessionHeader

FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})(.*)$")
SUMMARY_CHARS = 100


def markdown(header: SessionHeader, records: Iterable[Record]) -> Iterator[str]:
    """The document, piece by piece."""
    yield f"# Session {header.session}\n\n"
    yield f"- Workspace: {code(header.root)}\n- Model: {code(header.model)}\n"
    yield f"- Begun: {header.created:%Y-%m-%d %H:%M} UTC\n\n"
    calls = dict[str, ToolCall]()
    for record in records:
        if isinstance(record.event, ModelReplied):
            calls = {call.id: call for call in record.event.reply.calls}
        if block := _block(record.event, calls):
            yield block + "\n\n"


def _block(event: Event, calls: dict[str, ToolCall]) -> str:
    match event:
        case TurnStarted(prompt=prompt):
            block = f"## {_heading(prompt.text)}\n\n{quoted(prompt.text)}"
        case ModelReplied(reply=reply):
            block = closed(reply.text.strip())
        case ToolFinished(call_id=call_id):
            block = _call(calls.get(call_id), event)
        case NoteAdded(source=source, text=text):
            block = f"*Note ({source}):*\n\n{quoted(text)}"
        case WorkSentBack(feedback=text):
            block = f"*Sent back:*\n\n{quoted(text)}"
        case ContextShrunk() | FilesRestored() | Rewound() | ModelSwitched():
            block = f"*{_remark(event)}*"
        case TurnFinished(outcome=outcome, note=note):
            block = f"*{outcome.value.replace('_', ' ')}{f': {note}' if note else ''}*"
        case (
            ModelDelta()
            | ReplyMended()
            | SummaryAsked()
            | PermissionAsked()
            | PermissionAnswered()
            | ToolStarted()
            | ToolProgressed()
            | FilesChanged()
            | FilesNotKept()
            | RestoreBegan()
        ):
            block = ""
        case _:
            assert_never(event)
    return block


def _remark(event: ContextShrunk | FilesRestored | Rewound | ModelSwitched) -> str:
    match event:
        case ContextShrunk(reason=reason):
            return f"The conversation was shortened: {reason}"
        case FilesRestored(reason=reason, changes=changes):
            return f"{reason.capitalize()}: {_marked(changes)}"
        case Rewound():
            return "The conversation goes on from an earlier step."
        case ModelSwitched(model=model):
            return f"Model: {code(model)}"
        case _:
            assert_never(event)


def _call(call: ToolCall | None, finished: ToolFinished) -> str:
    name, arguments = (call.name, call.arguments) if call else (finished.call_id, "")
    summary = " ".join(f"{name} {arguments}".split())
    if len(summary) > SUMMARY_CHARS:
        summary = summary[: SUMMARY_CHARS - 1] + "…"
    return (
        f"<details><summary>{html.escape(summary)} ({finished.status.value})</summary>\n\n"
        f"{fenced(arguments, 'json')}\n\n{fenced(finished.text)}\n\n</details>"
    )


def _marked(changes: Sequence[PathChange]) -> str:
    return ", ".join(f"{change.mark}{code(change.path)}" for change in changes) or "no file"


def fenced(text: str, language: str = "text") -> str:
    """`text` as a block of code that nothing in it can end."""
    fence = "`" * max(3, 1 + _longest_run(text))
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def code(text: str) -> str:
    """`text` within a line."""
    ticks = "`" * (1 + _longest_run(text))
    edge = " " if "`" in text else ""
    return f"{ticks}{edge}{text}{edge}{ticks}"


def quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in closed(text).splitlines())


def closed(text: str) -> str:
    """`text` with the block of code ended that it leaves open, as a reply does that was cut off."""
    fence = ""
    for line in text.splitlines():
        if (found := FENCE.match(line)) is None:
            continue
        mark, rest = found.groups()
        if not fence:
            fence = mark
        elif mark.startswith(fence) and not rest.strip():
            fence = ""
    return f"{text}\n{fence}" if fence else text


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)


def _heading(text: str) -> str:
    line = " ".join(text.split())
    return html.escape(line if len(line) <= SUMMARY_CHARS else f"{line[: SUMMARY_CHARS - 1]}…", quote=False)
