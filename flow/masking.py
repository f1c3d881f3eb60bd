"""At the door: every event as it may be shown, kept and remembered, without a secret's value.

What is streamed comes out a few characters later, for they could be the beginning of a value.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import field, fields, is_dataclass, replace
from typing import Any, TypeVar

from core.deltas import CallDelta, FinishDelta, RestartDelta, TextDelta, ThinkingDelta
from core.events import Event, ModelDelta, ToolFinished, ToolProgressed
from core.masking import MaskedStream, Masking
from core.messages import Image
from core.records import dataclass

OF_REPLY = ("text", "thinking", "call")

T = TypeVar("T")
Key = tuple[str, object, str]
"""Of a stream: its kind, its call, and the field that it fills."""


@dataclass(frozen=True)
class _Stream:
    masked: MaskedStream
    event_of: Callable[[str], Event]
    """What tells the rest of it."""


@dataclass
class MaskedEvents:
    """Masks the events of one session, in the order in which they happen."""

    masking: Masking = field(default_factory=Masking)
    _streams: dict[Key, _Stream] = field(default_factory=dict)

    def of(self, event: Event) -> Iterator[Event]:
        """`event`, masked; before it, what was held back of the streams that it ends."""
        if not self.masking:
            yield event
            return
        match event:
            case ModelDelta(delta=TextDelta() | ThinkingDelta() | CallDelta() as delta):
                yield from self._rest(*(kind for kind in OF_REPLY if kind != delta.kind))
                yield ModelDelta(delta=self._piece(delta))
            case ToolProgressed(call_id=call_id, text=text):
                shown = self._shown(
                    ("progress", call_id, "text"), text, lambda rest: replace(event, text=rest)
                )
                yield replace(event, text=shown)
            case _:
                yield from self._ended_by(event)
                yield mapped(event, self.masking.masked)

    def _ended_by(self, event: Event) -> Iterator[Event]:
        match event:
            case ModelDelta(delta=RestartDelta()):
                list(self._rest(*OF_REPLY))  # all that was said is void
            case ModelDelta(delta=FinishDelta()):
                yield from self._rest(*OF_REPLY)
            case ToolFinished(call_id=call_id):
                yield from self._rest("progress", call=call_id)
            case _ if event.durable:  # a stream that was cut has no end of its own
                yield from self._rest(*OF_REPLY)
            case _:
                pass

    def _rest(self, *kinds: str, call: object = None) -> Iterator[Event]:
        for key in [key for key in self._streams if key[0] in kinds and call in (None, key[1])]:
            stream = self._streams.pop(key)
            if rest := stream.masked.end():
                yield stream.event_of(rest)

    def _piece(self, delta: TextDelta | ThinkingDelta | CallDelta) -> TextDelta | ThinkingDelta | CallDelta:
        if not isinstance(delta, CallDelta):
            said = replace(delta, text="")
            key: Key = (delta.kind, 0, "text")
            text = self._shown(key, delta.text, lambda rest: ModelDelta(delta=replace(said, text=rest)))
            return replace(delta, text=text)
        call, index = delta, delta.index
        arguments = self._shown(
            ("call", index, "arguments"),
            call.arguments,
            lambda rest: ModelDelta(delta=CallDelta(index=index, arguments=rest)),
        )
        source = self._shown(
            ("call", index, "source"),
            call.source,
            lambda rest: ModelDelta(delta=CallDelta(index=index, source=rest)),
        )
        rest = mapped(replace(call, arguments="", source=""), self.masking.masked)
        return replace(rest, arguments=arguments, source=source)

    def _shown(self, key: Key, text: str, event_of: Callable[[str], Event]) -> str:
        if key not in self._streams:
            self._streams[key] = _Stream(MaskedStream(self.masking), event_of)
        return self._streams[key].masked.add(text)


def mapped(item: T, change: Callable[[str], str]) -> T:
    """`item` with every text in it changed; where none is, the same object."""
    changed: T = _mapped(item, change)
    return changed


def _mapped(item: Any, change: Callable[[str], str]) -> Any:
    if type(item) is str:
        changed = change(item)
        return item if changed == item else changed
    if isinstance(item, Image):
        return item
    if isinstance(item, tuple | list):
        made = [_mapped(inner, change) for inner in item]
        return item if all(map(_same, made, item)) else type(item)(made)
    if isinstance(item, Mapping):
        held = {key: _mapped(inner, change) for key, inner in item.items()}
        return item if all(map(_same, held.values(), item.values())) else held
    if is_dataclass(item) and not isinstance(item, type):
        given = {one.name: getattr(item, one.name) for one in fields(item)}
        different = {name: new for name, old in given.items() if (new := _mapped(old, change)) is not old}
        return replace(item, **different) if different else item
    return item


def _same(one: object, other: object) -> bool:
    return one is other
