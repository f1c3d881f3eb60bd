"""Markdown as it comes, drawn for a terminal."""

import re
from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pygments.lexers import get_all_lexers

from servr.cells import width_of
from servr.markdown import MarkdownStream
from servr.markdown.code import Highlighter
from servr.spans import Line, Span, Style
from tests.counting import calls_in
from tests.servr.markdown_texts import spoken, texts

SAMPLES = Path(__file__).parent / "markdown"
OBEYED = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def drawn(text: str, width: int = 80, *, marks: bool = False, cuts: Sequence[int] = ()) -> Sequence[Line]:
    stream = MarkdownStream(width, marks)
    places = [0, *cuts, len(text)]
    rows = [row for start, end in pairwise(places) for row in stream.feed(text[start:end])]
    return [*rows, *stream.end()]


def shown(text: str, width: int = 80, *, marks: bool = False) -> list[str]:
    return [row.text for row in drawn(text, width, marks=marks)]


@given(text=texts, width=st.sampled_from([20, 40, 80]), chance=st.randoms(), count=st.integers(1, 40))
def test_whatever_pieces_a_text_comes_in_it_looks_the_same(
    text: str, width: int, chance: Random, count: int
) -> None:
    cuts = sorted(chance.randint(0, len(text)) for _ in range(count))

    assert drawn(text, width, cuts=cuts) == drawn(text, width)


@given(text=texts, place=st.floats(0, 1))
def test_the_tail_is_what_would_come_if_the_text_ended(text: str, place: float) -> None:
    beginning = text[: int(place * len(text))][:3_000]
    stream = MarkdownStream(60)

    done = stream.feed(beginning)

    assert [*done, *stream.tail(10_000)] == drawn(beginning, 60)
    assert stream.tail(2) == stream.end()[-2:]


@given(text=texts)
def test_nothing_that_a_terminal_obeys_gets_through(text: str) -> None:
    assert not [row for row in shown(text) if OBEYED.search(row)]


@given(text=spoken)
def test_no_word_is_lost(text: str) -> None:
    drawn_text = "".join(shown(text, 10_000))

    assert [word for word in re.findall(r"q\d+w", text) if word not in drawn_text] == []


@given(text=texts)
def test_the_parts_of_a_row_are_its_text(text: str) -> None:
    assert all("".join(part.text for part in row.parts) == row.text for row in drawn(text))


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("", []),
        ("\n\n  \n", []),
        ("# One #\ntext", ["# One", "text"]),
        ("text\n# Two", ["text", "", "# Two"]),
        ("Title\n---\ntext", ["## Title", "text"]),
        ("Title\n===", ["# Title"]),
        ("---", ["─" * 30]),
        ("a **b** *c* ~~d~~ `e`", ["a b c d e"]),
        ("[a](http://b/) <http://c/> ![d](e)", ["a (http://b/) http://c/ image:", "d (e)"]),
        ("<b>x</b>\n<!-- y -->", ["<b>x</b>", "<!-- y -->"]),
        ("- a\n  - b\n    - c\n- d", ["• a", "  ◦ b", "    ▪ c", "• d"]),
        ("1. a\n  - b\n2. c", ["1. a", "   • b", "2. c"]),
        ("- a\n\n  b", ["• a", "", "  b"]),
        ("-\n- x", ["• ", "• x"]),
        ("In\n1986. A year", ["In", "1986. A year"]),
        ("> a\n> b\nc\n\nd", ["│ a", "│ b", "│ c", "", "d"]),
        ("> a\n>\n> b", ["│ a", "│", "│ b"]),
        ("```py\n  x\n\n```\ny", ["```py", "  x", "", "```", "", "y"]),
        ("- a\n  ```\n  x\n  ```\n- b", ["• a", "```", "x", "```", "• b"]),
        ("```\nnever ended", ["```", "never ended"]),
        ("~~~~\n```\n~~~~", ["~~~~", "```", "~~~~"]),
        ("one two three four five six seven", ["one two three four five six", "seven"]),
        ("日本語のテキストは空白なしで書かれる。", ["日本語のテキストは空白なしで書", "かれる。"]),
        ("x" * 65, ["x" * 30, "x" * 30, "x" * 5]),
        ("see `a b", ["see `a b"]),
        ("2 * 3 * 4 and snake_case_name", ["2 * 3 * 4 and snake_case_name"]),
    ],
)
def test_each_kind_of_block_is_drawn(text: str, rows: list[str]) -> None:
    assert shown(text, 30) == rows


