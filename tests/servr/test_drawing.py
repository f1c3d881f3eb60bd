"""Events and views as lines of text."""

import json
from dataclasses import replace
from typing import get_args

import pytest

from core.deltas import RestartDelta, TextDelta
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
    Outcome,
    PermissionAnswered,
    PermissionAsked,
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
from core.file_states import FileState, PathChange
from core.messages import AssistantMessage, Text, ToolCall, ToolStatus, UserMessage
from core.permissions import Approval, Effect, Scope
from core.views import (
    CodeResult,
    CommandOutput,
    FactList,
    FileChange,
    FileWindow,
    MatchList,
    PathList,
    Question,
    Table,
    View,
    WebPage,
)
from core.visible import visible
from servr.cells import fitted
from servr.drawing import lines_of, lines_of_view, plain_lines, title_of
from servr.spans import Line, Style


def call(name: str = "shell", **arguments: object) -> ToolCall:
    return ToolCall(id="call-1", name=name, arguments=json.dumps(arguments))


VIEWS: dict[str, tuple[View, list[Line]]] = {
    "file_window": (
        FileWindow(path="a.py", start=3, lines=("x", "y"), total_lines=9, digest="d"),
        [Line("a.py, lines 3 to 4 of 9", Style.DIM)],
    ),
    "file_change": (
        FileChange(path="a.py", diff="@@ -1 +1 @@\n-old\n+new\n same", created=False, digest="d"),
        [
            Line("changed a.py", Style.DIM),
            Line("@@ -1 +1 @@", Style.DIM),
            Line("-old", Style.BAD),
            Line("+new", Style.GOOD),
            Line(" same"),
        ],
    ),
    "path_list": (
        PathList(root=".", text="a/\n  b", count=1_200, complete=False),
        [Line("1,200 or more found in .", Style.DIM), Line("a/"), Line("  b")],
    ),
    "match_list": (
        MatchList(pattern="def", text="a.py:1: def f", count=1, complete=True),
        [Line("1 found for def", Style.DIM), Line("a.py:1: def f")],
    ),
    "command_output": (
        CommandOutput(command="make", output="bad", exit_code=2, seconds=1.25, full_output="out.txt"),
        [Line("bad"), Line("exit code 2 after 1.2 s, all of it in out.txt", Style.BAD)],
    ),
    "code_result": (
        CodeResult(code="1/0", output="ZeroDivisionError", failed=True, images=("plot.png",)),
        [Line("ZeroDivisionError", Style.BAD), Line("saved plot.png", Style.DIM)],
    ),
    "table": (
        Table(title="a.csv", columns=("id", "name"), rows=(("1", "日本"), ("22", "b")), note="cut"),
        [
            Line("a.csv", Style.DIM),
            Line("id  name", Style.STRONG),
            Line("1   日本"),
            Line("22  b"),
            Line("cut", Style.DIM),
        ],
    ),
    "web_page": (
        WebPage(url="https://e.com/", title="E", text="x" * 1_234),
        [Line("E <https://e.com/>, 1,234 characters", Style.DIM)],
    ),
    "question": (
        Question(question="Which?", choices=("a",), answer="a"),
        [Line("answered: a", Style.DIM)],
    ),
    "fact_list": (
        FactList(title="stored", text="#1 The port is 8080 (2026-11-21)"),
        [Line("stored", Style.DIM), Line("#1 The port is 8080 (2026-11-21)")],
    ),
}

STATE = FileState(kind="file", mode=0o644, size=1, digest="d")
CHANGED = PathChange(path="a.py", before=STATE, after=replace(STATE, digest="e"))
MADE = PathChange(path="new\x1b[2J.py", after=STATE)
GONE = PathChange(path="old.py", before=STATE)
FOLDER = PathChange(path="folder", after=FileState(kind="folder", mode=0o755))

