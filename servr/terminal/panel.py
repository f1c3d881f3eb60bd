"""What stands below the transcript: unfinished text, what goes on, the input, a line of status.

             above(lines) ─► scrollback
┌ tail: what is not finished yet ┐
│ live line, what is queued      │
│ > input                        │ ─► read(), or answer() while a question waits
│ completions                    │
└ status ────────────────────────┘
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from prompt_toolkit.auto_suggest import DummyAutoSuggest
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.completion import Completer, DummyCompleter
from prompt_toolkit.document import Document
from prompt_toolkit.enums import EditingMode
from prompt_toolkit.history import History, InMemoryHistory
from prompt_toolkit.input import Input
from prompt_toolkit.output import ColorDepth, Output

from servr.spans import Line
from servr.terminal.application import POSTPONED_SECONDS, ChatApplication
from servr.terminal.chips import Chips
from servr.terminal.keys import bindings
from servr.terminal.layout import layout_of
from servr.terminal.lines import Interrupted

FRAME_SECONDS = 0.05
"""How often the screen follows what happens by itself; a key is answered at once."""
TICK_SECONDS = 0.25
"""How often a line that tells the time is drawn anew."""
LISTENING, WORKING = "\x1b]133;A\x07\x1b]133;B\x07", "\x1b]133;C\x07"
"""Marks of a prompt for terminals that jump between prompts: it begins to listen, and it has heard."""
TELL_FOCUS, TELL_NO_FOCUS = "\x1b[?1004h", "\x1b[?1004l"


def _nothing() -> str:
    return ""


def _none() -> Sequence[str]:
    return ()


@dataclass
class Question:
    """Someone waits for an answer of the person."""

    prompt: str
    answer: "asyncio.Future[str]"
    drafting: bool
    """Whether a line that was begun before is to be finished first."""
    draft: Document | None = None
    """A line that was put aside."""


@dataclass
class Panel:
    output: Output
    input: Input
    styled: Callable[[Line], str] = lambda line: line.text
    history: History = field(default_factory=InMemoryHistory)
    completer: Completer = field(default_factory=DummyCompleter)
    vi: bool = False
    colour: bool = True
    live: Callable[[], str] = _nothing
    """What goes on, in a line; asked for at each drawing."""
    status: Callable[[], str] = _nothing
    queued: Callable[[], Sequence[str]] = _none
    """What was typed and waits to be read."""
    tail: Sequence[Line] = ()
    """What is not finished yet; its end is shown."""
    refresh: Callable[[], None] = lambda: None
    """Asked for before what happened is drawn: brings the tail up to date."""
    interrupt: Callable[[], None] = lambda: None
    """Ctrl-C while something runs."""
    open_thinking: Callable[[], None] = lambda: None
    recall: Callable[[], str] = _nothing
    """Takes back what is queued, to be edited."""
    in_front: bool = False
    """Whether the terminal says that its window has the focus; some never do."""
    chips: Chips = field(default_factory=Chips)
    _question: Question | None = None
    _reading: "asyncio.Future[str] | None" = None
    _at_prompt: bool = False
    """Whether the next line is a prompt: nothing runs."""
    _stopped_again: bool = False
    """Ctrl-C came once more before the one before was heard."""
    _gone: bool = False
    _typed: list[str] = field(default_factory=list)
    _frame: asyncio.TimerHandle | None = None

    def __post_init__(self) -> None:
        self.buffer = Buffer(
            history=self.history,
            completer=self.completer,
            complete_while_typing=True,
            auto_suggest=DummyAutoSuggest(),
            multiline=True,
            on_text_changed=self._changed,
            tempfile_suffix=".md",
        )
        self.application = ChatApplication(
            layout=layout_of(self),
            key_bindings=bindings(self),
            input=self.input,
            output=self.output,
            editing_mode=EditingMode.VI if self.vi else EditingMode.EMACS,
            color_depth=None if self.colour else ColorDepth.DEPTH_1_BIT,
            erase_when_done=True,
            max_render_postpone_time=POSTPONED_SECONDS,
        )
        self.application.behind = lambda: self._frame is not None and bool(self.tail) and not self._question
        self.application.above, self.application.marks = [], []
        self.application.ttimeoutlen = 0.05

    @property
    def columns(self) -> int:
        return self.output.get_size().columns

    @property
    def asked(self) -> Question | None:
        return self._question

    @property
    def prompt(self) -> str:
        if self._question and not self._question.drafting:
            return self._question.prompt
        return "> "

    @asynccontextmanager
    async def shown(self) -> AsyncIterator[None]:
        """Meanwhile it is on the screen and takes keys."""
        task = asyncio.create_task(
            self.application.run_async(set_exception_handler=False, handle_sigint=False)
        )
        ticking = asyncio.create_task(self._tick())
        task.add_done_callback(self._ended)
        self.tell_terminal(TELL_FOCUS)
        try:
            yield
        finally:
            ticking.cancel()
            if self.application.is_running and not self.application.is_done:
                self.application.exit()
            elif not self.application.is_running:
                task.cancel()  # an error came so soon that it has not begun
            with suppress(EOFError, asyncio.CancelledError):
                await task
            self._write_rest()

    def above(self, lines: Iterable[str]) -> None:
        """Add whole lines to the transcript, with what colours them."""
        self.application.above.extend(lines)
        self.changed()

    def changed(self) -> None:
        """Draw soon: what happens within a frame is drawn once."""
        if self._frame is None and not self.application.is_done:
            self._frame = asyncio.get_running_loop().call_later(FRAME_SECONDS, self._draw)

    async def read(self) -> str:
        """The next line for the model or for the chat.

        Raises:
            EOFError: Ctrl-D, or the terminal is gone.
            Interrupted: Ctrl-C.
        """
        if self._typed:
            return self._typed.pop(0)
        if self._gone or self.application.is_done:
            raise EOFError
        self._reading = asyncio.get_running_loop().create_future()
        try:
            return await self._reading
        finally:
            self._reading = None

    async def listen(self) -> str:
        """`read` where nothing runs, and it is the person's turn."""
        if self._stopped_again:
            self._stopped_again = False
            raise Interrupted
        self._at_prompt = True
        self.tell_terminal(LISTENING)
        try:
            return await self.read()
        finally:
            self._at_prompt = False

    async def answer(self, prompt: str) -> str:
        """What the person answers to a question; a line that was begun before is finished or put aside first.

        Raises:
            EOFError: as `read`.
            Interrupted: as `read`.
        """
        if self._gone or self.application.is_done:
            raise EOFError
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._question = Question(prompt, answer, drafting=bool(self.buffer.text))
        self.tell_terminal(LISTENING)
        try:
            return await answer
        finally:
            draft = self._question.draft
            self._question = None
            if draft is not None:
                self.buffer.document = draft
            self.changed()

    def submit(self) -> None:
        """Enter: the text goes to whoever waits for it."""
        text = self.chips.expanded(self.buffer.text)
        question = self._question
        if question and not question.drafting:
            self.buffer.reset()
            if not question.answer.done():
                question.answer.set_result(text)
        elif text.strip():
            self.buffer.append_to_history()
            self.buffer.reset()
            if question:
                question.drafting = False
            self._give(text)

    def put_aside(self) -> None:
        """The line that was begun: the question has the input now, and the line comes back after it."""
        if (question := self._question) and question.drafting:
            question.draft, question.drafting = self.buffer.document, False
            self.buffer.reset()

    def stop(self) -> None:
        """Ctrl-C: what it ends depends on what goes on."""
        if self._question:
            if not self._question.answer.done():
                self._question.answer.set_exception(Interrupted())
        elif self._at_prompt and self._reading:
            self.buffer.reset()
            if not self._reading.done():
                self._reading.set_exception(Interrupted())
            elif not self._reading.cancelled() and self._reading.exception():
                self._stopped_again = True
        else:
            self.interrupt()

    def close(self) -> None:
        """Nobody types any more: the program is told to end."""
        self._gone = True
        self.leave()
        self.interrupt()

    def leave(self) -> None:
        """Ctrl-D on an empty line."""
        for waiting in (self._question and self._question.answer, self._reading):
            if waiting and not waiting.done():
                waiting.set_exception(EOFError())
                return

    def tell_terminal(self, sequence: str) -> None:
        """Something that it does not show."""
        self.application.marks.append(sequence)
        self.changed()

    def _give(self, text: str) -> None:
        if self._reading and not self._reading.done():
            self._reading.set_result(text)
        else:
            self._typed.append(text)
        self.tell_terminal(WORKING)

    def _changed(self, buffer: Buffer) -> None:
        if self._question and self._question.drafting and not buffer.text:
            self._question.drafting = False

    def _draw(self) -> None:
        self._frame = None
        self.refresh()
        self.application.invalidate()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            if self.live():
                self.changed()

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self.leave()

    def _write_rest(self) -> None:
        """What came after the last drawing."""
        self.output.write_raw(TELL_NO_FOCUS)
        for line in self.application.above:
            self.output.write_raw(f"{line}\r\n")
        self.application.above.clear()
        self.output.flush()
