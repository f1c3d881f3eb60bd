"""What is new reaches the model as notes, at the end of the conversation, before its next step."""

from collections.abc import Sequence

from core.conversation import Conversation
from core.errors import ContextOverflow
from core.events import ContextShrunk, Event, NoteAdded
from core.policies import ContextPolicy, NoteSource
from core.records import dataclass


@dataclass
class NotedContext:
    inner: ContextPolicy
    sources: Sequence[NoteSource] = ()
    joins: bool = False
    """Whether notes go onto the end of the newest message, for a template that takes no other."""
    _anew: bool = False
    """Whether the history was replaced since the sources were asked."""

    async def before_step(self, conversation: Conversation) -> Sequence[Event]:
        shrunk = self._watched(await self.inner.before_step(conversation))  # a note before it would be lost
        anew, self._anew = self._anew, False
        notes = [
            NoteAdded(source=source.name, text=text, joined=self.joins)
            for source in self.sources
            for text in source.news(anew=anew)
        ]
        return [*shrunk, *notes]

    async def after_overflow(self, conversation: Conversation, error: ContextOverflow) -> Sequence[Event]:
        return self._watched(await self.inner.after_overflow(conversation, error))

    def begin_anew(self) -> None:
        """The history is another one: what notes told may be lost."""
        self._anew = True

    def _watched(self, events: Sequence[Event]) -> Sequence[Event]:
        self._anew |= any(isinstance(event, ContextShrunk) for event in events)
        return events


@dataclass(frozen=True)
class Steering:
    """What a person says while the model works, or does beside it."""

    inbox: list[str]
    name: str = "steering"

    def news(self, *, anew: bool) -> Sequence[str]:
        said = list(self.inbox)
        self.inbox.clear()
        return said