EVENTS: dict[str, tuple[Event, list[Line]]] = {
    "turn_started": (TurnStarted(prompt=UserMessage(text="hi")), []),
    "model_delta": (ModelDelta(delta=TextDelta(text="x")), []),
    "model_replied": (ModelReplied(reply=AssistantMessage(parts=(Text(text="x"),))), []),
    "reply_mended": (ReplyMended(what="a bracket"), [Line("mended: a bracket", Style.DIM)]),
    "permission_asked": (
        PermissionAsked(call=call(command="ls"), reason="It may execute."),
        [Line("? shell ls: It may execute.")],
    ),
    "permission_answered": (
        PermissionAnswered(call_id="call-1", approval=Approval(allowed=True, scope=Scope.SESSION)),
        [Line("  allowed (session)", Style.DIM)],
    ),
    "tool_started": (
        ToolStarted(call=call(command="ls"), effect=Effect.EXECUTE),
        [Line("● shell ls", Style.STRONG)],
    ),
    "tool_progressed": (ToolProgressed(call_id="call-1", text="x"), []),
    "tool_finished": (ToolFinished(call_id="call-1", text="one\ntwo"), [Line("  one"), Line("  two")]),
    "files_changed": (
        FilesChanged(call_id="call-1", changes=(CHANGED, MADE, GONE, FOLDER), found=True),
        [Line("  changed ~a.py, +new␛[2J.py, -old.py", Style.DIM)],
    ),
    "files_not_kept": (
        FilesNotKept(files=("big.bin: it is too large",), more=2),
        [
            Line("An undo will not bring back:", Style.BAD),
            Line("  big.bin: it is too large", Style.BAD),
            Line("  … 2 more …", Style.BAD),
        ],
    ),
    "restore_began": (RestoreBegan(reason="undo", to=3, changes=(CHANGED,)), []),
    "files_restored": (
        FilesRestored(reason="undo", to=3, changes=(CHANGED,), kept=("b.py: it was changed since",)),
        [
            Line("taken back: ~a.py", Style.STRONG),
            Line("left as it is:", Style.BAD),
            Line("  b.py: it was changed since", Style.BAD),
        ],
    ),
    "rewound": (
        Rewound(to=3, kept=2),
        [
            Line(
                "The conversation goes on from an earlier step; what was said after it is forgotten.",
                Style.DIM,
            )
        ],
    ),
    "summary_asked": (
        SummaryAsked(reason="It is long."),
        [Line("It is long. The model sums up what was done, before it is shortened.", Style.DIM)],
    ),
    "context_shrunk": (
        ContextShrunk(reason="It was long.", messages=()),
        [Line("shortened the conversation: It was long.", Style.DIM)],
    ),
    "note_added": (NoteAdded(source="steering", text="stop"), [Line("note (steering): stop", Style.DIM)]),
    "work_sent_back": (WorkSentBack(feedback="Tests fail."), [Line("not done yet: Tests fail.", Style.DIM)]),
    "model_switched": (ModelSwitched(model="m2"), [Line("the model is now m2", Style.DIM)]),
    "turn_finished": (
        TurnFinished(outcome=Outcome.STEP_LIMIT, note="20 steps.", evidence=("pytest",)),
        [Line("step limit: 20 steps.", Style.BAD), Line("✓ pytest", Style.GOOD)],
    ),
}


@pytest.mark.parametrize("kind", VIEWS)
def test_every_view_is_drawn(kind: str) -> None:
    view, lines = VIEWS[kind]

    assert list(lines_of_view(view)) == lines


@pytest.mark.parametrize("kind", EVENTS)
def test_every_event_is_drawn(kind: str) -> None:
    event, lines = EVENTS[kind]

    assert list(lines_of(event)) == lines


def test_no_view_and_no_event_is_left_out_here() -> None:
    assert {type(view) for view, _ in VIEWS.values()} == set(get_args(View))
    assert {type(event) for event, _ in EVENTS.values()} == set(get_args(Event))


def test_what_a_call_that_named_its_path_did_is_drawn_once() -> None:
    assert list(lines_of(FilesChanged(call_id="call-1", changes=(CHANGED,)))) == []


def test_a_file_that_went_is_drawn_as_deleted() -> None:
    view = FileChange(path="a.py", diff="@@ -1 +0,0 @@\n-x", created=False, digest="", deleted=True)

    assert next(lines_of_view(view)) == Line("deleted a.py", Style.DIM)


@pytest.mark.parametrize(("seconds", "when"), [(0.5, " in 0.5 s"), (0.0, "")])
def test_a_restart_is_one_line(seconds: float, when: str) -> None:
    event = ModelDelta(delta=RestartDelta(reason="The stream broke.", wait_seconds=seconds))

    assert list(lines_of(event)) == [Line(f"asking again{when}: The stream broke.", Style.DIM)]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ☃ é\t日本\n", "plain ☃ é\t日本\n"),
        ("\x1b[31mred\x1b[0m", "␛[31mred␛[0m"),
        ("\x1b]0;title\x07", "␛]0;title␇"),
        ("a\r\nb\rc\x00\x08\x7f", "a\nb␍c␀␈␡"),
        ("\x9b31m\x85", "<U+009B>31m<U+0085>"),
        ("a\u202eb\u2066c\u200f", "a<U+202E>b<U+2066>c<U+200F>"),
        ("\u2028\ud800\U000e0041", "<U+2028><U+D800><U+E0041>"),
    ],
)
def test_what_a_terminal_would_obey_is_written_out(text: str, shown: str) -> None:
    assert visible(text) == shown


EVIL = "\x1b[2Jx\u202e\x9b"


