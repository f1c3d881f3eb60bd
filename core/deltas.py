"""What a model says while it is still talking, and how the pieces become a message."""

from collections.abc import Mapping
from dataclasses import field
from typing import Literal, assert_never

from core.messages import AssistantMessage, Finish, Part, Text, Thinking, ToolCall, Usage
from core.records import dataclass
from core.values import value


@value
class TextDelta:
    kind: Literal["text"] = "text"
    text: str


@value
class ThinkingDelta:
    kind: Literal["thinking"] = "thinking"
    text: str


@value
class CallDelta:
    """A piece of one tool call; what a later piece leaves empty stays as it was."""

    kind: Literal["call"] = "call"
    index: int
    """Which call of the reply this belongs to; gateways number them from 0."""
    id: str = ""
    name: str = ""
    arguments: str = ""
    source: str = ""
    mends: tuple[str, ...] = ()
    extra: Mapping[str, object] = field(default_factory=dict)


@value
class RestartDelta:
    """The request is made again, of this server or of another: everything said before is void."""

    kind: Literal["restart"] = "restart"
    reason: str
    wait_seconds: float


@value
class ProgressDelta:
    """How much of the prompt the server has read."""

    kind: Literal["progress"] = "progress"
    processed_tokens: int
    total_tokens: int
    cached_tokens: int = 0
    """How many of `processed_tokens` it had kept from before."""
    seconds_left: float | None = None
    """Until the rest is read, at the speed seen so far; None: it is too early to say."""
    estimated: bool = False
    """Whether all of this is reckoned from earlier requests, because the server says nothing."""


@value
class CacheLostDelta:
    """The server read again what it had read for the request before."""

    kind: Literal["cache_lost"] = "cache_lost"
    lost_tokens: int
    changed: int | None = None
    """The first message that was another one, counted from 1; 0: the system text or the tools; None: none."""


@value
class FinishDelta:
    """The last delta of every stream that was not cut."""

    kind: Literal["finish"] = "finish"
    finish: Finish
    usage: Usage = Usage()


Delta = TextDelta | ThinkingDelta | CallDelta | RestartDelta | ProgressDelta | CacheLostDelta | FinishDelta


@dataclass
class _Growing:
    """A part while its pieces arrive: joined once, so that a long reply costs its length."""

    kind: type[Text] | type[Thinking] | type[ToolCall]
    id: str = ""
    name: str = ""
    pieces: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    mends: list[str] = field(default_factory=list)
    extra: dict[str, object] = field(default_factory=dict)

    def part(self, place: int) -> Part:
        text = "".join(self.pieces)
        if self.kind is ToolCall:
            identity = self.id or f"call-{place}"
            return ToolCall(
                id=identity,
                name=self.name,
                arguments=text,
                source="".join(self.sources),
                mends=tuple(self.mends),
                extra=self.extra,
            )
        return Thinking(text=text) if self.kind is Thinking else Text(text=text)


@dataclass
class ReplyBuilder:
    """Folds deltas into one message; however the stream was cut up, the message is the same."""

    end: FinishDelta | None = None
    _parts: list[_Growing] = field(default_factory=list)
    _calls: dict[int, _Growing] = field(default_factory=dict)

    def add(self, delta: Delta) -> None:
        match delta:
            case TextDelta(text=text):
                self._last(Text).pieces.append(text)
            case ThinkingDelta(text=text):
                self._last(Thinking).pieces.append(text)
            case CallDelta():
                self._add_call(delta)
            case RestartDelta():
                self._parts.clear()
                self._calls.clear()
            case FinishDelta():
                self.end = delta
            case ProgressDelta() | CacheLostDelta():
                pass
            case _:
                assert_never(delta)

    def build(self) -> AssistantMessage:
        """The message so far; a stream without its end counts as cut by length."""
        end = self.end or FinishDelta(finish=Finish.LENGTH)
        parts = tuple(growing.part(place) for place, growing in enumerate(self._parts))
        return AssistantMessage(parts=parts, finish=end.finish, usage=end.usage)

    def build_interrupted(self) -> AssistantMessage:
        """What had been said when somebody stopped it, without its calls: no half call may run."""
        parts = tuple(part for part in self.build().parts if not isinstance(part, ToolCall))
        return AssistantMessage(parts=parts, finish=Finish.INTERRUPTED)

    def _last(self, kind: type[Text] | type[Thinking]) -> _Growing:
        if not self._parts or self._parts[-1].kind is not kind:
            self._parts.append(_Growing(kind))
        return self._parts[-1]

    def _add_call(self, delta: CallDelta) -> None:
        if (call := self._calls.get(delta.index)) is None:
            call = self._calls[delta.index] = _Growing(ToolCall)
            self._parts.append(call)
        call.id = call.id or delta.id
        call.name = call.name or delta.name
        call.pieces.append(delta.arguments)
        call.sources.append(delta.source)
        call.mends += delta.mends
        call.extra.update(delta.extra)
