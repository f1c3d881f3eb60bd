"""The chat, with what a person types played from a list."""

import asyncio
import io
import json
import signal
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from core.deltas import Delta, FinishDelta, RestartDelta, TextDelta, ThinkingDelta
from core.endpoint import ServedModel, ServerFacts
from core.errors import ConfigError, InputNeeded
from core.events import Event, ModelDelta, ModelReplied, Outcome, PermissionAsked, Record, TurnFinished
from core.masking import Masking
from core.messages import AssistantMessage, Finish, Text, ToolCall, UserMessage
from core.permissions import Approval, Effect, Scope
from core.policies import PermissionQuestion
from core.protocols import Gateway, ModelRequest
from flow.masking import MaskedEvents
from flow.sessions import Session
from flow.undo import Undo
from flow.unkept import NoCheckpoints
from gate.scripted import ScriptedGateway, call, say
from servr.spans import Line, Style
from servr.terminal import ChatHeader, chat
from servr.terminal.chat import people_at
from servr.terminal.lines import Interrupted, PipedLines
from servr.terminal.people import TerminalApprover, TerminalAsker, approval_of
from servr.terminal.reader import TerminalReader
from servr.terminal.screen import Screen
from servr.terminal.talk import LEAVE, Chat, Next
from servr.terminal.terminal import BREATH_SECONDS, Terminal
from servr.terminal.typing_ahead import TypingAhead
from servr.terminal.undoing import UndoCommands
from servr.terminal.waiting import Waiting
from servr.themes import Theme
from tests.building import NOW, MemoryLog, Permits, a_loop
from tests.undoing import Agent

HEADER = ChatHeader(
    model="m",
    endpoint="http://127.0.0.1:1/v1",
    workspace="/w",
    permission="ask",
    sandbox="none",
    notices=("Mind.",),
)
SHELL = ToolCall(id="call-1", name="shell", arguments='{"command": "echo 1\\necho 2"}')


@dataclass
class Typed:
    """A person whose lines are known beforehand; an error among them is raised there."""

    lines: list[str | Exception]
    prompts: list[str] = field(default_factory=list)

    async def read(self, prompt: str) -> str:
        self.prompts.append(prompt)
        line = self.lines.pop(0) if self.lines else EOFError()
        if isinstance(line, Exception):
            raise line
        return line

    async def answer(self, prompt: str) -> str:
        return await self.read(prompt)

    async def ahead(self) -> str:
        await asyncio.Event().wait()
        raise EOFError


@dataclass
class Models:
    """One server with two models, and a person's wishes for them."""

    model: str = "m"
    place: str = "http://127.0.0.1:1/v1"
    wishes: list[str] = field(default_factory=list)
    began: asyncio.Event = field(default_factory=asyncio.Event)

    window_tokens: int | None = None
    thinking: bool = False
    counted: int | None = None
    warmed: int = 0

    async def count(self, request: ModelRequest) -> int | None:
        return self.counted

    def warm_up(self) -> None:
        self.warmed += 1

    async def servers(self) -> tuple[ServerFacts, ...]:
        seven = ServedModel(name="m2\x1b[2J", window_tokens=8_192, tools=False)
        one = ServedModel(name="m", loaded=True, window_tokens=32_768, tools=True)
        return (ServerFacts(url="http://127.0.0.1:1/v1", kind="vLLM", models=(one, seven)),)

    async def switch(self, wanted: str) -> Sequence[str]:
        self.wishes.append(wanted)
        self.began.set()
        if wanted == "slow":
            await asyncio.Event().wait()
        if wanted == "none":
            raise ConfigError("There is no model 'none'.", hint="Did you mean m2?")
        return (f"Going on with {wanted}.", "Mind its window.")


def terminal_of(*lines: str | Exception) -> Terminal:
    return Terminal(Screen(io.StringIO()), Typed(list(lines)))


def shown(terminal: Terminal) -> str:
    assert isinstance(terminal.screen.out, io.StringIO)
    return terminal.screen.out.getvalue()


