"""The conversation so far: a fold over events, and the only thing a model is shown."""

from collections.abc import Iterable, Sequence
from dataclasses import field, replace
from typing import Self, assert_never

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
from core.messages import AssistantMessage, Message, ToolCall, ToolMessage, UserMessage
from core.records import dataclass


@dataclass
class Conversation:
    """Messages in order. Every tool call is answered before the model speaks again."""

    messages: list[Message] = field(default_factory=list)
    turn_start: int = 0
    """Index of the message that opened the newest turn."""

    @classmethod
    def replay(cls, events: Iterable[Event]) -> Self:
        conversation = cls()
        for event in events:
            conversation.apply(event)
        return conversation

    def apply(self, event: Event) -> None:
        match event:
            case TurnStarted(prompt=prompt):
                self.turn_start = len(self.messages)
                self.messages.append(prompt)
            case ModelReplied(reply=reply):
                self.messages.append(reply)
            case ToolFinished(call_id=call_id, text=text, status=status, by_person=by_person):
                answer = ToolMessage(call_id=call_id, text=text, status=status, by_person=by_person)
                self.messages.append(answer)
            case WorkSentBack(feedback=feedback):
                self.messages.append(UserMessage(text=feedback, source="review"))
            case NoteAdded(text=text, joined=True):
                self._join(text)
            case NoteAdded(source=source, text=text):
                self.messages.append(UserMessage(text=text, source=source))
            case ContextShrunk(messages=messages):
                self.messages[:] = messages
                self.turn_start = 0
            case Rewound(kept=kept, messages=messages):
                self.messages[kept:] = messages
                self.turn_start = min(self.turn_start, len(self.messages))
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
                | FilesRestored()
                | ModelSwitched()
                | TurnFinished()
            ):
                pass  # for eyes only
            case _:
                assert_never(event)

    def _join(self, note: str) -> None:
        """Write a note onto the end of the newest message, which no request has held yet."""
        last = self.messages[-1]
        assert not isinstance(last, AssistantMessage)
        if isinstance(last, ToolMessage):
            self.messages[-1] = replace(last, notes="\n\n".join(filter(None, (last.notes, note))))
        else:
            self.messages[-1] = replace(last, text=f"{last.text}\n\n{note}")

    @property
    def open_calls(self) -> tuple[ToolCall, ...]:
        """Calls of the newest reply that have no answer yet, in the order they were made."""
        answered: set[str] = set()
        for message in reversed(self.messages):
            match message:
                case ToolMessage(call_id=call_id):
                    answered.add(call_id)
                case AssistantMessage(calls=calls):
                    return tuple(call for call in calls if call.id not in answered)
                case UserMessage():
                    return ()
                case _:
                    assert_never(message)
        return ()


def counting(records: Iterable[Record]) -> Sequence[Record]:
    """Without those that were forgotten when the conversation was rewound."""
    seen: list[Record] = []
    left: list[Record] = []
    for record in records:
        if isinstance(record.event, Rewound):
            to = record.event.to
            left = [*counting(each for each in seen if each.seq <= to)]
        seen.append(record)
        left.append(record)
    return left
