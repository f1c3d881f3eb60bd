"""Facts as lines of text, for the chat and for `roost memory`: shown in full, and never obeyed."""

from collections.abc import Iterator, Sequence

from core.memory import Fact, Stored
from core.visible import visible
from servr.spans import Line, Style

MARGIN = 7
"""Where the text of a fact begins: behind its number."""


def lines_of_facts(facts: Sequence[Fact], *, with_project: bool = False) -> Iterator[Line]:
    """Each with its number, its text, and where it comes from; below it what it replaced."""
    for fact in facts:
        yield from _text(f"#{fact.id}", fact.text)
        yield from _text("", _origin(fact, with_project=with_project), Style.DIM)
        for older in fact.earlier:
            yield from _text("", f"before: {older.text} (#{older.id}, {older.said:%Y-%m-%d})", Style.DIM)


def lines_of_stored(stored: Stored) -> Iterator[Line]:
    yield Line("Known already; it is said anew:" if stored.known else "Stored:")
    yield from lines_of_facts([stored.fact])
    if stored.alike:
        yield Line("Near to it, and perhaps out of date:")
        yield from lines_of_facts(stored.alike)


def _text(number: str, text: str, style: Style = Style.PLAIN) -> Iterator[Line]:
    for place, line in enumerate(visible(text).split("\n")):
        yield Line(f"{number if place == 0 else '':<{MARGIN}}{line}", style)


def _origin(fact: Fact, *, with_project: bool) -> str:
    of = (f"of {fact.project}" if with_project else "of this project") if fact.project else "of you"
    by = "by you" if fact.source == "person" else "by the model"
    session = f" in {fact.session}" if fact.session else ""
    times = "once" if fact.uses == 1 else f"{fact.uses} times"
    used = f"\nused {times}, last on {fact.used:%Y-%m-%d}" if fact.used else ""
    return f"{of}, said {by} on {fact.said:%Y-%m-%d}{session}{used}"
