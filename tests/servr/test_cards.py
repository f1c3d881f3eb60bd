"""Calls of tools as cards."""

import re
from itertools import count
from typing import get_args

import pytest

from core.events import (
    FilesChanged,
    ModelReplied,
    Outcome,
    ToolFinished,
    ToolProgressed,
    ToolStarted,
    TurnFinished,
)
from core.file_states import FileState, PathChange
from core.messages import AssistantMessage, ToolCall
from core.permissions import Effect
from core.views import CommandOutput, FileChange, View
from servr.cards import Cards, Folds
from servr.cells import width_of
from tests.servr.gallery import FOLDER, VIEWS, WIDTHS, outcomes, pictures, shown

OBEYED = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
LONG = CommandOutput(
    command="seq 500", output="".join(f"{n}\n" for n in range(500)), exit_code=0, seconds=1.0
)


def test_every_picture_is_as_it_was_kept() -> None:
    kept = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.txt")}

    assert pictures() == kept, "python -m tests.servr.gallery writes them anew"


def test_every_view_is_in_the_gallery() -> None:
    assert {type(view) for view in VIEWS.values()} == set(get_args(View))


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", VIEWS)
def test_no_card_is_wider_than_the_screen_or_higher_than_it_should_be(name: str, width: int) -> None:
    rows = shown(VIEWS[name], width)

    assert all(width_of(row.text) <= width for row in rows)
    assert len(rows) < 40


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_in_a_card_is_obeyed(width: int) -> None:
    rows = [row for view in VIEWS.values() for row in shown(view, width)]
    rows += [row for _, some in outcomes(width) for row in some]

    assert not [row.text for row in rows if OBEYED.search(row.text)]


def test_what_is_folded_can_be_opened_with_all_of_it() -> None:
    folds = Folds()
    cards = Cards(lambda: 40, folds)
    folded = [*cards.see(ToolFinished(call_id="c", text="", view=LONG))]

    opened = [*folds.opened(1)]

    assert "  … 488 more lines (/show 1)" in [row.text for row in folded]
    assert [row.text for row in opened[1:]] == [f"  {n}" for n in range(500)]
    assert [row.text for row in folds.opened()] == [row.text for row in opened]


def test_only_what_is_folded_has_a_number() -> None:
    folds = Folds()
    cards = Cards(lambda: 40, folds)

    [*cards.see(ToolFinished(call_id="c", text="short"))]

    assert folds.next_hint == "/show 1"
    with pytest.raises(KeyError):
        folds.opened()


def test_of_many_folds_the_newest_can_be_opened() -> None:
    folds = Folds()
    for number in range(150):
        folds.thinking(f"thought {number}", 1.0)

    assert [row.text for row in folds.opened(150)] == ["  thought 149"]
    assert [row.text for row in folds.opened(51)] == ["  thought 50"]
    with pytest.raises(KeyError):
        folds.opened(50)


def test_thinking_is_one_line_that_says_how_long_and_how_much() -> None:
    folds = Folds()

    line = folds.thinking("First this.\n\x1b[2JThen that." * 10, 12.3)

    assert line.text == "✻ thought for 12 s, about 65 tokens (/show 1)"
    assert [row.text for row in folds.opened()][:2] == ["  First this.", "  ␛[2JThen that.First this."]


def test_a_call_that_runs_shows_the_end_of_its_output_and_a_card_takes_its_place() -> None:
    seconds = iter((0.0, 75.0, 75.0)).__next__
    cards = Cards(lambda: 40, clock=seconds)
    call = ToolCall(id="c", name="shell", arguments='{"command": "make"}')
    for event in (
        ToolStarted(call=call, effect=Effect.EXECUTE),
        ToolProgressed(call_id="c", text="one\ntwo\nthr"),
        ToolProgressed(call_id="c", text="ee\n"),
        ToolProgressed(call_id="other", text="lost"),
    ):
        assert [*cards.see(event)] == []

    running = [row.text for row in cards.running(3)]
    ended = [row.text for row in cards.see(ToolFinished(call_id="c", text="done"))]

    assert running == ["○ shell make · 75 s", "  two", "  three"]
    assert ended == ["● shell make", "  done"]
    assert cards.running(3) == ()


def test_what_a_call_changed_is_told_below_its_card() -> None:
    cards = Cards(lambda: 40)
    call = ToolCall(id="c", name="shell", arguments='{"command": "touch a"}')
    state = FileState(kind="file", mode=0o644, size=0, digest="d")
    changed = FilesChanged(call_id="c", changes=(PathChange(path="a", after=state),), found=True)
    events = (ToolStarted(call=call, effect=Effect.EXECUTE), changed, ToolFinished(call_id="c", text=""))

    rows = [row.text for event in events for row in cards.see(event)]

    assert rows == ["● shell touch a", "  changed +a"]


def test_what_was_interrupted_runs_no_more() -> None:
    cards = Cards(lambda: 40)
    call = ToolCall(id="c", name="shell", arguments="{}")
    [*cards.see(ToolStarted(call=call, effect=Effect.EXECUTE))]

    [*cards.see(TurnFinished(outcome=Outcome.INTERRUPTED))]

    assert cards.running(3) == ()


def test_many_calls_that_run_share_the_rows_there_are() -> None:
    cards = Cards(lambda: 40, clock=count(0.0, 0.0).__next__)
    for number in range(9):
        call = ToolCall(id=str(number), name="read_file", arguments="{}")
        [*cards.see(ToolStarted(call=call, effect=Effect.READ))]

    assert len(cards.running(4)) == 4


def test_a_call_that_was_refused_before_it_began_is_named() -> None:
    call = ToolCall(id="c", name="shell", arguments='{"command": "ls"}')
    cards = Cards(lambda: 40)
    [*cards.see(ModelReplied(reply=AssistantMessage(parts=(call,))))]

    (title, *_) = cards.see(ToolFinished(call_id="c", text="No."))

    assert title.text == "● shell ls"


def test_what_differs_within_a_line_is_marked() -> None:
    view = FileChange(path="a", diff="@@ -7 +7 @@\n-x = area(1)\n+x = area(22)", created=False, digest="d")

    _, old, new = shown(view, 80)

    assert [part.text for part in old.spans][-2:] == ["1", ")"]
    assert [part.text for part in new.spans][-2:] == ["22", ")"]


def test_lines_that_have_little_in_common_are_not_marked() -> None:
    view = FileChange(path="a", diff="@@ -7 +7 @@\n-alpha\n+gamma beta", created=False, digest="d")

    _, old, _ = shown(view, 80)

    assert [part.text for part in old.spans] == ["  ", "7 ", "- alpha"]


def test_a_name_that_is_too_long_is_cut_with_all_that_follows() -> None:
    call = ToolCall(id="c", name="tool" * 1_000, arguments='{"path": "a"}')
    cards = Cards(lambda: 30)
    [*cards.see(ModelReplied(reply=AssistantMessage(parts=(call,))))]

    rows = [*cards.see(ToolFinished(call_id="c", text="", view=LONG))]

    assert rows[0].text == "● tooltooltooltooltooltooltoo…"
    assert all(width_of(row.text) <= 30 for row in rows)