async def talk(
    terminal: Terminal, gateway: Gateway, asks: tuple[Effect, ...] = (), models: Models | None = None
) -> tuple[Next, list[Event]]:
    people = people_at(terminal)
    loop = a_loop(gateway, permits=Permits(asks=asks))
    loop = replace(loop, executor=replace(loop.executor, approver=people.approver))
    log = MemoryLog()
    session = Session("s", loop, log)
    undo = Undo(NoCheckpoints(), log.records, session.record, log.sync)
    ended = await chat(session, HEADER, people, models or Models(), lambda: undo)
    await session.aclose()
    return ended, [record.event for record in log.kept]


async def test_a_chat_from_its_header_to_its_end() -> None:
    terminal = terminal_of("", "go", "exit")

    ended, _ = await talk(terminal, ScriptedGateway(call("echo", text="a\x1b[2J"), say("All\n\ndone.")))

    assert ended == LEAVE
    assert shown(terminal) == (
        "roost · m at http://127.0.0.1:1/v1\n"
        "/w · permission ask · sandbox none\n"
        "Mind.\n"
        "/help shows what you can type; Ctrl-C ends a turn; exit leaves.\n\n"
        "● echo a␛[2J\n"
        "  a␛[2J\n"
        "All\n\ndone.\n\n"
    )


@pytest.mark.parametrize("last", ["quit", "exit", "/exit", " /quit ", EOFError()])
async def test_a_person_may_leave_in_many_ways(last: str | Exception) -> None:
    ended, events = await talk(terminal_of(last), ScriptedGateway())

    assert (ended, events) == (LEAVE, [])


async def test_ctrl_c_at_the_prompt_drops_the_line_and_twice_leaves() -> None:
    terminal = terminal_of(Interrupted(), "go", Interrupted(), Interrupted(), "never read")

    _, events = await talk(terminal, ScriptedGateway(say("ok")))

    assert shown(terminal).count("Ctrl-C once more leaves.") == 2
    assert [event for event in events if isinstance(event, TurnFinished)] == [
        TurnFinished(outcome=Outcome.DONE)
    ]
    assert isinstance(terminal.lines, Typed)
    assert terminal.lines.lines == ["never read"]


@pytest.mark.parametrize(
    ("typed", "first_line"), [("/help", "Write what you want done"), ("/x", "There is no command '/x'.")]
)
async def test_commands_are_answered_without_the_model(typed: str, first_line: str) -> None:
    terminal = terminal_of(typed)

    _, events = await talk(terminal, ScriptedGateway())

    assert f"\n{first_line}" in shown(terminal)
    assert events == []


async def test_models_are_listed_with_what_each_can_do() -> None:
    terminal = terminal_of("/model")

    _, events = await talk(terminal, ScriptedGateway())

    assert shown(terminal).splitlines()[-5:] == [
        "  model   window  trained for  tools  vision  thinking",
        "http://127.0.0.1:1/v1 (vLLM)",
        "* m       32,768  ?            yes    ?       ?",
        "  m2␛[2J  8,192   ?            no     ?       ?",
        "In use: m. /model NAME goes on with another.",
    ]
    assert events == []


async def test_a_switch_of_models_is_answered_in_sentences_and_the_chat_goes_on() -> None:
    models = Models()
    terminal = terminal_of("/model  m2 ", "/model none", "go")

    await talk(terminal, ScriptedGateway(say("ok")), models=models)

    assert models.wishes == ["m2", "none"]
    assert models.warmed == 2  # when the chat opened, and for the other model
    assert "Going on with m2.\nMind its window.\nThere is no model 'none'. Did you mean m2?\n" in shown(
        terminal
    )
    assert shown(terminal).endswith("ok\n\n")


