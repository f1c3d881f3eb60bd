"""What came of a question or of a turn, as an exam looks at it."""

from collections.abc import Mapping, Sequence
from dataclasses import field

from core.events import Event, ModelReplied, Outcome, ReplyMended, ToolFinished, TurnFinished, WorkSentBack
from core.messages import AssistantMessage, ToolCall, ToolStatus
from core.values import value
from flow.call_mends import WRITTEN_CALLS


@value
class Asked:
    """A reply, and how long it took."""

    reply: AssistantMessage
    first_seconds: float
    """Until the first word."""
    seconds: float


@value
class Turn:
    outcome: Outcome
    note: str = ""
    """Why it ended as it did, for people."""
    said: str = ""
    """The words of the last reply."""
    calls: tuple[ToolCall, ...] = ()
    failed_calls: int = 0
    most_calls: int = 0
    """In one reply."""
    mended: int = 0
    """How often a reply had to be mended, or the work sent back."""
    files: Mapping[str, str] = field(default_factory=dict)
    """The text of each file in the folder afterwards, by its path."""

    @property
    def done(self) -> bool:
        return self.outcome is Outcome.DONE

    @property
    def written_calls(self) -> bool:
        """Whether calls came as text, and were read out of it."""
        return any(call.source for call in self.calls)

    @property
    def flawless(self) -> bool:
        return self.done and not self.mended and not self.failed_calls


def turn_of(events: Sequence[Event], files: Mapping[str, str]) -> Turn:
    """Read from the events of a turn that came to its end, and from the folder it left."""
    replies = [event.reply for event in events if isinstance(event, ModelReplied)]
    answers = [event for event in events if isinstance(event, ToolFinished)]
    end = next(event for event in reversed(events) if isinstance(event, TurnFinished))
    return Turn(
        outcome=end.outcome,
        note=end.note,
        said=replies[-1].text if replies else "",
        calls=tuple(call for reply in replies for call in reply.calls),
        failed_calls=sum(answer.status is not ToolStatus.OK for answer in answers),
        most_calls=max((len(reply.calls) for reply in replies), default=0),
        mended=sum(map(_is_help, events)),
        files=files,
    )


def _is_help(event: Event) -> bool:
    """That calls are written as text has a row of its own."""
    return isinstance(event, ReplyMended | WorkSentBack) and event != WRITTEN_CALLS
