"""Verdicts from what a model did: without a model."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boot.calibrate import grading
from boot.calibrate.grading import Read, Tried
from boot.calibrate.haystack import code, drawers, found, haystack
from boot.calibrate.turns import Asked, Turn
from core.errors import ContextOverflow, GatewayError, RequestRejected
from core.events import Outcome
from core.messages import AssistantMessage, Part, Text, Thinking, ToolCall, Usage

WELL, HELP, NO, LEFT_OUT = "works well", "works with help", "does not work", "left out"
CALL = ToolCall(id="1", name="read_file", arguments="{}")
WRITTEN = ToolCall(id="1", name="read_file", arguments="{}", source="<tool_call>")
GOOD = Tried(turn=Turn(outcome=Outcome.DONE, calls=(CALL,), most_calls=1), right=True)
IN_TEXT = Tried(turn=Turn(outcome=Outcome.DONE, calls=(WRITTEN,)), right=True)
MENDED = Tried(turn=Turn(outcome=Outcome.DONE, calls=(CALL,), mended=1), right=True)
BAD = Tried(turn=Turn(outcome=Outcome.DONE), right=False)
STUCK = Tried(turn=Turn(outcome=Outcome.STUCK, note="Stopped: the same again."), right=False)


@pytest.mark.parametrize(
    ("native", "told", "verdict", "fields"),
    [
        ([GOOD, GOOD], {}, WELL, {"calls": "native"}),
        ([GOOD, IN_TEXT], {}, HELP, {"calls": "native"}),
        ([GOOD, MENDED], {}, HELP, {"calls": "native"}),
        ([GOOD, BAD], {"hermes": [BAD], "json": [BAD]}, HELP, {"calls": "native"}),
        ([GOOD, BAD], {"hermes": [GOOD, BAD]}, HELP, {"calls": "native"}),
        ([GOOD, BAD], {"hermes": [BAD], "json": [GOOD, GOOD]}, HELP, {"calls": "text", "dialect": "json"}),
        ([BAD], {"hermes": [GOOD, BAD], "json": [GOOD, BAD]}, HELP, {"calls": "text", "dialect": "hermes"}),
        ([BAD], {"hermes": [BAD], "json": [BAD]}, NO, {}),
        ([BAD], {}, NO, {}),
    ],
)
def test_calls_go_the_way_on_which_more_of_them_arrive(
    native: list[Tried], told: dict[str, list[Tried]], verdict: str, fields: dict[str, object]
) -> None:
    grade = grading.calls(native, told)

    assert (grade.verdict, grade.fields) == (verdict, fields)


@pytest.mark.parametrize(
    ("tries", "verdict", "best"),
    [
        ({"edit_file": [GOOD, GOOD]}, WELL, "edit_file"),
        ({"edit_file": [GOOD, MENDED]}, HELP, "edit_file"),
        ({"edit_file": [GOOD, BAD], "replace_lines": [GOOD, GOOD]}, HELP, "replace_lines"),
        ({"edit_file": [BAD], "replace_lines": [GOOD, BAD], "write_file": [GOOD, GOOD]}, HELP, "write_file"),
        ({"edit_file": [GOOD, BAD], "replace_lines": [BAD], "write_file": [BAD]}, HELP, "edit_file"),
        (
            {"edit_file": [BAD], "replace_lines": [GOOD, BAD], "write_file": [GOOD, BAD]},
            HELP,
            "replace_lines",
        ),
        ({"edit_file": [BAD], "replace_lines": [BAD], "write_file": [BAD]}, NO, None),
    ],
)
def test_files_are_changed_the_way_by_which_most_arrives(
    tries: dict[str, list[Tried]], verdict: str, best: str | None
) -> None:
    grade = grading.edits(tries)

    assert (grade.verdict, grade.fields) == (verdict, {"edit_format": best} if best else {})


@pytest.mark.parametrize(
    ("parts", "verdict", "said"),
    [
        ((Text(text="One, two, three, four, five"),), WELL, "it does what is asked"),
        ((Text(text="1 2 3 4 5"),), HELP, "it does what is asked, but not quite as it is asked"),
        ((Text(text="4zw3#f"),), NO, "asked to count, it said '4zw3#f'"),
        ((Text(text="Hi\x1b[2J"),), NO, r"asked to count, it said 'Hi\x1b[2J'"),
        ((Thinking(text="one, two, three, four"),), NO, "it thought, and came to no answer"),
        ((Text(text=" \n"),), NO, "its reply was empty"),
    ],
)
def test_words_are_looked_at(parts: tuple[Part, ...], verdict: str, said: str) -> None:
    grade = grading.words(AssistantMessage(parts=parts))

    assert (grade.verdict, grade.found) == (verdict, said)


@pytest.mark.parametrize(
    ("tried", "content", "plan", "stopping"),
    [(GOOD, WELL, WELL, WELL), (MENDED, HELP, HELP, HELP), (BAD, NO, NO, HELP), (STUCK, NO, NO, NO)],
)
def test_work_is_judged_by_what_it_left_and_how_it_ended(
    tried: Tried, content: str, plan: str, stopping: str
) -> None:
    verdicts = (grading.content(tried), grading.plan(tried), grading.stopping(tried))

    assert [grade.verdict for grade in verdicts] == [content, plan, stopping]


@pytest.mark.parametrize(
    ("most_calls", "right", "verdict", "fields"),
    [
        (3, True, WELL, {"parallel_calls": True}),
        (1, True, HELP, {}),
        (3, False, NO, {"parallel_calls": False}),
        (1, False, NO, {"parallel_calls": False}),
    ],
)
def test_several_calls_at_once_are_not_asked_of_whom_they_confuse(
    most_calls: int, right: bool, verdict: str, fields: dict[str, object]
) -> None:
    grade = grading.parallel(
        Tried(turn=Turn(outcome=Outcome.DONE, calls=(CALL,), most_calls=most_calls), right=right)
    )

    assert (grade.verdict, grade.fields) == (verdict, fields)


def asked(first_seconds: float, seconds: float, usage: Usage, text: str = "") -> Asked:
    reply = AssistantMessage(parts=(Text(text=text),), usage=usage)
    return Asked(reply=reply, first_seconds=first_seconds, seconds=seconds)


@pytest.mark.parametrize(
    ("first_seconds", "seconds", "verdict", "said"),
    [
        (2, 7, WELL, "reads 750 and writes 20 tokens a second"),
        (30, 50, HELP, "reads 50 and writes 5 tokens a second"),
        (150, 250, NO, "reads 10 and writes 1 tokens a second"),
        (0, 0, WELL, "reads 1,500,000 and writes 100,000 tokens a second"),
    ],
)
def test_speed_is_that_of_reading_and_that_of_writing(
    first_seconds: float, seconds: float, verdict: str, said: str
) -> None:
    usage = Usage(prompt_tokens=1_500, reply_tokens=100)

    grade = grading.speed(asked(first_seconds, seconds, usage), prompt_chars=9_000)

    assert (grade.verdict, grade.found) == (verdict, said)


def test_speed_is_reckoned_from_letters_where_the_server_counts_nothing() -> None:
    grade = grading.speed(asked(1, 3, Usage(), text="word" * 40), prompt_chars=2_000)

    assert grade.found == "reads 500 and writes 20 tokens a second"


@pytest.mark.parametrize(
    ("first_seconds", "second_seconds", "cached", "verdict"),
    [(2.0, 2.0, 1_400, WELL), (2.0, 0.2, 0, WELL), (2.0, 1.9, 0, NO), (0.1, 0.1, 0, LEFT_OUT)],
)
def test_a_cache_shows_in_the_count_or_in_the_time(
    first_seconds: float, second_seconds: float, cached: int, verdict: str
) -> None:
    first = asked(first_seconds, 3, Usage(prompt_tokens=1_500))
    second = asked(second_seconds, 3, Usage(prompt_tokens=1_500, cached_tokens=cached))

    assert grading.cache(first, second).verdict == verdict


ALL, CUT, OVERLOOKED = (1, 8, 16), (8, 16), (1, 16)


@pytest.mark.parametrize(
    ("reads", "told", "refusal", "verdict", "window"),
    [
        ([(3_000, ALL), (12_000, ALL)], 16_000, None, WELL, None),
        ([(3_000, ALL), (12_000, ALL)], None, None, WELL, None),
        ([(3_000, ALL), (6_000, CUT)], 16_000, None, HELP, 4_096),
        ([(6_000, ALL), (12_000, CUT)], 16_000, None, HELP, 6_000),
        ([(3_000, ALL), (6_000, OVERLOOKED)], 16_000, None, HELP, 8_192),
        ([(12_000, ALL), (24_000, OVERLOOKED)], 32_000, None, HELP, 12_000),
        ([(3_000, ALL), (3_500, OVERLOOKED)], 4_000, None, HELP, 4_000),
        ([(6_000, ALL)], 16_000, ContextOverflow("no", limit_tokens=9_000), HELP, 9_000),
        ([(1_500, ALL)], None, ContextOverflow("no", limit_tokens=2_048), HELP, 2_048),
        ([(6_000, ALL)], 16_000, ContextOverflow("no"), HELP, 6_000),
        ([(1_500, ALL)], 16_000, RequestRejected("no"), HELP, 4_096),
        ([(1_500, CUT)], 16_000, None, NO, None),
        ([], 16_000, ContextOverflow("no"), NO, None),
    ],
)
def test_the_real_window_is_what_was_read_to_its_beginning(
    reads: list[tuple[int, tuple[int, ...]]],
    told: int | None,
    refusal: GatewayError | None,
    verdict: str,
    window: int | None,
) -> None:
    texts = [Read(tokens=tokens, asked=ALL, found=got) for tokens, got in reads]

    grade = grading.window(texts, told, refusal)

    assert (grade.verdict, grade.fields.get("window_tokens")) == (verdict, window)


@given(st.integers(1, 60), st.integers(0, 60))
def test_a_longer_text_begins_with_every_shorter_one(count: int, more: int) -> None:
    assert haystack("n", count + more).startswith(haystack("n", count))


@given(st.integers(1, 300))
def test_every_drawer_that_is_asked_for_stands_in_the_text(count: int) -> None:
    text, wanted = haystack("n", count), drawers(count)

    assert found(text, "n", wanted) == wanted
    assert all(text.count(f"drawer {drawer} is {code('n', drawer)}.") == 1 for drawer in wanted)


def test_another_exam_has_another_text_and_other_codes() -> None:
    assert haystack("a", 8)[:10] != haystack("b", 8)[:10]
    assert [code("a", drawer) for drawer in (1, 4, 8)] != [code("b", drawer) for drawer in (1, 4, 8)]