@pytest.mark.parametrize(
    ("models", "first_line", "thinks"),
    [
        (Models(counted=60), "The prompt has 60 tokens, counted by the server.", False),
        (Models(), "The prompt has 68 tokens, estimated from its length.", False),
        (Models(thinking=True), "The prompt has 236 tokens, estimated from its length.", True),
    ],
)
async def test_context_says_who_counted_and_counts_the_thinking_that_goes_back(
    models: Models, first_line: str, thinks: bool
) -> None:
    terminal = terminal_of("go", "/context")
    thought = (ThinkingDelta(text="Hm, hm. " * 63), *say("Yes."))

    await talk(terminal, ScriptedGateway(thought), models=models)

    assert first_line in shown(terminal)
    assert ("  thinking " in shown(terminal)) == thinks


async def test_ctrl_c_ends_a_switch_that_takes_too_long() -> None:
    models = Models()
    terminal = terminal_of("/model slow", "/model m2")
    chatting = asyncio.create_task(talk(terminal, ScriptedGateway(), models=models))
    await models.began.wait()
    terminal.interrupt()
    await chatting

    assert models.wishes == ["slow", "m2"]


async def test_a_path_at_the_start_of_a_prompt_is_no_command() -> None:
    terminal = terminal_of("/etc/hosts is what?")

    await talk(terminal, ScriptedGateway(say("A file.")))

    assert "A file." in shown(terminal)


@pytest.mark.parametrize(
    ("answer", "ran", "told"),
    [
        ("y", True, "allowed (once)"),
        ("n too soon", False, "refused: too soon"),
        (EOFError(), False, "refused: nobody"),
    ],
)
async def test_a_call_runs_when_the_person_says_yes(answer: str | Exception, ran: bool, told: str) -> None:
    terminal = terminal_of("go", answer)

    _, events = await talk(
        terminal, ScriptedGateway(call("echo", text="hello"), say("ok")), asks=(Effect.READ,)
    )

    assert "May it run echo? echo may read.\n  text: hello\ny yes · n no, or n and why\n" in shown(terminal)
    assert f"  {told}" in shown(terminal)
    assert ("● echo hello" in shown(terminal)) is ran
    assert isinstance(events[-1], TurnFinished)


async def test_ctrl_c_at_the_question_ends_the_turn_and_the_chat_goes_on() -> None:
    terminal = terminal_of("go", Interrupted(), "again")

    _, events = await talk(
        terminal, ScriptedGateway(call("echo", text="a"), say("fine")), asks=(Effect.READ,)
    )

    outcomes = [event.outcome for event in events if isinstance(event, TurnFinished)]
    assert outcomes == [Outcome.INTERRUPTED, Outcome.DONE]
    assert "interrupted\n" in shown(terminal)
    assert "fine" in shown(terminal)


def half() -> tuple[Delta | asyncio.Event, ...]:
    """A reply that does not go on."""
    return TextDelta(text="half"), asyncio.Event(), FinishDelta(finish=Finish.DONE)


def interrupting(terminal: Terminal) -> Terminal:
    """It hears Ctrl-C as soon as that is shown."""

    class Interrupting(Screen):
        def write(self, text: str, style: Style = Style.PLAIN) -> None:
            super().write(text, style)
            if text == "half":
                terminal.interrupt()

    terminal.screen = Interrupting(terminal.screen.out)
    return terminal


async def test_an_interrupt_ends_the_turn_and_keeps_what_was_said() -> None:
    terminal = interrupting(terminal_of("go", "again"))

    _, events = await talk(terminal, ScriptedGateway(half(), say("fine")))

    kept = AssistantMessage(parts=(Text(text="half"),), finish=Finish.INTERRUPTED)
    assert events[1:3] == [ModelReplied(reply=kept), TurnFinished(outcome=Outcome.INTERRUPTED)]
    assert events[-1] == TurnFinished(outcome=Outcome.DONE)
    assert "half\ninterrupted\n\nfine\n" in shown(terminal)


@dataclass
class Ahead(Typed):
    """Each line is typed while a turn runs."""

    all_taken: asyncio.Event = field(default_factory=asyncio.Event)

    async def ahead(self) -> str:
        if self.lines:
            return await self.read("")
        self.all_taken.set()
        return await super().ahead()