def test_styles_tell_what_is_meant_and_marks_where_styles_cannot() -> None:
    text = "a **b *c*** `d` ~~e~~"

    (styled,) = drawn(text)
    (marked,) = shown(text, marks=True)

    assert styled.spans == (
        Span("a "),
        Span("b ", (Style.STRONG,)),
        Span("c", (Style.STRONG, Style.EMPHASIS)),
        Span(" "),
        Span("d", (Style.CODE,)),
        Span(" "),
        Span("e", (Style.STRUCK,)),
    )
    assert marked == text


def test_code_is_coloured_line_by_line_and_its_text_is_kept() -> None:
    code = 'def f(x):\n\t"""Two\n    lines."""\n    return 1  # one\n'

    rows = drawn(f"```python\n{code}```")

    assert [row.text for row in rows[1:-1]] == code.splitlines()
    assert rows[1].spans[0] == Span("def", (Style.KEYWORD,))
    assert rows[3].spans[0].styles == (Style.STRING,)
    assert rows[4].spans[-1] == Span("# one", (Style.COMMENT,))


def test_a_comment_of_many_lines_is_one_where_only_a_whole_one_is_known_to_the_lexer() -> None:
    rows = drawn("```js\n/** Says\n * what */\nconst a = 1;\n```")

    assert [row.spans[0].styles for row in rows[1:4]] == [
        (Style.COMMENT,),
        (Style.COMMENT,),
        (Style.KEYWORD,),
    ]


@pytest.mark.slow
def test_no_language_changes_the_text_of_code() -> None:
    known = [aliases[0] for _, aliases, *_ in get_all_lexers(plugins=False) if aliases]
    languages = ["fortranfixed", *known[::12]]  # all of them take half a minute to load
    lines = (SAMPLES / "code.txt").read_text(encoding="utf-8").split("\n")

    changed = []
    for language in languages:
        colours = Highlighter(language)
        changed += [(language, line) for line in lines if colours.line(line).text != line]

    assert changed == []


def test_a_table_fits_the_width_and_loses_nothing() -> None:
    table = "| name | what |\n|:--|--:|\n| a | one two three four |\n| `b|c` | 日本 |\n| d | e | f |"

    rows = shown(table, 24)

    assert rows == [
        "name │              what",
        "─────┼──────────────────",
        "a    │     one two three",
        "     │              four",
        "b|c  │              日本",
        "d    │             e | f",
    ]
    assert all(width_of(row) <= 24 for row in rows)


def test_a_table_without_room_for_columns_becomes_a_list() -> None:
    table = "| one | two | three | four |\n|---|---|---|---|\n| first value | 2 | third value | 4 |"

    assert shown(table, 20) == ["one: first value", "two: 2", "three: third value", "four: 4"]


def test_rows_of_a_long_table_are_shown_as_they_come() -> None:
    stream = MarkdownStream(40)
    stream.feed("| a | b |\n|---|---|\n" + "| 1 | 2 |\n" * 50)

    assert [
        row.text for row in stream.feed("| 3 | a long cell that has to be wrapped in its column |\n")
    ] != []


def test_a_long_paragraph_is_shown_before_its_end() -> None:
    stream = MarkdownStream(40)

    rows = stream.feed("word " * 30)

    assert len(rows) == 3
    assert [row.text for row in stream.tail(3)] == ["word word word word word word"]


def test_another_width_holds_for_the_row_that_is_being_filled_too() -> None:
    stream = MarkdownStream(60)
    stream.feed("word " * 46)

    stream.width = 20
    rows = [row.text for row in (*stream.feed("more " * 40), *stream.end())]

    assert max(map(len, rows)) <= 20
    assert " ".join(rows).split() == ["word"] * 10 + ["more"] * 40


