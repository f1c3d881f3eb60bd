"""What passed while a reader was slow, in fewer pieces: nothing of a text is lost."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby

from core.deltas import CallDelta, TextDelta, ThinkingDelta
from core.events import Event, ModelDelta, Record, ToolProgressed

Stream = tuple[str, str | int]
LONG = 65_536
"""A piece of so many characters is not copied any more."""


def joined(records: Iterable[Record]) -> Iterator[Record]:
    """`records` in their order; pieces of the same text that follow each other are one."""
    for stream, run in groupby(records, key=lambda record: stream_of(record.event)):
        if stream is None:
            yield from run
        else:
            yield _one([*run])


def stream_of(event: Event) -> Stream | None:
    """Which text goes on with `event`; None where more than text is said, or enough."""
    if len(_text(event)) >= LONG:
        return None
    match event:
        case ModelDelta(delta=TextDelta() | ThinkingDelta() as delta):
            return delta.kind, 0
        case ModelDelta(delta=CallDelta(id="", name="", source="", mends=(), index=index, extra=extra)):
            return None if extra else ("call", index)
        case ToolProgressed(call_id=call_id):
            return "progress", call_id
        case _:
            return None


def _one(records: list[Record]) -> Record:
    event, text = records[-1].event, "".join(_text(record.event) for record in records)
    match event:
        case ModelDelta(delta=TextDelta() | ThinkingDelta() as delta):
            event = ModelDelta(delta=replace(delta, text=text))
        case ModelDelta(delta=CallDelta() as delta):
            event = ModelDelta(delta=replace(delta, arguments=text))
        case ToolProgressed():
            event = replace(event, text=text)
        case _:
            pass
    return replace(records[-1], event=event)


def _text(event: Event) -> str:
    match event:
        case ModelDelta(delta=TextDelta(text=text) | ThinkingDelta(text=text) | CallDelta(arguments=text)):
            return text
        case ToolProgressed(text=text):
            return text
        case _:
            return ""
