"""Everything that can happen in a session, as one closed union.

The terminal, headless JSON, the HTTP API, the web page, telemetry and the session
log all read this stream and nothing else. Durable events are the session: folding
them from the first gives the conversation back (see `core/conversation.py`).
Passing events (`durable = False`) are for eyes only and are never stored.
"""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Literal

from core.deltas import Delta
from core.file_states import PathChange
from core.messages import AssistantMessage, Message, ToolCall, ToolStatus, UserMessage
from core.permissions import Approval, Effect
from core.values import value
from core.views import View

Restoring = Literal["undo", "redo", "rewind"]


class Outcome(StrEnum):
    """How a turn ended."""

    DONE = "done"
    STEP_LIMIT = "step_limit"
    STUCK = "stuck"
    NEEDS_INPUT = "needs_input"
    REFUSED = "refused"
    GATEWAY_FAILED = "gateway_failed"
    UNVERIFIED = "unverified"
    INTERRUPTED = "interrupted"


EXIT_CODES = {
    Outcome.DONE: 0,
    Outcome.STEP_LIMIT: 1,
    Outcome.STUCK: 1,
    Outcome.NEEDS_INPUT: 1,
    Outcome.REFUSED: 1,
    Outcome.GATEWAY_FAILED: 3,
    Outcome.UNVERIFIED: 5,
    Outcome.INTERRUPTED: 130,
}
"""What a headless run answers the shell with."""


class DurableEvent:
    durable: ClassVar[bool] = True


class PassingEvent:
    durable: ClassVar[bool] = False


@value
class TurnStarted(DurableEvent):
    type: Literal["turn_started"] = "turn_started"
    prompt: UserMessage


@value
class ModelDelta(PassingEvent):
    type: Literal["model_delta"] = "model_delta"
    delta: Delta


@value
class ModelReplied(DurableEvent):
    type: Literal["model_replied"] = "model_replied"
    reply: AssistantMessage


@value
class ReplyMended(DurableEvent):
    """The reply that follows differs from what the model wrote, or was asked for again."""

    type: Literal["reply_mended"] = "reply_mended"
    what: str


@value
class PermissionAsked(DurableEvent):
    type: Literal["permission_asked"] = "permission_asked"
    call: ToolCall
    reason: str
    rule: str = ""
    """The rule that an *always* would write, for people to read; empty when there can be none."""
    shown: str = ""
    """What else a person was shown of what the call would do."""


@value
class PermissionAnswered(DurableEvent):
    type: Literal["permission_answered"] = "permission_answered"
    call_id: str
    approval: Approval


@value
class ToolStarted(DurableEvent):
    type: Literal["tool_started"] = "tool_started"
    call: ToolCall
    effect: Effect


@value
class ToolProgressed(PassingEvent):
    type: Literal["tool_progressed"] = "tool_progressed"
    call_id: str
    text: str


@value
class ToolFinished(DurableEvent):
    type: Literal["tool_finished"] = "tool_finished"
    call_id: str
    text: str
    """What the model reads."""
    status: ToolStatus = ToolStatus.OK
    view: View | None = None
    """What a screen may draw instead of `text`."""
    by_person: bool = False
    """Whether the person said it; all else reaches the model as data."""


@value
class FilesChanged(DurableEvent):
    """What a call changed in the workspace: the content of both sides is kept, as far as it can be."""

    type: Literal["files_changed"] = "files_changed"
    call_id: str
    changes: tuple[PathChange, ...]
    found: bool = False
    """Whether a look at the whole workspace found them, or the call's arguments named them."""
    certain: bool = True
    """False when Roost ended before the call did: a person may have made some of them meanwhile."""


@value
class FilesNotKept(DurableEvent):
    """What an undo will not be able to bring back."""

    type: Literal["files_not_kept"] = "files_not_kept"
    files: tuple[str, ...]
    """Each with the reason; the first of them."""
    more: int = 0


@value
class RestoreBegan(DurableEvent):
    """Files are about to be put back; without its end it was cut off, and is finished later."""

    type: Literal["restore_began"] = "restore_began"
    reason: Restoring
    to: int
    """The files become what they were right after the record of this number."""
    changes: tuple[PathChange, ...]


@value
class FilesRestored(DurableEvent):
    type: Literal["files_restored"] = "files_restored"
    reason: Restoring
    to: int
    changes: tuple[PathChange, ...]
    """What was really done."""
    kept: tuple[str, ...] = ()
    """What was left as it is, and why."""


@value
class Rewound(DurableEvent):
    """The conversation goes on from an earlier place: what was said since is no part of it any more."""

    type: Literal["rewound"] = "rewound"
    to: int
    """The last record that still counts; 0: none does."""
    kept: int
    """How many of the messages stay as they are."""
    messages: tuple[Message, ...] = ()
    """What follows them, when the conversation had been shortened since."""


@value
class ContextShrunk(DurableEvent):
    """The conversation was replaced by a shorter one: the complete new message list."""

    type: Literal["context_shrunk"] = "context_shrunk"
    reason: str
    messages: tuple[Message, ...]


@value
class SummaryAsked(PassingEvent):
    """The model is asked to sum up the conversation, which will be replaced by a shorter one: a wait."""

    type: Literal["summary_asked"] = "summary_asked"
    reason: str


@value
class NoteAdded(DurableEvent):
    """Something new for the model that is neither a prompt nor a tool's answer."""

    type: Literal["note_added"] = "note_added"
    source: str
    """Who says it, or why: `steering`, `empty_reply`, ..."""
    text: str
    joined: bool = False
    """Whether it stands at the end of the newest message, which was not sent yet, or is one of its own."""


@value
class WorkSentBack(DurableEvent):
    type: Literal["work_sent_back"] = "work_sent_back"
    feedback: str


@value
class ModelSwitched(DurableEvent):
    type: Literal["model_switched"] = "model_switched"
    model: str
    place: str = ""
    """The URL of its server, for two may have a model of this name; empty in older sessions."""


@value
class TurnFinished(DurableEvent):
    type: Literal["turn_finished"] = "turn_finished"
    outcome: Outcome
    note: str = ""
    """One sentence for people; empty when there is nothing to add."""
    evidence: tuple[str, ...] = ()
    """What was run to show that the work is done."""


Event = (
    TurnStarted
    | ModelDelta
    | ModelReplied
    | ReplyMended
    | PermissionAsked
    | PermissionAnswered
    | ToolStarted
    | ToolProgressed
    | ToolFinished
    | FilesChanged
    | FilesNotKept
    | RestoreBegan
    | FilesRestored
    | Rewound
    | SummaryAsked
    | ContextShrunk
    | NoteAdded
    | WorkSentBack
    | ModelSwitched
    | TurnFinished
)


@value
class Record:
    """An event with its place: number `seq` of session `session`, at `at` (UTC).

    A passing event bears the `seq` of the last durable record.
    """

    session: str
    seq: int
    at: datetime
    event: Event
