"""Which facts are the same, which contradict each other, and which of them a session begins with."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from core.errors import InvalidArguments
from core.memory import MOST_FACT_CHARS, Fact
from store.database import Database
from store.facts import USER, Facts
from store.migrations import FACTS
from store.sayings import Saying, clean, folded, subject_of

DAY = 86_400.0


@pytest.fixture
def facts(tmp_path: Path) -> Iterator[Facts]:
    with closing(Database.open(tmp_path / "a.sqlite", [FACTS])) as database, database.writing() as connection:
        yield Facts(connection)


def say(facts: Facts, text: str, *, day: float = 0, project: str = "/p", by: str = "model") -> int:
    """Its id; what it contradicts has become its past."""
    number = facts.make_project(project)
    saying = Saying(
        text=text,
        folded=folded(text),
        subject=subject_of(text),
        project=number,
        source=by,
        session="s",
        at=day * DAY,
    )
    fact, _ = facts.put(saying)
    facts.replace(fact)
    return fact


def texts(found: list[Fact]) -> list[str]:
    return [fact.text for fact in found]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Tests run with pytest.", "tests  run with\npytest"),
        ("Ünser Haus", "U\u0308NSER HAUS"),
        ("`make check` proves it", "make check` proves it!"),
    ],
)
def test_the_same_in_other_letters_is_the_same_fact(one: str, other: str) -> None:
    assert folded(one) == folded(other)


@pytest.mark.parametrize(("one", "other"), [("run with -x", "run with x"), ("!!", ".."), ("v1.2", "v12")])
def test_what_may_mean_something_else_is_another_fact(one: str, other: str) -> None:
    assert folded(one) != folded(other)


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("The port of the server is 8080.", "port of the server"),
        ("port of the server = 9090", "port of the server"),
        ("Package manager: pnpm", "package manager"),
        ("Line endings are LF", "line endings"),
        ("PORT=8080", "port"),
        ("Der Port ist 8080", "der port"),
        ("Le port est 8080", "le port"),
        ("El puerto es 8080", "el puerto"),
        ("A porta é 8080", "a porta"),
        ("包管理器：pnpm", "包管理器"),
        ("a == b", ""),
        ("x!=1", ""),
        ("https://example.org/a?b=c", "https://example.org/a?b"),
        ("This is slow", ""),
        ("Das ist langsam", ""),
        ("What the user wants is speed", "what the user wants"),
        ("Coding style: use tabs", ""),
        ("The project is written in Python", ""),
        ("Use tabs", ""),
        ("https://example.org/a", ""),
    ],
)
def test_a_subject_is_what_a_fact_gives_one_word_as_the_value_of(text: str, subject: str) -> None:
    assert subject_of(text) == subject


def test_what_is_said_again_is_one_fact_in_its_newer_words(facts: Facts) -> None:
    first = say(facts, "Tests run with pytest", day=1)

    again = say(facts, "tests run with pytest.", day=3, by="person")

    (fact,) = facts.newest([1], 9)
    assert again == first
    assert (fact.text, fact.source, fact.said.day) == ("tests run with pytest.", "person", 4)


def test_the_same_words_of_another_project_are_another_fact(facts: Facts) -> None:
    assert say(facts, "Tests run with pytest") != say(facts, "Tests run with pytest", project="/q")


def test_a_contradiction_keeps_the_newer_and_shows_the_older(facts: Facts) -> None:
    say(facts, "The port is 8080", day=1)
    say(facts, "The port is 8081", day=2)
    newest = say(facts, "port: 9090", day=3)

    fact = facts.known(newest)
    assert fact is not None
    assert texts([fact, *fact.earlier]) == ["port: 9090", "The port is 8081", "The port is 8080"]
    assert texts(facts.best([1], 9)) == ["port: 9090"]
    assert facts.how_many([1]) == 1


def test_what_held_before_and_is_said_again_holds_again(facts: Facts) -> None:
    first = say(facts, "The port is 8080", day=1)
    second = say(facts, "The port is 9090", day=2)

    assert say(facts, "The port is 8080", day=3) == first
    fact = facts.known(first)
    assert fact is not None
    assert texts(list(fact.earlier)) == ["The port is 9090"]
    assert facts.successor(second) == first


def test_projects_do_not_contradict_each_other(facts: Facts) -> None:
    say(facts, "The port is 8080")
    say(facts, "The port is 9090", project="/q")

    assert facts.how_many(facts.projects().values()) == 2


def test_a_fact_can_be_replaced_that_no_words_tie_to_it(facts: Facts) -> None:
    older = say(facts, "We deploy by hand", day=1)
    newer = say(facts, "A pipeline deploys every merge", day=2)

    facts.replace(newer, older)

    assert facts.successor(older) == newer
    assert texts(facts.newest([1], 9)) == ["A pipeline deploys every merge"]


def test_what_is_removed_is_gone_with_its_past_and_its_number_is_never_given_again(facts: Facts) -> None:
    older = say(facts, "The port is 8080")
    newer = say(facts, "The port is 9090")

    facts.remove([newer, older])

    assert (facts.known(newer), facts.known(older), facts.how_many([1])) == (None, None, 0)
    assert say(facts, "The port is 8080") == newer + 1


def test_use_and_age_decide_which_facts_stand_highest(facts: Facts) -> None:
    old = say(facts, "old", day=0)
    say(facts, "newer", day=20)
    say(facts, "newest", day=21)

    assert texts(facts.best([1], 9)) == ["newest", "newer", "old"]

    facts.count_use([old], 21 * DAY)
    assert texts(facts.best([1], 9)) == ["old", "newest", "newer"]

    say(facts, "of much later", day=200)
    assert texts(facts.best([1], 2)) == ["of much later", "old"]


def test_a_use_counts_half_after_a_half_life(facts: Facts) -> None:
    used_often, used_lately = say(facts, "used often, long ago"), say(facts, "used lately", day=90)
    facts.count_use([used_often] * 6, 0)
    assert texts(facts.best([1], 1)) == ["used lately"]

    facts.count_use([used_often] * 2, 0)
    facts.count_use([used_lately], -1e6 * DAY)  # a clock that was wrong counts nothing

    assert texts(facts.best([1], 1)) == ["used often, long ago"]


def test_the_best_of_the_user_and_of_the_project_stand_in_one_order(facts: Facts) -> None:
    say(facts, "of the project", day=1)
    say(facts, "of the user", day=2, project="")
    say(facts, "of the project, newer", day=3)
    say(facts, "of another project", day=4, project="/q")

    found = facts.best([USER, 1], 9)

    assert [(fact.text, fact.scope) for fact in found] == [
        ("of the project, newer", "project"),
        ("of the user", "user"),
        ("of the project", "project"),
    ]


def test_a_fact_has_no_controls_and_no_halves_of_characters() -> None:
    assert clean("  a\x00b\x1b[31mc\r\nd\ud800 ") == "ab[31mc\nd"


@pytest.mark.parametrize("text", ["", " \n\t", "\x00\x1b"])
def test_nothing_is_no_fact(text: str) -> None:
    with pytest.raises(InvalidArguments, match="There is nothing to remember"):
        clean(text)


def test_a_fact_is_bounded() -> None:
    clean("a" * MOST_FACT_CHARS)

    with pytest.raises(
        InvalidArguments, match=r"at most 2,000 characters, and this one 2,001\. Say it shorter"
    ):
        clean("a" * (MOST_FACT_CHARS + 1))


def test_neither_choosing_nor_listing_looks_at_all_facts(facts: Facts) -> None:
    say(facts, "one")
    asked: list[str] = []
    facts.connection.set_trace_callback(asked.append)
    facts.best([USER, 1], 9)
    facts.newest([USER, 1], 9)
    facts.connection.set_trace_callback(None)

    steps = [row[3] for one in asked for row in facts.connection.execute(f"EXPLAIN QUERY PLAN {one}")]
    assert len(asked) > 4
    assert [step for step in steps if not step.startswith("SEARCH")] == []
