"""One conversation with its log and its readers."""

import asyncio
from collections.abc import Sequence
from dataclasses import field

from core.conversation import Conversation
from core.events import (
    Event,
    ModelReplied,
    Outcome,
    Record,
    ToolFinished,
    ToolStarted,
    TurnFinished,
    TurnStarted,
)
from core.messages import Image, ToolStatus, UserMessage
from core.permissions import RISKY, Effect
from core.protocols import ModelRequest, Reader, SessionLog
from core.records import dataclass
from core.values import Clock, utc_now
from flow.broadcast import PATIENCE_SECONDS, Subscription
from flow.loops import AgentLoop
from flow.masking import MaskedEvents, mapped


@dataclass
class Session:
    """Every event is masked, applied, stored, then shown: what anyone saw can be replayed."""

    id: str
    loop: AgentLoop
    log: SessionLog
    head: str = ""
    """What the first user message begins with: date, folder, the project's instructions."""
    inbox: list[str] = field(default_factory=list)
    own_commands: list[str] = field(default_factory=list)
    """What the person ran beside the model, which it reads before its next step."""
    masked: MaskedEvents = field(default_factory=MaskedEvents)
    clock: Clock = utc_now
    conversation: Conversation = field(default_factory=Conversation)
    _readers: list[Subscription] = field(default_factory=list)
    _started: dict[str, Record] = field(default_factory=dict)  # of open calls that have begun
    _open_turn: bool = False
    _seq: int = 0

    def recover(self) -> bool:
        """Take up what the log has. True when its last turn was cut off, and has been closed now."""
        for record in self.log.records():
            self.conversation.apply(mapped(record.event, self.masked.masking.masked))  # older than a secret
            self._follow(record)
        if not self._open_turn:
            return False
        for event in self._closing("The session ended before it was run."):
            self.record(event)
        self.log.sync()
        return True

    @property
    def busy(self) -> bool:
        """Whether a turn is running."""
        return self._open_turn

    def record(self, event: Event) -> None:
        """Add a durable event between two turns."""
        for shown in self.masked.of(event):
            self._tell(self._recorded(shown))

    def subscribe(self, reader: Reader, *, patience_seconds: float = PATIENCE_SECONDS) -> None:
        """Tell `reader` all that happens from now on, as long as it needs no longer for one thing."""
        subscription = Subscription(
            reader, self.log.records, seen=self._seq, patience_seconds=patience_seconds
        )
        self._readers.append(subscription)

    def steer(self, text: str) -> None:
        """Say something to the model while it works; it reads it before its next step."""
        self.inbox.append(text)

    def unread(self) -> Sequence[str]:
        """What was said so and has not been read: it will not be, from now on."""
        said = tuple(self.inbox)
        self.inbox.clear()
        return said

    def next_request(self) -> ModelRequest:
        """What the next request begins with, whatever will be said."""
        messages = (*self.conversation.messages, self._prompt(""))
        return ModelRequest(system=self.loop.system, messages=messages, tools=self.loop.tools)

    async def send(self, text: str, images: Sequence[Image] = ()) -> TurnFinished:
        """Run one turn to its end. Cancelling it leaves a conversation that can go on."""
        prompt = self._prompt(text, images)
        try:
            finished = await self.loop.run_turn(self.conversation, prompt, self.emit)
        except asyncio.CancelledError:
            for event in self._closing("Interrupted before it was run."):
                await self.emit(event)
            raise
        finally:
            await self.drained()
        return mapped(finished, self.masked.masking.masked)

    async def drained(self) -> None:
        """Wait until every reader has been given everything."""
        for reader in self._readers:
            await reader.drained()

    async def aclose(self) -> None:
        for reader in self._readers:
            await reader.aclose()
        self.log.close()

    async def emit(self, event: Event) -> None:
        """Mask, apply, store and show: the one door."""
        for shown in self.masked.of(event):
            record = self._recorded(shown)
            if isinstance(shown, TurnFinished) or (isinstance(shown, ToolStarted) and shown.effect in RISKY):
                await asyncio.to_thread(self.log.sync)
            self._tell(record)

    def _recorded(self, event: Event) -> Record:
        if not event.durable:
            return Record(session=self.id, seq=self._seq, at=self.clock(), event=event)
        self.conversation.apply(event)
        record = self.log.append(event)
        self._follow(record)
        return record

    def _tell(self, record: Record) -> None:
        for reader in self._readers:
            reader.tell(record)

    def _prompt(self, text: str, images: Sequence[Image] = ()) -> UserMessage:
        head = "" if self.conversation.messages else self.head
        return mapped(UserMessage(text=text, head=head, images=tuple(images)), self.masked.masking.masked)

    def _follow(self, record: Record) -> None:
        self._seq = record.seq
        match record.event:
            case TurnStarted():
                self._open_turn = True
            case TurnFinished():
                self._open_turn = False
            case ModelReplied():
                self._started.clear()
            case ToolStarted(call=call):
                self._started[call.id] = record
            case _:
                pass

    def _closing(self, never_run: str) -> Sequence[Event]:
        """What ends a turn that was cut off: an answer to every open call, and the turn's own end."""
        answers = list[Event]()
        for call in self.conversation.open_calls:
            begun = self._started.get(call.id)
            text = _without_an_end(begun) if begun else never_run
            answers.append(ToolFinished(call_id=call.id, text=text, status=ToolStatus.FAILED))
        return [*answers, TurnFinished(outcome=Outcome.INTERRUPTED)]


def _without_an_end(begun: Record) -> str:
    """What is known of a call that was cut off."""
    match begun.event:
        case ToolStarted(effect=Effect.READ):
            return (
                f"Started at {begun.at:%H:%M:%S} and cut off. It changed nothing: repeat it if it is needed."
            )
        case _:
            return f"Started at {begun.at:%H:%M:%S}, outcome unknown: look before you repeat it."
