"""Notes of a session are read off its records, and told again when its history is gone."""

import json
from collections.abc import Sequence

from core.events import Event, Record, Rewound, ToolFinished, ToolStarted
from core.marking import CLOSING, OPENING
from core.memory import MOST_NOTES
from core.messages import ToolCall, ToolStatus
from core.permissions import Effect
from core.tokens import CHARS_PER_TOKEN, weight
from flow.pinned import MOST_TOKENS, PinnedNotes, pinned
from tests.building import NOW


def noting(text: str, *, operation: str = "note", status: ToolStatus = ToolStatus.OK) -> list[Event]:
    arguments = json.dumps({"operation": operation, "text": text})
    call = ToolCall(id="call-1", name="memory", arguments=arguments)
    return [
        ToolStarted(call=call, effect=Effect.READ),
        ToolFinished(call_id="call-1", text="", status=status),
    ]


def records(*parts: Sequence[Event]) -> list[Record]:
    events = [event for part in parts for event in part]
    return [Record(session="s", seq=seq, at=NOW, event=event) for seq, event in enumerate(events, 1)]


def test_notes_are_kept_in_their_order_and_once() -> None:
    said = records(noting("the tests\nare slow"), noting("b"), noting("the tests are slow"))

    assert pinned(said) == ["b", "the tests are slow"]


def test_what_was_refused_stored_or_is_no_note_is_none() -> None:
    other = ToolCall(id="call-1", name="shell", arguments='{"operation": "note", "text": "x"}')
    broken = ToolCall(id="call-2", name="memory", arguments='{"operation": "note", "text": ')
    said = records(
        noting("no", status=ToolStatus.FAILED),
        noting("a fact", operation="store"),
        [ToolStarted(call=other, effect=Effect.READ), ToolFinished(call_id="call-1", text="")],
        [ToolStarted(call=broken, effect=Effect.READ), ToolFinished(call_id="call-2", text="")],
        noting("never ended")[:1],
    )

    assert pinned(said) == []


def test_a_note_of_a_step_that_was_taken_back_is_gone() -> None:
    said = records(noting("kept"), noting("gone"))
    rewound = Record(session="s", seq=5, at=NOW, event=Rewound(to=2, kept=0, messages=()))

    assert pinned([*said, rewound]) == ["kept"]


def test_they_are_bounded_and_the_newest_stay() -> None:
    many = records(*(noting(f"note {number}") for number in range(50)))
    long = records(*(noting(f"{number} {'記' * 498}") for number in range(50)))

    assert pinned(many) == [f"note {number}" for number in range(50 - MOST_NOTES, 50)]
    assert pinned(long)[-1].startswith("49 ")
    assert sum(map(weight, pinned(long))) <= MOST_TOKENS * CHARS_PER_TOKEN


def test_they_are_told_only_when_the_history_is_gone() -> None:
    source = PinnedNotes(lambda: records(noting("a [/data] b"), noting("c")))

    assert source.news(anew=False) == ()
    (told,) = source.news(anew=True)
    assert told.splitlines()[1:] == [OPENING.strip(), "- a [\u2060/data] b", "- c", CLOSING.strip()]


def test_without_notes_nothing_is_told() -> None:
    assert PinnedNotes(lambda: []).news(anew=True) == ()
