"""Does a turn go in circles? What its newest step repeats, and how often.

the same again      A A A         told at the third, over at the fourth
in turns            A B A B A B   told after the third round, over when it goes on; up to four calls in turns
now and then        A x A y A     told at the third, over at the sixth, unless a file was changed between
whatever it gives   A A A A A A   told at the sixth, over at the eighth: it may wait for something
nothing changed     W W           a write that left the file as it was: told at the second, over at the third

A and B are calls with their answers, so what gives something new is no circle.
"""

import re
from collections.abc import Sequence
from itertools import count, takewhile

from core.text import clip
from core.values import value
from flow.steps import Step

LONGEST_ROUND = 4
ROUNDS = 3
WRITING_TOOLS = frozenset(("write_file", "edit_file", "replace_lines"))
NOTHING_CHANGED = re.compile(r"Unchanged: |.* would not change\.|old and new are the same\.")
"""How an answer begins that tells of a write without effect; a test holds it against the tools."""
NAMED_CHARS = 80


@value
class Circle:
    what: str
    """What repeats, to be read after a colon."""
    is_over: bool
    """Whether the model was told of it, and goes on."""
    is_new: bool
    """Whether this is the step to tell it at."""


def circle(steps: Sequence[Step]) -> Circle | None:
    """What the newest of the steps repeats. Those without calls are left out: others look after them."""
    calling = [step for step in steps if step.reply.calls]
    if not calling or not _is_asked_again(calling):
        return None
    looks = (_nothing_changed, _rounds, _now_and_then, _whatever_it_gives)
    return next((found for found in (look(calling) for look in looks) if found), None)


def _is_asked_again(steps: Sequence[Step]) -> bool:
    """Seen without a look into each step: most ask for something new."""
    newest = steps[-1].reply.calls[0]
    return newest.arguments in [step.reply.calls[0].arguments for step in steps[:-1]]


def _nothing_changed(steps: Sequence[Step]) -> Circle | None:
    newest = steps[-1]
    if not _is_idle_write(newest):
        return None
    times = sum(_is_idle_write(step) and step.asked == newest.asked for step in steps)
    return _circle(f"{_named(newest)} changed nothing, {times} times", times, told_at=2, over_at=3)


def _rounds(steps: Sequence[Step]) -> Circle | None:
    length, repeated = _newest_rounds(steps)
    turns = [_named(step) for step in steps[-length:]]
    same = "gave the same each time" if length == 1 else "gave the same in each round"
    what = f"{', then '.join(turns)} {same}, {repeated // length} times"
    return _circle(what, repeated, told_at=ROUNDS * length, over_at=ROUNDS * length + 1)


def _now_and_then(steps: Sequence[Step]) -> Circle | None:
    length, repeated = _newest_rounds(steps)
    if repeated > length > 1:
        return None  # it may become a circle of several calls, and is named then
    since = _since_change(steps)
    times = sum(step.signature == steps[-1].signature for step in since)
    return _circle(f"{_named(steps[-1])} gave the same each time, {times} times", times, told_at=3, over_at=6)


def _whatever_it_gives(steps: Sequence[Step]) -> Circle | None:
    asked = steps[-1].asked
    times = sum(1 for _ in takewhile(lambda step: step.asked == asked, reversed(steps)))
    return _circle(f"{_named(steps[-1])} was called {times} times in a row", times, told_at=6, over_at=8)


def _circle(what: str, times: int, *, told_at: int, over_at: int) -> Circle | None:
    if times < told_at:
        return None
    return Circle(what=what, is_over=times >= over_at, is_new=times == told_at)


def _newest_rounds(steps: Sequence[Step]) -> tuple[int, int]:
    """Of how many steps a round is, and how many steps at the end are such rounds; the most rounds win."""
    signatures = [step.signature for step in reversed(steps)]
    found = [(length, _repeated(signatures, length)) for length in range(1, LONGEST_ROUND + 1)]
    return max(found, key=lambda one: (one[1] // one[0], -one[0]))


def _repeated(signatures: Sequence[object], length: int) -> int:
    same = zip(signatures, signatures[length:], strict=False)
    return length + sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], same))


def _since_change(steps: Sequence[Step]) -> Sequence[Step]:
    """The steps behind the last one that changed a file, and did so for the first time."""
    signatures = [step.signature for step in steps]
    changes = (
        at + 1
        for at, step in zip(count(), steps, strict=False)
        if _writes(step) and not _is_idle_write(step) and signatures.count(step.signature) == 1
    )
    return steps[max(changes, default=0) :]


def _writes(step: Step) -> bool:
    return any(call.name in WRITING_TOOLS for call in step.reply.calls)


def _is_idle_write(step: Step) -> bool:
    """Whether all it did was to leave files as they were."""
    only_writes = all(call.name in WRITING_TOOLS for call in step.reply.calls)
    return only_writes and all(NOTHING_CHANGED.match(answer.text) for answer in step.answers)


def _named(step: Step) -> str:
    return " with ".join(clip(f"{name} {arguments}", NAMED_CHARS) for name, arguments in step.asked)
