"""Shows a session as it happens, where what was written stays as it is: a pipe, a simple terminal."""

from dataclasses import dataclass, field

from core.deltas import Delta, RestartDelta, TextDelta, ThinkingDelta
from core.events import Event, ModelDelta, ModelReplied, ModelSwitched, PermissionAsked, Record, TurnFinished
from core.messages import AssistantMessage
from core.visible import visible
from servr.drawing import lines_of
from servr.spans import Style
from servr.terminal.screen import Screen
from servr.terminal.waiting import Waiting

MOST_THINKING_CHARS = 70


@dataclass
class TerminalReader:
    """Streams what the model says, and draws everything else in lines."""

    screen: Screen
    waiting: Waiting = field(default_factory=Waiting)
    _said: str = ""
    """What has been shown of the reply so far."""
    _thought: int = 0
    """How many characters of thinking have been shown."""

    async def __call__(self, record: Record) -> None:
        self.waiting.see(record.event)
        match record.event:
            case ModelDelta(delta=delta):
                self._stream(delta, record.event)
            case ModelReplied(reply=reply):
                self._end_reply(reply)
            case PermissionAsked() | ModelSwitched():
                pass  # whoever asks or switches shows it
            case TurnFinished():
                self.screen.show(lines_of(record.event))
                self.screen.write("\n")
            case event:
                self.screen.show(lines_of(event))

    def _stream(self, delta: Delta, event: Event) -> None:
        match delta:
            case TextDelta(text=text) if not self.waiting.form:
                self._say(text)
            case ThinkingDelta(text=text):
                self._think(text)
            case RestartDelta():
                self._said, self._thought = "", 0
                self.screen.show(lines_of(event))
            case _:
                pass

    def _say(self, text: str) -> None:
        shown = text if self._said else text.lstrip("\r\n")
        if shown and not self._said:
            self.screen.end_line()
        self._said += shown
        self.screen.write(visible(shown))

    def _think(self, text: str) -> None:
        """The beginning of it, in one line."""
        if self._thought >= MOST_THINKING_CHARS:
            return
        if not self._thought:
            self.screen.end_line()
        shown = " ".join(visible(text).split("\n"))[: MOST_THINKING_CHARS - self._thought]
        self._thought += len(shown)
        self.screen.write(shown, Style.DIM)
        if self._thought >= MOST_THINKING_CHARS:
            self.screen.write("…", Style.DIM)
            self.screen.end_line()

    def _end_reply(self, reply: AssistantMessage) -> None:
        """Show what was not streamed."""
        whole = "" if self.waiting.form else reply.text.lstrip("\r\n")
        if whole.startswith(self._said):
            self._say(whole[len(self._said) :])
        self.screen.end_line()
        self._said, self._thought = "", 0
