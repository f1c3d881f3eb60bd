"""A terminal's answer among the keys."""

from io import StringIO
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servr.terminal.answers import PATIENCE_SECONDS, SURELY, Answers
from servr.terminal.looks import Looks, background_matters
from servr.terminal.screen import Screen
from tests.clocks import Clock

ANSWER = "\x1b]11;rgb:ffff/ffff/ffff\x1b\\"
keys = st.text(st.sampled_from("ab\r\x1b]1;[A\x7f"), max_size=12).filter(lambda text: SURELY not in text)


def asked() -> tuple[Answers, list[str], Clock]:
    told = list[str]()
    clock = Clock(5.0)
    answers = Answers(told.append, clock)
    answers.question()
    return answers, told, clock


@given(before=keys, after=keys, cuts=st.sets(st.integers(0, 60)), bell=st.booleans())
def test_an_answer_is_taken_out_and_no_key_is_lost(
    before: str, after: str, cuts: set[int], bell: bool
) -> None:
    answers, told, _ = asked()
    before, answer = before.removesuffix("\x1b"), ANSWER.replace("\x1b\\", "\x07") if bell else ANSWER
    text = before + answer + after
    places = [0, *sorted(cut for cut in cuts if cut < len(text)), len(text)]

    typed = "".join(answers.split(text[a:b]) for a, b in pairwise(places))

    assert (typed + answers.rest(), told) == (before + after, ["rgb:ffff/ffff/ffff"])


@pytest.mark.parametrize("key", ["\x1b", "\x1b]", "\x1b]1", "\x1b[A", "]11;"])
def test_a_key_that_begins_like_an_answer_is_a_key_when_nothing_follows(key: str) -> None:
    answers, told, _ = asked()

    assert (answers.split("a" + key) + answers.rest(), told) == (f"a{key}", [])


def test_of_a_terminal_that_was_not_asked_every_key_is_a_key() -> None:
    answers = Answers()

    assert answers.split(ANSWER + "\x1b") == ANSWER + "\x1b"


def test_the_rest_of_an_answer_may_come_late() -> None:
    answers, told, clock = asked()
    before = answers.split("a\x1b]11;rgb:ffff/ff")
    clock.now += 60 * PATIENCE_SECONDS

    waited, after = answers.rest(), answers.split("ff/ffff\x1b\\b")

    assert (before, waited, after, told) == ("a", "", "b", ["rgb:ffff/ffff/ffff"])


@pytest.mark.parametrize("typed", ["typed", "\r", "\x1b[A", "\x03"])
def test_an_answer_that_never_ends_is_given_up_for_what_is_typed(typed: str) -> None:
    answers, told, _ = asked()
    answers.split("\x1b]11;rgb:ff")

    waited = answers.rest()

    assert (waited, answers.split(typed) + answers.rest(), told) == ("", typed, [])


async def test_whoever_leaves_waits_for_no_answer_that_came_or_never_will() -> None:
    answered, never_asked, silent = asked()[0], Answers(), asked()
    answered.split(ANSWER)
    silent[2].now += PATIENCE_SECONDS

    for answers in (answered, never_asked, silent[0]):
        with pytest.raises(StopIteration):  # it ends without a wait
            answers.settled().send(None)


def test_the_theme_follows_what_the_terminal_says_unless_the_person_has_chosen() -> None:
    screen = Screen(StringIO())
    looks = Looks(screen, "auto", environment={"TERM": "xterm-256color"})

    looks.learn("nothing of use")
    before = looks.background
    looks.learn("rgb:ffff/ffff/ffff")
    followed = screen.theme.name
    looks.choose("dark")
    looks.learn("rgb:ffff/ffff/ffff")
    chosen = screen.theme.name
    looks.choose("auto")

    assert (before, followed, chosen, screen.theme.name) == (None, "light", "dark", "light")


@pytest.mark.parametrize(
    ("environment", "matters"),
    [
        ({"TERM": "xterm-256color"}, True),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, True),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, False),
        ({"TERM": "linux"}, False),
        ({"TERM": "dumb"}, False),
    ],
)
def test_only_a_terminal_of_many_colours_is_asked(environment: dict[str, str], matters: bool) -> None:
    assert background_matters(environment) == matters
