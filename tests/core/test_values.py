"""Values are compared by content, written as plain JSON, and read back checked."""

from dataclasses import FrozenInstanceError
from datetime import UTC, datetime, timedelta, timezone

import pytest

from core.events import NoteAdded, Record, TurnStarted
from core.messages import UserMessage
from core.values import decode, encode

RECORD = Record(
    session="s",
    seq=1,
    at=datetime(2026, 11, 21, 3, 12, 9, 125_000, tzinfo=UTC),
    event=NoteAdded(source="steering", text="über"),
)
LINE = (
    '{"session":"s","seq":1,"at":"2026-11-21T03:12:09.125Z",'
    '"event":{"type":"note_added","source":"steering","text":"über","joined":false}}'
)


def test_a_value_is_one_line_of_json_and_comes_back_as_it_was() -> None:
    assert encode(RECORD) == LINE
    assert decode(Record, LINE) == RECORD


def test_times_are_written_in_utc() -> None:
    elsewhere = RECORD.at.astimezone(timezone(timedelta(hours=5)))

    assert encode(elsewhere) == '"2026-11-21T03:12:09.125Z"'


def test_values_are_equal_when_they_are_of_one_kind_and_hold_the_same() -> None:
    message = UserMessage(text="a")

    assert message == UserMessage(text="a")
    assert message != UserMessage(text="b")
    assert message != TurnStarted(prompt=message)


@pytest.mark.parametrize(
    "made", [NoteAdded(source="a", text="b"), decode(NoteAdded, '{"source":"a","text":"b"}')]
)
@pytest.mark.parametrize("name", ["text", "joined", "more"])
def test_a_value_never_changes(made: NoteAdded, name: str) -> None:
    with pytest.raises(FrozenInstanceError, match=name):
        setattr(made, name, "c")
    with pytest.raises(FrozenInstanceError, match=name):
        delattr(made, name)

    assert made == NoteAdded(source="a", text="b")


def test_what_json_cannot_hold_is_refused() -> None:
    with pytest.raises(TypeError, match="has no JSON form"):
        encode({1, 2})


@pytest.mark.parametrize("line", ["", "{}", LINE[:-1], LINE.replace("note_added", "no_such_event")])
def test_a_text_of_another_form_is_a_value_error(line: str) -> None:
    with pytest.raises(ValueError, match="validation error"):
        decode(Record, line)