async def test_an_interrupt_as_a_turn_ends_is_for_the_command_that_outlasts_it(tmp_path: Path) -> None:
    typed = Ahead(["!sleep 300"])
    terminal = Terminal(Screen(io.StringIO()), typed)
    log = MemoryLog()
    session = Session("s", a_loop(ScriptedGateway()), log)
    undo = Undo(NoCheckpoints(), log.records, session.record, log.sync)
    ahead = TypingAhead(Chat(session, terminal, Models(), lambda: undo, Waiting(), tmp_path, ()))

    async def turn() -> None:
        await typed.all_taken.wait()
        asyncio.get_running_loop().call_soon(terminal.interrupt)  # before anybody has heard of its end

    with pytest.raises(Interrupted):
        async with ahead.heard():
            await terminal.interruptible(turn())
    await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()}, return_exceptions=True)

    assert shown(terminal) == "> !sleep 300\n  stopped\n"


def test_an_interrupt_a_moment_after_it_was_told_that_it_stops_ends_the_program() -> None:
    before = signal.getsignal(signal.SIGINT)
    terminal, now = terminal_of(), [0.0]
    terminal.clock = lambda: now[0]
    try:
        for _ in range(5):  # in one breath
            terminal.interrupt()
        now[0] = BREATH_SECONDS
        with pytest.raises(KeyboardInterrupt):
            terminal.interrupt()
    finally:
        signal.signal(signal.SIGINT, before)

    assert shown(terminal) == "stopping; Ctrl-C once more, after a moment, quits\n"


async def test_ctrl_c_pressed_thrice_in_a_turn_ends_the_turn_alone() -> None:
    terminal = terminal_of("go", *[Interrupted()] * 4, "never read")
    moments = iter([0.0, 0.5, 1.0, 2.0, 3.0])  # the end of the turn, and each Ctrl-C at the prompt
    terminal.clock = lambda: next(moments) * BREATH_SECONDS

    ended, _ = await talk(interrupting(terminal), ScriptedGateway(half()))

    assert (ended, list(moments)) == (LEAVE, [])
    assert shown(terminal).endswith(
        "half\ninterrupted\n\nNothing runs any more; Ctrl-C twice leaves.\nCtrl-C once more leaves.\n"
    )


@pytest.mark.parametrize(
    ("answer", "once_only", "approval"),
    [
        ("y", False, Approval(allowed=True)),
        ("YES", True, Approval(allowed=True)),
        ("s", False, Approval(allowed=True, scope=Scope.SESSION)),
        ("always", False, Approval(allowed=True, scope=Scope.ALWAYS)),
        ("s", True, None),
        ("a", True, None),
        ("n", False, Approval(allowed=False)),
        ("no, because it is late", False, Approval(allowed=False, note="it is late")),
        ("n use make", True, Approval(allowed=False, note="use make")),
        ("yes but not now", False, None),
        ("", False, None),
        ("never", False, None),
        ("sure", False, None),
    ],
)
def test_only_a_clear_answer_is_an_answer(answer: str, once_only: bool, approval: Approval | None) -> None:
    assert approval_of(answer, once_only=once_only) == approval


async def test_an_unclear_answer_is_asked_for_again() -> None:
    terminal = terminal_of("maybe", "a")
    question = PermissionQuestion(reason="It may execute.", rule="shell: echo *")

    approval = await TerminalApprover(terminal).approve(SHELL, question)

    assert approval == Approval(allowed=True, scope=Scope.ALWAYS)
    assert shown(terminal) == (
        "May it run shell? It may execute.\n"
        "  command: echo 1\n"
        "    echo 2\n"
        "y yes · s yes, in this session · a always: shell: echo * · n no, or n and why\n"
        "Answer one of y/s/a/n; after n you may say why.\n"
    )