@pytest.mark.parametrize("width", [30, 12])
def test_rows_of_a_table_fit_another_width_too(width: int) -> None:
    stream = MarkdownStream(60)
    stream.feed("| one | two |\n|---|---|\n" + f"| {'word ' * 5}| {'more ' * 5}|\n" * 60)

    stream.width = width
    rows = [*stream.feed(f"| {'then ' * 5}| {'last ' * 5}|\n"), *stream.end()]

    assert [row.text for row in rows if width_of(row.text) > width] == []
    assert " ".join(row.text for row in rows).count("last") == 5


def calls_for(text: str) -> int:
    """How much is done to draw all of it."""
    return sum(calls_by_piece(text))


def calls_by_piece(text: str) -> list[int]:
    """The same for each piece in which it comes, and for its end."""
    stream = MarkdownStream(60)
    pieces = [text[place : place + 7] for place in range(0, len(text), 7)]
    return [*(calls_in(partial(stream.feed, piece)) for piece in pieces), calls_in(stream.end)]


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "A **bold** paragraph with `code` and a [link](http://e.com/).\n\n" * 100,
        *(block * 6_000 for block in ("[", "![", "~", ">", "- ", "_a", "*a ", "&", "<a", "[](")),
        "|a" * 45 + "|\n" + "|-" * 45 + "|\n" + ("|b*c*" * 45 + "|\n") * 20,
        "|a" * 2_000 + "|\n" + "|-" * 2_000 + "|\n",
        "| a | b |\n|---|---|\n" + "| one two | three |\n" * 100 + "|" * 6_000,
        "```js\n" + "{" * 6_000,
        "```js\n" + ("{" * 300 + "\n") * 20,
    ],
)
def test_no_piece_takes_long_whatever_came_before(text: str) -> None:
    calls_for(text[:200])  # what is loaded once is loaded

    assert max(calls_by_piece(text)) < 60_000  # some five milliseconds


def test_brackets_in_great_number_are_text() -> None:
    assert shown("[" * 30 + "a](b) **c**" + "]" * 29) == ["[" * 30 + "a](b) c" + "]" * 29]


def test_a_line_without_end_in_a_table_is_text() -> None:
    rows = shown("| a | b |\n|---|---|\n| 1 | 2 |\n" + "| word " * 500)

    assert rows[:3] == ["a │ b", "──┼──", "1 │ 2"]
    assert " ".join(rows[3:]).count("word") == 500


@pytest.mark.slow
@pytest.mark.parametrize(
    "block",
    [
        "A **bold** paragraph with `code` and a [link](http://e.com/).\n\n",
        "word ",
        "xxxxxxxx",
        "日本語、テキスト。",
        "- item **b**\n  - within\n",
        "> quoted `text`\n",
        "```python\nx = 1  # one\n```\n",
        "[",
        "*a ",
        "`a",
        "|",
        ">",
        "- ",
        "# h\n",
        "\n",
    ],
)
def test_the_work_grows_with_the_length_and_no_faster(block: str) -> None:
    small, large = (block * (size // len(block)) for size in (8_000, 32_000))
    calls_for(small)  # what is loaded once is loaded

    assert calls_for(large) <= 4.4 * calls_for(small) + 500


@pytest.mark.slow
@pytest.mark.parametrize(
    ("head", "line"),
    [
        ("| a | b |\n|---|---|\n", "| some `cell` | 2 |\n"),
        ("```python\n", "x = f('one')  # two\n"),
        ("```\n", "x"),
    ],
)
def test_tables_and_blocks_of_code_do_not_slow_down(head: str, line: str) -> None:
    small, large = (head + line * (size // len(line)) for size in (4_000, 16_000))
    calls_for(small)

    assert calls_for(large) <= 4.4 * calls_for(small) + 500


@pytest.mark.slow
@pytest.mark.parametrize(
    "text", ["x" * 90_000, "| a " * 30_000, "```\n" + "x" * 90_000, ">" * 90_000, "*a " * 30_000]
)
def test_a_tail_costs_as_much_after_a_long_text_as_after_a_short_one(text: str) -> None:
    def calls_for_tail(beginning: str) -> int:
        stream = MarkdownStream(60)
        stream.feed(beginning)
        return calls_in(partial(stream.tail, 10))

    calls_for_tail(text[:9_000])

    assert calls_for_tail(text) <= 1.3 * calls_for_tail(text[:9_000]) + 500
