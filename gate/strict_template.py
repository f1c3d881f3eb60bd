"""Conversations as a strict chat template takes them, message by message, whatever server holds it.

No system message: its text heads the first user message. No two user messages in a row: a reply of nothing
stands between them. No two calls in a reply: each becomes a reply of its own, before its answer.
"""

from collections.abc import Iterator
from dataclasses import replace

from core.messages import AssistantMessage, Message, Part, Text, ToolCall, ToolMessage, UserMessage
from core.records import dataclass
from gate.manner import Manner

NO_REPLY = AssistantMessage(parts=(Text(text="(no reply)"),))
"""Joining the two user messages instead would change what was sent."""


@dataclass
class StrictTemplate:
    """Of one conversation, from its first message on; nothing it says depends on what comes later."""

    manner: Manner
    system: str
    _opening: str = ""
    """System text that waits for the first user message."""
    _unanswered: bool = False
    """Whether a user message was said, and no reply in words since."""
    _split: tuple[Part, ...] = ()
    """Of a reply with several calls: what was not said yet."""

    def __post_init__(self) -> None:
        self._opening = "" if self.manner.system_role else self.system

    @property
    def system_message(self) -> tuple[dict[str, object], ...]:
        return ({"role": "system", "content": self.system},) if self.manner.system_role else ()

    def said(self, message: Message) -> Iterator[Message]:
        """`message` in this template's form: nothing, itself, or several."""
        match message:
            case UserMessage(head=head):
                if self._unanswered and self.manner.alternating_roles:
                    yield NO_REPLY
                if self._opening:
                    message = replace(message, head="\n\n".join(filter(None, (self._opening, head))))
                self._opening, self._unanswered = "", True
            case AssistantMessage(calls=()):
                self._unanswered = False
            case AssistantMessage(parts=parts, calls=(_, _, *_)) if self.manner.single_calls:
                self._split = parts
                return  # no request ends with a call
            case ToolMessage(call_id=call_id) if self._split:
                yield AssistantMessage(parts=self._with_one_call(call_id))
        yield message

    def _with_one_call(self, call_id: str) -> tuple[Part, ...]:
        """What is left of the reply that was split, with this call alone."""
        parts = self._split
        self._split = tuple(part for part in parts if isinstance(part, ToolCall) and part.id != call_id)
        return tuple(part for part in parts if part not in self._split)