async def test_code_that_a_call_would_let_run_is_shown_with_what_nobody_would_see() -> None:
    terminal = terminal_of("y")
    question = PermissionQuestion(reason="It may write.", shown="def f():\n    return 1  # \u202e")

    await TerminalApprover(terminal).approve(SHELL, question)

    assert "  | def f():\n  |     return 1  # <U+202E>\n" in shown(terminal)


@pytest.mark.parametrize(
    ("name", "argument"), [("shell", "command"), ("pyexe", "code"), ("other", "content")]
)
async def test_what_may_run_is_shown_whole(name: str, argument: str) -> None:
    text = "\n".join(f"echo {number} " + "x" * 500 for number in range(70))
    terminal = terminal_of("y")

    made = ToolCall(id="c", name=name, arguments=json.dumps({argument: text}))
    await TerminalApprover(terminal).approve(made, PermissionQuestion(reason="r"))

    assert "\n".join(f"    {line}" for line in text.splitlines()[1:]) in shown(terminal)


async def test_of_a_long_text_for_a_file_the_rest_is_said_to_be_more() -> None:
    text = "\n".join(f"line {number}" for number in range(70))
    terminal = terminal_of("y")

    made = ToolCall(id="c", name="write_file", arguments=json.dumps({"path": "a", "content": text}))
    await TerminalApprover(terminal).approve(made, PermissionQuestion(reason="r"))

    assert "\n".join(f"    {line}" for line in text.splitlines()[1:60]) in shown(terminal)
    assert "    … 10 more lines …\n" in shown(terminal)


async def test_what_a_chat_shows_beside_its_events_is_masked() -> None:
    key = "hunter2-AbCdEfGh-999"
    terminal = terminal_of("/model")
    models = Models(model=f"m-{key}")
    log = MemoryLog()
    session = Session("s", a_loop(ScriptedGateway()), log)
    session.masked = MaskedEvents(Masking([("API_KEY", key)]))

    await chat(
        session,
        HEADER,
        people_at(terminal),
        models,
        lambda: Undo(NoCheckpoints(), log.records, session.record, log.sync),
    )

    assert "In use: m-[masked API_KEY]." in shown(terminal)


async def test_a_command_cannot_hide_behind_control_characters() -> None:
    terminal = terminal_of("y")

    made = ToolCall(id="c", name="shell", arguments=json.dumps({"command": "rm -rf ~\r\x1b[2Kecho safe"}))
    await TerminalApprover(terminal).approve(made, PermissionQuestion(reason="r"))

    assert "  command: rm -rf ~␍␛[2Kecho safe\n" in shown(terminal)


@pytest.mark.parametrize(
    ("typed", "answer"), [(["2"], "blue"), (["", "1"], "red"), (["3"], "3"), (["green"], "green")]
)
async def test_a_question_takes_a_number_or_words(typed: Sequence[str], answer: str) -> None:
    terminal = terminal_of(*typed)

    given = await TerminalAsker(terminal).ask("Which\x07?", ["red", "blue"])

    assert given == answer
    assert shown(terminal).startswith("Which␇?\n  1. red\n  2. blue\n")


async def test_a_question_to_nobody_needs_input() -> None:
    with pytest.raises(InputNeeded):
        await TerminalAsker(terminal_of()).ask("Which?", [])


async def test_what_happens_while_a_person_types_is_shown_after_it() -> None:
    terminal = terminal_of()

    class Answering(Typed):
        async def read(self, prompt: str) -> str:
            terminal.screen.show([Line("meanwhile")])
            assert "meanwhile" not in shown(terminal)
            return await super().read(prompt)

    terminal.lines = Answering(["yes"])

    answer = await terminal.ask([Line("question")], "? ")

    assert answer == "yes"
    assert shown(terminal) == "question\nmeanwhile\n"


async def read(events: Iterable[Event]) -> str:
    terminal = terminal_of()
    reader = TerminalReader(terminal.screen)
    for seq, event in enumerate(events):
        await reader(Record(session="s", seq=seq, at=NOW, event=event))
    return shown(terminal)


def deltas(*pieces: TextDelta | ThinkingDelta | RestartDelta) -> list[Event]:
    return [ModelDelta(delta=piece) for piece in pieces]


