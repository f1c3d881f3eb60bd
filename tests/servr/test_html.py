"""A session as a page that stands on its own."""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given

from core.events import Event, ModelReplied, Record, ToolFinished, ToolStarted, TurnStarted
from core.messages import AssistantMessage, Text, Thinking, ToolCall, UserMessage
from core.permissions import Effect
from core.views import CommandOutput
from servr.html import PageHead, html_page
from servr.html.markup import markdown_html, may_be_followed
from tests.servr.gallery import VIEWS, call_of
from tests.servr.markdown_texts import texts
from tests.servr.test_drawing import EVENTS

AT = datetime(2026, 11, 29, 12, 30, tzinfo=UTC)
HEAD = PageHead(session="20261129-1230", root="/home/ann/project", model="qwen3", created=AT)
ATTACKS = json.loads((Path(__file__).parent / "hostile_markup.json").read_text(encoding="utf-8"))
TAGS = frozenset(
    (
        *(
            "html",
            "head",
            "meta",
            "title",
            "style",
            "body",
            "header",
            "footer",
            "nav",
            "section",
            "time",
            "div",
        ),
        *(
            "h1",
            "h2",
            "h3",
            "h4",
            "h5",
            "h6",
            "p",
            "a",
            "ul",
            "ol",
            "li",
            "dl",
            "dt",
            "dd",
            "blockquote",
            "hr",
        ),
        *("br", "pre", "code", "span", "em", "strong", "s", "table", "thead", "tbody", "tr", "th", "td"),
        *("details", "summary"),
    )
)
ATTRIBUTES = frozenset(
    (
        "lang",
        "charset",
        "http-equiv",
        "content",
        "name",
        "class",
        "id",
        "datetime",
        "href",
        "rel",
        "open",
        "title",
        "style",
        "start",
    )
)
NO_END = ("meta", "hr", "br")


class Reading(HTMLParser):
    """What a browser would see: tags, attributes and text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags = set[str]()
        self.attributes = set[tuple[str, str]]()
        self.text: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {(name, value or "") for name, value in attrs}
        if tag not in NO_END:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def page_of(*events: Event) -> str:
    records = [Record(session="s", seq=place, at=AT, event=event) for place, event in enumerate(events, 1)]
    return "".join(html_page(HEAD, records))


def read(page: str) -> Reading:
    reading = Reading()
    reading.feed(page)
    reading.close()
    assert reading.open == []
    return reading


def assert_harmless(page: str) -> None:
    reading = read(page)
    assert reading.tags <= TAGS
    assert {name for name, _ in reading.attributes} <= ATTRIBUTES
    for name, value in reading.attributes:
        assert name != "href" or value.startswith("#turn-") or may_be_followed(value)
        assert name != "style" or re.fullmatch("text-align:(left|right|center)", value)


def everything() -> list[Event]:
    events: list[Event] = [TurnStarted(prompt=UserMessage(text="Do <all> of it"))]
    for view in VIEWS.values():
        events.append(ModelReplied(reply=AssistantMessage(parts=(call_of(view),))))
        events.append(ToolFinished(call_id="call-1", text="", view=view))
    return [*events, *(event for event, _ in EVENTS.values())]


def test_a_page_has_all_that_was_said_and_done_and_nothing_that_runs() -> None:
    page = page_of(*everything())

    assert_harmless(page)
    text = "".join(read(page).text)
    for expected in ("Do <all> of it", "def area(width, height):", "old 150", "東京", "exit 2"):
        assert expected in text


@pytest.mark.parametrize(("view", "opened"), [("file change", True), ("file change, long", False)])
def test_only_a_short_change_is_open(view: str, opened: bool) -> None:
    page = page_of(ToolFinished(call_id="call-1", text="", view=VIEWS[view]))

    assert ("<details open>" in page) == opened


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_would_be_obeyed_in_a_page_is_text_wherever_it_stands(attack: str) -> None:
    call = ToolCall(id="c", name=attack, arguments=json.dumps({attack: attack}))
    page = page_of(
        TurnStarted(prompt=UserMessage(text=attack)),
        TurnStarted(prompt=UserMessage(text="another")),
        ModelReplied(reply=AssistantMessage(parts=(Thinking(text=attack), Text(text=attack), call))),
        ToolStarted(call=call, effect=Effect.READ),
        ToolFinished(
            call_id="c",
            text=attack,
            view=CommandOutput(command=attack, output=attack, exit_code=0, seconds=1),
        ),
        ModelReplied(
            reply=AssistantMessage(
                parts=(Text(text=f"```{attack}\n{attack}\n```\n| {attack} |\n|---|\n| {attack} |"),)
            )
        ),
    )

    assert_harmless(page)


@given(text=texts)
def test_no_reply_breaks_the_page(text: str) -> None:
    reading = read(f"<div>{markdown_html(text)}</div>")

    assert reading.tags <= TAGS
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", "".join(reading.text))


def test_a_page_fetches_nothing() -> None:
    page = page_of(
        ModelReplied(reply=AssistantMessage(parts=(Text(text="![spy](https://spy.example/x.png)"),)))
    )

    assert "default-src 'none'" in page
    assert not re.search(r"<img|<script|<link|<iframe|url\(|@import|src=", page)
    assert "[image: spy] (https://spy.example/x.png)" in page


def test_prompts_are_listed_when_there_are_several() -> None:
    first = TurnStarted(prompt=UserMessage(text="First\nwith more"))

    assert "<nav>" not in page_of(first)
    assert '<a href="#turn-2">Second</a>' in page_of(first, TurnStarted(prompt=UserMessage(text="Second")))


def test_secrets_are_taken_out_before_anything_is_coloured() -> None:
    reply = AssistantMessage(parts=(Text(text="```python\nkey = 'sk-' + 'secret'\nsk-secret-1\n```"),))
    records = [Record(session="s", seq=1, at=AT, event=ModelReplied(reply=reply))]

    page = "".join(html_page(HEAD, records, lambda text: text.replace("sk-secret-1", "[masked]")))

    text = "".join(read(page).text)
    assert "[masked]" in text
    assert "sk-secret-1" not in text


def test_a_change_is_open_and_other_cards_are_folded() -> None:
    opened = page_of(ToolFinished(call_id="c", text="", view=VIEWS["file change"]))
    folded = page_of(ToolFinished(call_id="c", text="", view=VIEWS["command output"]))

    assert "<details open><summary>" in opened
    assert '<span class="added">' in opened
    assert "<details><summary>" in folded


def test_a_session_in_which_nothing_was_said_is_a_page_too() -> None:
    page = page_of()

    assert "<title>Session 20261129-1230</title>" in page
    assert_harmless(page)
