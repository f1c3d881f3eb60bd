"""What is read off the records of a session: states are letters, and one letter is one content."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from core.events import (
    Event,
    FilesChanged,
    FilesRestored,
    ModelReplied,
    Record,
    RestoreBegan,
    Rewound,
    ToolFinished,
    TurnStarted,
)
from core.file_states import FileState, PathChange
from core.messages import AssistantMessage, UserMessage
from flow.file_history import FileHistory, Plan

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
TURN = TurnStarted(prompt=UserMessage(text="go"))
STEP = ModelReplied(reply=AssistantMessage(parts=()))


def state(letter: str) -> FileState | None:
    return None if letter == "-" else FileState(kind="file", mode=0o644, size=1, digest=letter)


def changes(written: str) -> tuple[PathChange, ...]:
    """`a:xy` is file a from x to y; `-` is nothing."""
    split = (word.split(":") for word in written.split())
    return tuple(PathChange(path=path, before=state(move[0]), after=state(move[1])) for path, move in split)


def changed(written: str, *, certain: bool = True) -> FilesChanged:
    return FilesChanged(call_id="c", changes=changes(written), certain=certain)


def restored(to: int, written: str) -> FilesRestored:
    return FilesRestored(reason="undo", to=to, changes=changes(written))


def history(*events: Event) -> FileHistory:
    return FileHistory.of(records(events))


def records(events: Sequence[Event]) -> list[Record]:
    return [Record(session="s", seq=seq, at=AT, event=event) for seq, event in enumerate(events, 1)]


def test_an_undo_goes_to_before_the_last_turn_that_changed_files() -> None:
    told = history(
        TURN, STEP, changed("a:-x"), TURN, STEP, changed("a:xy"), STEP, changed("b:-x"), TURN, STEP
    )

    assert told.before_last_turn == 5
    assert told.plan(5) == Plan(to=5, changes=changes("a:yx b:x-"), doubtful=())


def test_a_turn_that_was_taken_back_is_not_taken_back_again() -> None:
    told = history(TURN, STEP, changed("a:-x"), TURN, STEP, changed("a:xy"), restored(5, "a:yx"))

    assert told.before_last_turn == 2
    assert told.plan(2).changes == changes("a:x-")


def test_a_redo_goes_to_before_the_undo_and_a_second_one_further() -> None:
    events = [
        TURN,
        STEP,
        changed("a:-x"),
        TURN,
        STEP,
        changed("a:xy"),
        restored(5, "a:yx"),
        restored(2, "a:x-"),
    ]
    first = history(*events)
    second = history(*events, restored(7, "a:-x"))
    third = history(*events, restored(7, "a:-x"), restored(6, "a:xy"))

    assert (first.before_last_undo, first.plan(7).changes) == (7, changes("a:-x"))
    assert (second.before_last_undo, second.plan(6).changes) == (6, changes("a:xy"))
    assert third.before_last_undo is None
    assert (third.before_last_turn, third.plan(5).changes) == (5, changes("a:yx"))


def test_after_new_changes_there_is_nothing_to_bring_back() -> None:
    told = history(TURN, STEP, changed("a:-x"), restored(2, "a:x-"), TURN, STEP, changed("b:-x"))

    assert told.before_last_undo is None
    assert told.before_last_turn == 6


def test_what_a_person_made_before_a_step_is_what_its_undo_goes_back_to() -> None:
    told = history(TURN, STEP, changed("a:-x"), TURN, STEP, changed("a:yz"))

    assert told.plan(5) == Plan(to=5, changes=changes("a:zy"), doubtful=())
    assert told.plan(2) == Plan(to=2, changes=changes("a:z-"), doubtful=("a",))


def test_what_may_not_be_the_agents_is_doubtful() -> None:
    told = history(TURN, STEP, changed("a:xy", certain=False))

    assert told.plan(0).doubtful == ("a",)


def test_what_ends_as_it_began_needs_no_change_and_no_undo() -> None:
    told = history(TURN, STEP, changed("a:-x"), TURN, STEP, changed("b:-x"), STEP, changed("b:x-"))

    assert told.plan(4).changes == ()
    assert told.before_last_turn == 2


def test_steps_end_with_the_last_answer_of_their_calls() -> None:
    finished = ToolFinished(call_id="c", text="")
    told = history(TURN, STEP, changed("a:-x"), finished, STEP, TURN, STEP, finished)

    assert [(step.number, step.turn, step.last) for step in told.steps] == [(1, 1, 4), (2, 1, 5), (3, 2, 8)]
    assert [told.after_step(number) for number in range(4)] == [0, 4, 5, 8]
    for number in (-1, 4):
        with pytest.raises(KeyError):
            told.after_step(number)


def test_a_step_that_was_taken_back_can_be_gone_to() -> None:
    told = history(TURN, STEP, changed("a:-x"), STEP, changed("a:xy"), restored(1, "a:y-"))

    assert told.plan(told.after_step(1)).changes == changes("a:-x")
    assert told.plan(told.after_step(2)).changes == changes("a:-y")


def test_one_step_alone_can_be_told() -> None:
    told = history(TURN, STEP, changed("a:-x"), STEP, changed("a:xy b:-x"), STEP, changed("a:yz"))

    assert told.plan(3, until=5).changes == changes("a:yx b:x-")


def test_steps_that_the_conversation_forgot_are_known() -> None:
    told = history(TURN, STEP, STEP, STEP, Rewound(to=2, kept=2), TURN, STEP)

    assert [step.forgotten for step in told.steps] == [False, True, True, False]


def test_a_restore_without_its_end_is_unfinished() -> None:
    began = RestoreBegan(reason="undo", to=1, changes=changes("a:x-"))

    assert history(TURN, STEP, changed("a:-x"), began).unfinished == began
    assert history(TURN, STEP, changed("a:-x"), began, restored(1, "a:x-")).unfinished is None
