"""Our `dataclass` keeps the promises of the standard one: every class here is made with both."""

import dataclasses
from collections.abc import Callable
from dataclasses import FrozenInstanceError, field
from typing import Any

import pytest

from core.records import dataclass
from core.values import decode

Make = Callable[..., Any]
BOTH = pytest.mark.parametrize("make", [dataclass, dataclasses.dataclass], ids=["ours", "theirs"])


def point(make: Make, **how: bool) -> Any:
    @make(**how)
    class Point:
        x: int
        y: int = 2
        seen: list[int] = field(default_factory=list)
        _whole: int = field(default=0, init=False, repr=False)

        def __post_init__(self) -> None:
            vars(self)["_whole"] = self.x + self.y

    return Point


@BOTH
@pytest.mark.parametrize("how", [{}, {"frozen": True}])
def test_fields_are_given_by_place_or_by_name_or_have_their_defaults(
    make: Make, how: dict[str, bool]
) -> None:
    kind = point(make, **how)

    assert kind(1) == kind(x=1, y=2, seen=[]) != kind(1, 3)
    assert kind(1)._whole == 3
    assert kind(1).seen is not kind(1).seen
    assert repr(kind(1, seen=[4])).endswith("Point(x=1, y=2, seen=[4])")
    assert dataclasses.replace(kind(1), y=5) == kind(1, 5)
    assert kind(1) != (1, 2, [])


@BOTH
@pytest.mark.parametrize(
    ("placed", "named"),
    [((), {}), ((1, 2, [], 4), {}), ((1,), {"x": 1}), ((1,), {"z": 1}), ((1,), {"_whole": 1})],
)
def test_what_is_missing_unknown_or_too_much_is_refused(
    make: Make, placed: tuple[object, ...], named: dict[str, object]
) -> None:
    with pytest.raises(TypeError):
        point(make)(*placed, **named)


@BOTH
def test_with_keywords_only_nothing_is_given_by_place(make: Make) -> None:
    kind = point(make, kw_only=True)

    assert kind(x=1).y == 2
    with pytest.raises(TypeError):
        kind(1)


@BOTH
def test_a_frozen_one_never_changes_and_can_be_a_key(make: Make) -> None:
    kind = make(frozen=True)(type("Pair", (), {"__annotations__": {"a": int, "b": tuple}}))
    pair = kind(1, (2,))

    for name in ("a", "c"):
        with pytest.raises(FrozenInstanceError, match=name):
            setattr(pair, name, 3)
        with pytest.raises(FrozenInstanceError, match=name):
            delattr(pair, name)
    assert {pair: "found"}[kind(1, (2,))] == "found"


@BOTH
def test_one_that_may_change_is_no_key_unless_it_is_compared_by_identity(make: Make) -> None:
    changing = point(make)(1)
    changing.x = 7

    assert changing.x == 7
    with pytest.raises(TypeError, match="unhashable"):
        hash(changing)
    same = point(make, eq=False, repr=False)(1)
    assert same == same != point(make, eq=False)(1)
    assert len({same}) == 1
    assert "object at" in repr(same)


@BOTH
def test_methods_of_a_class_are_its_own(make: Make) -> None:
    @make(frozen=True)
    class Word:
        text: str

        def __repr__(self) -> str:
            return self.text

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Word) and other.text.lower() == self.text.lower()

    assert (repr(Word("a")), Word("a") == Word("A")) == ("a", True)


@BOTH
def test_a_class_below_has_the_fields_of_both(make: Make) -> None:
    @make()
    class Above:
        a: int

    @make()
    class Below(Above):
        b: int = 2

    assert (Below(1).a, Below(1).b, Below.__match_args__) == (1, 2, ("a", "b"))  # type: ignore[attr-defined]
    assert Below(1) != Above(1)


@BOTH
def test_one_can_be_read_from_json(make: Make) -> None:
    kind = make(frozen=True, kw_only=True)(type("Read", (), {"__annotations__": {"a": int}, "b": "x"}))

    assert decode(kind, '{"a": 1}') == kind(a=1)