async def test_thinking_is_one_short_line_before_the_text() -> None:
    thoughts = [
        ThinkingDelta(text="The user\nwants "),
        ThinkingDelta(text="x" * 200),
        ThinkingDelta(text="y"),
    ]

    text = await read(deltas(*thoughts, TextDelta(text="\nHello")))

    assert text == "The user wants " + "x" * 55 + "…\nHello"


async def test_a_reply_that_is_asked_for_again_says_so_in_one_line() -> None:
    restart = RestartDelta(reason="The stream broke.", wait_seconds=1)
    reply = ModelReplied(reply=AssistantMessage(parts=(Text(text="Hello."),)))

    text = await read([*deltas(TextDelta(text="Hel"), restart, TextDelta(text="Hello.")), reply])

    assert text == "Hel\nasking again in 1 s: The stream broke.\nHello.\n"


async def test_what_was_not_streamed_is_shown_when_the_reply_is_whole() -> None:
    reply = ModelReplied(reply=AssistantMessage(parts=(Text(text="Hello there."),)))

    text = await read([*deltas(TextDelta(text="Hello")), reply])

    assert text == "Hello there.\n"


async def test_a_streamed_control_sequence_is_shown() -> None:
    assert await read(deltas(TextDelta(text="a\x1b["), TextDelta(text="2Jb"))) == "a␛[2Jb"


async def test_who_asks_for_a_yes_shows_the_question_not_the_reader() -> None:
    assert await read([PermissionAsked(call=SHELL, reason="r")]) == ""


async def test_lines_of_a_pipe_are_read_to_its_end() -> None:
    lines = PipedLines(io.StringIO("one\r\n\ntwo").readline)

    read = [await lines.read("> ") for _ in range(3)]

    assert read == ["one", "", "two"]
    for _ in range(2):
        with pytest.raises(EOFError):
            await lines.read("> ")


def test_colour_is_written_only_when_it_is_wanted() -> None:
    coloured, plain = io.StringIO(), io.StringIO()

    Screen(coloured, Theme("red", {Style.BAD: "31"})).show([Line("a", Style.BAD), Line("b")])
    Screen(plain).show([Line("a", Style.BAD), Line("b")])

    assert coloured.getvalue() == "\x1b[31ma\x1b[0m\nb\n"
    assert plain.getvalue() == "a\nb\n"


async def test_a_prompt_reaches_the_model_as_it_was_typed() -> None:
    gateway = ScriptedGateway(say("ok"))

    await talk(terminal_of("  read \x1b[31m this  "), gateway)

    assert gateway.requests[0].messages[-1] == UserMessage(text="read \x1b[31m this")


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("/undo", "There is nothing to take back. This session changed no file."),
        ("/redo", "There is nothing to bring back. Only what was just taken back can be."),
        ("/diff", "No file has changed."),
        ("/diff x\x1b", "'x\\x1b' is no number of a step. /rewind lists the steps."),
        ("/undo 3", "There is no step 3. The model has taken no step yet; 0 is before the first."),
        ("/rewind", "The model has taken no step yet."),
    ],
)
async def test_where_nothing_was_done_nothing_is_taken_back(typed: str, answer: str) -> None:
    terminal = terminal_of(typed, "exit")

    _, events = await talk(terminal, ScriptedGateway())

    assert shown(terminal).splitlines()[5] == answer
    assert events == []


async def test_a_difference_of_very_many_files_is_cut(tmp_path: Path) -> None:
    agent = Agent(tmp_path / "workspace", tmp_path / "state")
    agent.turn()
    await agent.runs(lambda: [(agent.root / f"{number:03}").touch() for number in range(60)])
    terminal = terminal_of()

    lines = [*await UndoCommands(agent.undo, terminal).answer("/diff", "")]

    assert [line.text for line in lines[:2]] == ["000 · created", "001 · created"]
    assert lines[-1].text == "… 10 more files: `roost undo --to 0 --preview` shows all …"