@pytest.mark.parametrize(
    "view",
    [
        FileWindow(path=EVIL, start=1, lines=(EVIL,), total_lines=1, digest="d"),
        FileChange(path=EVIL, diff=f"+{EVIL}\n-{EVIL}", created=True, digest="d"),
        PathList(root=EVIL, text=EVIL, count=1, complete=True),
        MatchList(pattern=EVIL, text=EVIL, count=1, complete=True),
        CommandOutput(command=EVIL, output=EVIL, exit_code=None, seconds=1, full_output=EVIL),
        CodeResult(code=EVIL, output=EVIL, failed=False, images=(EVIL,)),
        Table(title=EVIL, columns=(EVIL,), rows=((EVIL,),), note=EVIL),
        WebPage(url=EVIL, title=EVIL, text=EVIL),
        Question(question=EVIL, choices=(EVIL,), answer=EVIL),
        FactList(title=EVIL, text=EVIL),
    ],
)
def test_no_view_can_command_the_terminal(view: View) -> None:
    drawn = "".join(line.text for line in lines_of_view(view))

    assert not {"\x1b", "\x9b", "\u202e"} & set(drawn)
    assert "␛[2Jx" in drawn


@pytest.mark.parametrize(
    "event",
    [
        ReplyMended(what=EVIL),
        PermissionAsked(call=call(EVIL, command=EVIL), reason=EVIL),
        PermissionAnswered(call_id="c", approval=Approval(allowed=False, note=EVIL)),
        ToolStarted(call=ToolCall(id="c", name=EVIL, arguments=EVIL), effect=Effect.READ),
        ToolFinished(call_id="c", text=EVIL),
        ToolFinished(call_id="c", text=EVIL, status=ToolStatus.FAILED),
        ContextShrunk(reason=EVIL, messages=()),
        NoteAdded(source=EVIL, text=EVIL),
        WorkSentBack(feedback=EVIL),
        ModelSwitched(model=EVIL),
        ModelDelta(delta=RestartDelta(reason=EVIL, wait_seconds=1)),
        ModelReplied(reply=AssistantMessage(parts=(Text(text=EVIL), call()))),
        TurnFinished(outcome=Outcome.STUCK, note=EVIL, evidence=(EVIL,)),
    ],
)
def test_no_event_can_command_the_terminal(event: Event) -> None:
    drawn = "".join([*(line.text for line in lines_of(event)), *plain_lines(event)])

    assert not {"\x1b", "\x9b", "\u202e"} & set(drawn)


def test_a_long_output_keeps_its_ends() -> None:
    output = "\n".join(map(str, range(100)))

    lines = [line.text for line in lines_of(ToolFinished(call_id="c", text=output))]

    assert lines[:2] == ["  0", "  1"]
    assert lines[10] == "  … 80 more lines …"
    assert lines[-1] == "  99"
    assert len(lines) == 21


@pytest.mark.parametrize(
    ("made", "title"),
    [
        (call("read_file", path="a.txt", start=3), "read_file a.txt, start=3"),
        (call("shell", command="echo a\necho b"), "shell echo a …"),
        (call("list_files"), "list_files"),
        (ToolCall(id="c", name="shell", arguments='{"command": "ls'), 'shell {"command": "ls'),
        (call("shell", command="x" * 200), "shell " + "x" * 93 + "…"),
    ],
)
def test_a_call_has_a_title_of_one_line(made: ToolCall, title: str) -> None:
    assert title_of(made) == title


@pytest.mark.parametrize(
    ("event", "lines"),
    [
        (ToolStarted(call=call(command="ls"), effect=Effect.EXECUTE), ["● shell ls"]),
        (ToolFinished(call_id="c", text="fine"), []),
        (ToolFinished(call_id="c", text="There is no 'x'.\nmore", status=ToolStatus.FAILED), ["  ✗ There is no 'x'. …"]),
        (ModelReplied(reply=AssistantMessage(parts=(Text(text="Let me look.\n"), call()))), ["Let me look."]),
        (ModelReplied(reply=AssistantMessage(parts=(Text(text="The answer."),))), []),
        (TurnFinished(outcome=Outcome.STUCK, note="said elsewhere"), []),
        (ReplyMended(what="a bracket"), ["mended: a bracket"]),
    ],
)  # fmt: skip
def test_a_plain_log_has_one_line_a_call(event: Event, lines: list[str]) -> None:
    assert list(plain_lines(event)) == lines


@pytest.mark.parametrize(
    ("text", "cell"), [("abc", "abc  "), ("abcdef", "abcd…"), ("日本", "日本 "), ("日本日", "日本…"), ("e\u0301", "e\u0301    ")]
)  # fmt: skip
def test_a_cell_has_exactly_its_width(text: str, cell: str) -> None:
    assert fitted(text, 5) == cell
