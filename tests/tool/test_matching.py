import pytest
from hypothesis import given
from hypothesis import strategies as st

from tool.matching import MOST_COMPARED_LINES, Found, closest, locate

CODE = """\
class Shop:
    def open(self):
        if self.key:
            self.door = "open"
            return True

    def close(self):
        self.door = "closed"
"""


def edited(text: str, old: str, new: str) -> str | None:
    """`text` after the edit, or None when nothing matches."""
    found = locate(text, old, new)
    pieces, at = [], 0
    for place in found.places:
        pieces += [text[at : place.start], place.new]
        at = place.end
    return "".join([*pieces, text[at:]]) if found.places else None


@given(st.text(), st.text(min_size=1), st.text())
def test_an_exact_match_is_what_replace_does(text: str, old: str, new: str) -> None:
    if old in text:
        assert edited(text, old, new) == text.replace(old, new)
        assert locate(text, old, new).remark == ""


def test_spaces_at_line_ends_do_not_matter() -> None:
    text = "a = 1  \nb = 2\t\nc = 3\n"

    assert edited(text, "a = 1\nb = 2\n", "a = 1\nb = 3\n") == "a = 1  \nb = 3\nc = 3\n"
    assert locate(text, "a = 1\nb = 2\n", "").remark == "spaces at line ends differ"


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (
            'self.door = "open"\nreturn True',
            'self.door = "wide"\nreturn True',
            '            self.door = "wide"\n',
        ),
        (
            '    self.door = "open"\n    return True',
            '    self.door = "open"\n    if self.bell:\n        ring()\n    return True',
            "            if self.bell:\n                ring()\n            return True\n",
        ),
        (
            '  if self.key:\n      self.door = "open"\n      return True',
            "  if not self.key:\n      return False",
            "        if not self.key:\n            return False\n",
        ),
        (
            '\nself.door = "open"\nreturn True\n\n',
            "\nreturn False\n\n",
            "            return False\n\n    def close",
        ),
    ],
)
def test_an_edit_takes_the_indentation_of_the_file(old: str, new: str, line: str) -> None:
    after = edited(CODE, old, new)

    assert after is not None
    assert line in after
    assert locate(CODE, old, new).remark == "the indentation differs"


def test_spaces_become_tabs_in_a_file_of_tabs() -> None:
    text = "func a() {\n\tif x {\n\t\ty()\n\t}\n}\n"

    after = edited(
        text,
        "    if x {\n        y()\n    }\n",
        "    if x {\n        y()\n        if z {\n            w()\n        }\n    }\n",
    )

    assert after == "func a() {\n\tif x {\n\t\ty()\n\t\tif z {\n\t\t\tw()\n\t\t}\n\t}\n}\n"


def test_lost_indentation_that_meant_something_is_no_match() -> None:
    old = 'def open(self):\nif self.key:\nself.door = "open"'

    assert edited(CODE, old, "pass") is None


@pytest.mark.parametrize(
    ("text", "old", "after"),
    [
        ("a\n  b  \nc\n", "    b\n", "a\nc\n"),
        ("a\n  b  \nc\n", "    b", "a\nc\n"),
        ("x\n  b ", "    b\n", "x\n"),
        ("a\nb\nc\n", "b\n", "a\nc\n"),
        ("a\nb\nc\n", "b", "a\n\nc\n"),
    ],
)
def test_lines_that_are_taken_out_go_with_their_ends(text: str, old: str, after: str) -> None:
    assert edited(text, old, "") == after


@pytest.mark.parametrize(
    ("text", "old", "new", "after"),
    [
        (
            "print(“hi”)  # don’t\n",
            'print("hi")  # don\'t',
            'print("ho")  # don\'t',
            "print(“ho”)  # don’t\n",
        ),
        ("a\N{NO-BREAK SPACE}= 1 – 2\n", "a = 1 - 2", "a = 1 - 3", "a\N{NO-BREAK SPACE}= 1 – 3\n"),
        ("cafe\u0301 au lait\n", "café au", "thé au", "the\u0301 au lait\n"),
        ("wait… now\n", "wait... now", "wait... then", "wait… then\n"),
        ("x\u200by\n", "xy", "xz", "x\u200bz\n"),
        ("    “a”\n    “b”\n", '"a"\n"b"', '"a"\n"c"', '    “a”\n    "c"\n'),
    ],
)
def test_lookalike_characters_match_and_stay_where_nothing_changes(
    text: str, old: str, new: str, after: str
) -> None:
    assert edited(text, old, new) == after


def test_half_of_a_character_is_no_match() -> None:
    assert edited("wait…\n", "wait..", "wait!") is None
    assert edited("½ cup\n", "1", "2") is None


@pytest.mark.parametrize("old", ["\n\n\n", "   \n  \n", "missing", "clas Shop:", "self.dor =", "def open()"])
def test_nothing_is_guessed(old: str) -> None:
    assert locate(CODE, old, "x") == Found(())


def test_all_places_are_found_in_order() -> None:
    places = locate("a a a", "a", "bb").places

    assert [(place.start, place.end) for place in places] == [(0, 1), (2, 3), (4, 5)]


@given(st.lists(st.sampled_from(["a", " a", "  a", "\ta", "b", " b", "“a”", ""]), max_size=8), st.data())
def test_no_text_but_that_of_whole_matching_lines_is_touched(lines: list[str], data: st.DataObject) -> None:
    text = "\n".join(lines)
    old = "\n".join(data.draw(st.lists(st.sampled_from(["a", "  a", "b", '"a"']), min_size=1, max_size=3)))

    places = locate(text, old, "NEW").places

    for place in places:
        assert text[place.start : place.end].replace("“", '"').replace("”", '"').split() == old.split()


def test_the_closest_lines_are_those_that_share_most() -> None:
    old = '    def close(self):\n        self.door = "shut"\n'

    assert closest(CODE, old) == range(6, 9)


def test_the_closest_line_is_the_most_similar_when_none_is_the_same() -> None:
    found = closest(CODE, "        self.door = 'is closed'")

    assert found is not None
    assert 7 in found


def test_there_may_be_nothing_close() -> None:
    assert closest(CODE, "zzzzzz") is None
    assert closest("", "a") is None


def test_only_the_first_lines_of_a_long_text_are_compared() -> None:
    others = [f"{number:x}" for number in range(MOST_COMPARED_LINES)]
    near, old = "a line of words which was meant", "a line of words that was meant"

    found = [closest("\n".join(lines), old) for lines in ([near, *others], [*others, near])]

    assert found == [range(2), None]


def test_of_a_long_text_the_lines_around_the_first_difference_are_shown() -> None:
    text = "".join(f"line {number}\n" for number in range(100))
    old = text.replace("line 60\n", "line sixty\n")

    found = closest(text, old)

    assert found == range(55, 70)
