"""What the model is at while a person waits, and what its reply cost: told in one line each.

turn_started, tool_finished ─▶ reading ─▶ thinking, writing ─▶ model_replied ─▶ cache, window, speed
                                                                    └─▶ tool_started ─▶ running
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from math import ceil

from core.deltas import (
    CacheLostDelta,
    CallDelta,
    Delta,
    ProgressDelta,
    RestartDelta,
    TextDelta,
    ThinkingDelta,
)
from core.events import (
    ContextShrunk,
    Event,
    ModelDelta,
    ModelReplied,
    NoteAdded,
    ReplyMended,
    SummaryAsked,
    ToolFinished,
    ToolStarted,
    TurnFinished,
    TurnStarted,
    WorkSentBack,
)
from core.messages import Usage
from core.visible import visible

CHARS_PER_TOKEN = 4
LEAST_SECONDS = 0.5
"""What took no longer has no speed worth telling."""


@dataclass
class _Writing:
    """Pieces of a reply of one kind, as they come."""

    doing: str
    since: float
    chars: int = 0

    def line(self, now: float) -> str:
        tokens, seconds = self.chars // CHARS_PER_TOKEN, now - self.since
        speed = f", {tokens / seconds:.0f} a second" if seconds >= LEAST_SECONDS else ""
        return f"{self.doing}, about {tokens:,} tokens{speed}"


@dataclass
class Waiting:
    """Follows one session."""

    clock: Callable[[], float] = time.monotonic
    usage: Usage | None = None
    """Of the newest reply whose server told it; one that was interrupted has none."""
    lost: CacheLostDelta | None = None
    """When the server's cache was last lost without need; None: never."""
    form: str = ""
    """What a reply is that is no words for the person: it is told of, and not shown. Empty: it is words."""
    _since: float | None = None
    """When the server was asked; None while nobody waits for it."""
    _doing: str = "reading"
    """What it was asked to begin with."""
    _progress: tuple[ProgressDelta, float] | None = None
    _writing: _Writing | None = None
    _answered: float | None = None
    """When the first piece of the reply came."""
    _seconds: float = 0.0
    """How long the newest reply was written."""
    _shrunk: bool = False
    _again_at: float | None = None
    """When the server is asked again, after a stream that broke."""
    _running: dict[str, tuple[str, float]] = field(default_factory=dict)
    """By call: the tool that runs, and since when."""

    def see(self, event: Event) -> None:
        match event:
            case SummaryAsked():
                self._ask("summing up")
            case ToolFinished(call_id=call_id):
                self._running.pop(call_id, None)
                self._ask()
            case TurnStarted() | NoteAdded() | WorkSentBack() | ReplyMended():
                self._ask()
            case ModelDelta(delta=delta):
                self._hear(delta)
            case ModelReplied(reply=reply):
                self._end(reply.usage)
            case ContextShrunk():
                self._shrunk, self.lost = True, None
                self._ask()
            case ToolStarted(call=call):
                self._running[call.id] = visible(call.name), self.clock()
                self._since = None
            case TurnFinished():
                self._running.clear()
                self._since = self._writing = None
            case _:
                pass

    def line(self) -> str:
        """What goes on just now; empty when nobody waits."""
        now = self.clock()
        if self._running:
            return _running(list(self._running.values()), now)
        if self._writing:
            return self._writing.line(now)
        if self._since is None:
            return ""
        if self._again_at and self._again_at > now:
            return f"asking again in {ceil(self._again_at - now)} s"
        left = _left(*self._progress, now=now) if self._progress else ""
        return left or f"{self._doing}, {now - self._since:.0f} s"

    def status(self, window_tokens: int | None) -> str:
        """What the newest reply cost; empty when the server says nothing of it."""
        return " · ".join(self._costs(self.usage or Usage(), window_tokens))

    def _costs(self, usage: Usage, window_tokens: int | None) -> Iterator[str]:
        held = usage.prompt_tokens + usage.reply_tokens
        if usage.prompt_tokens and usage.cached_tokens is not None:
            yield f"cache kept {_percent(usage.cached_tokens, usage.prompt_tokens)}"
        if held and window_tokens:
            yield f"window {_percent(held, window_tokens)} of {window_tokens:,}"
        elif held:
            yield f"{held:,} tokens"
        if usage.reply_tokens and self._seconds >= LEAST_SECONDS:
            yield f"{usage.reply_tokens / self._seconds:.0f} tokens a second"

    def _ask(self, doing: str = "reading") -> None:
        self._doing = doing
        self._since, self._answered, self._progress, self._writing = self.clock(), None, None, None
        self._again_at = None

    def _hear(self, delta: Delta) -> None:
        match delta:
            case ProgressDelta():
                self._progress = delta, self.clock()
            case CacheLostDelta() if not self._shrunk:
                self.lost = delta
            case RestartDelta(wait_seconds=seconds):
                self._ask()
                self._again_at = self.clock() + seconds
            case TextDelta(text=text):
                self._grow(f"writing {self.form}".strip(), len(text))
            case ThinkingDelta(text=text):
                self._grow("thinking", len(text))
            case CallDelta(name=name, arguments=arguments):
                doing = f"writing a call of {visible(name)}" if name else ""
                self._grow(doing or (self._writing.doing if self._writing else "writing"), len(arguments))
            case _:
                pass

    def _grow(self, doing: str, chars: int) -> None:
        now = self.clock()
        self._answered = self._answered or now
        if self._writing is None or self._writing.doing != doing:
            self._writing = _Writing(doing, now)
        self._writing.chars += chars

    def _end(self, usage: Usage) -> None:
        if usage != Usage():
            self.usage = usage
            self._seconds = self.clock() - self._answered if self._answered else 0.0
        self._since, self._writing, self._shrunk = None, None, False


def _running(running: Sequence[tuple[str, float]], now: float) -> str:
    """The tool that has run longest, and how many others do."""
    name, since = running[0]
    others = f", and {len(running) - 1} more" if running[1:] else ""
    return f"running {name}, {now - since:.0f} s{others}"


def _left(progress: ProgressDelta, came: float, *, now: float) -> str:
    """How far it is by now; empty when nobody can say, or when it should be done already."""
    total, about = progress.total_tokens, "about " if progress.estimated else ""
    if progress.seconds_left is None:
        return "" if progress.estimated else f"reading {progress.processed_tokens:,} of {total:,} tokens"
    left = progress.seconds_left - (now - came)
    if left < 1:
        return ""
    read = total - round((total - progress.processed_tokens) * left / progress.seconds_left)
    return f"reading {about}{read:,} of {total:,} tokens, about {left:.0f} s left"


def _percent(part: int, whole: int) -> str:
    return f"{min(part / whole, 1.0):.0%}"
