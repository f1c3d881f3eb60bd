"""Whatever a field of a view or an event holds, a line stays a line, within its width, and commands nothing."""

import json
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import get_type_hints

import pytest

from core.events import Event, ModelReplied, ToolFinished
from core.messages import AssistantMessage, ToolCall
from servr.cards import Cards
from servr.cells import width_of
from servr.drawing import lines_of, plain_lines
from tests.servr.gallery import VIEWS
from tests.servr.test_drawing import EVENTS

pytestmark = pytest.mark.slow

SAMPLES = json.loads((Path(__file__).parent / "hostile.json").read_text(encoding="utf-8"))
LONG = json.loads((Path(__file__).parent / "wide.json").read_text(encoding="utf-8"))
OBEYED = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f]")


def with_text(thing: object, text: str) -> Iterator[object]:
    """`thing` with `text` in one of its fields after the other, however deep."""
    if isinstance(thing, str) and not hasattr(thing, "value"):
        yield text
    elif isinstance(thing, tuple):
        for place, item in enumerate(thing[:3]):
            yield from ((*thing[:place], new, *thing[place + 1 :]) for new in with_text(item, text))
    elif is_dataclass(thing) and not isinstance(thing, type):
        kinds = get_type_hints(type(thing))
        for field in fields(thing):
            if "Literal" not in str(kinds[field.name]):
                yield from (
                    replace(thing, **{field.name: new}) for new in with_text(getattr(thing, field.name), text)
                )


def cards_of(event: Event, width: int, name: str) -> Iterator[str]:
    cards = Cards(lambda: width)
    call = ToolCall(id="call-1", name=name, arguments=json.dumps({name: name}))
    for seen in (ModelReplied(reply=AssistantMessage(parts=(call,))), event):
        yield from (line.text for line in cards.see(seen))


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_nothing_that_is_shown_is_obeyed_or_begins_a_line(sample: str) -> None:
    events: list[Event] = [event for event, _ in EVENTS.values()]
    events += [ToolFinished(call_id="call-1", text="t", view=view) for view in VIEWS.values()]

    bad = [
        line
        for event in events
        for hostile in with_text(event, sample)
        for line in (
            *cards_of(hostile, 40, sample),  # type: ignore[arg-type]  # it is the event's own kind
            *(line.text for line in lines_of(hostile)),  # type: ignore[arg-type]
            *plain_lines(hostile),  # type: ignore[arg-type]
        )
        if OBEYED.search(line)
    ]

    assert bad == []


@pytest.mark.parametrize("width", [12, 40])
@pytest.mark.parametrize("sample", LONG.values(), ids=LONG)
def test_a_card_is_as_wide_as_the_screen_whatever_is_in_it(sample: str, width: int) -> None:
    bad = [
        line
        for view in VIEWS.values()
        for hostile in with_text(ToolFinished(call_id="call-1", text="t", view=view), sample * 50)
        for line in cards_of(hostile, width, sample)  # type: ignore[arg-type]
        if width_of(line) > width
    ]

    assert bad == []
