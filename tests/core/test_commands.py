from core.commands import CommandRow, help_lines, table_lines

ROWS = (
    CommandRow("/help", "shows what you can type"),
    CommandRow("/model [NAME | back]", "goes on with another model, or with the one before"),
    CommandRow("/a-command-with-much-to-say [THIS | THAT]", "does it"),
)


def test_a_name_is_the_first_word_of_the_usage() -> None:
    assert [row.name for row in ROWS] == ["/help", "/model", "/a-command-with-much-to-say"]


def test_help_has_two_columns_within_its_width() -> None:
    assert list(help_lines(ROWS, width=50)) == [
        "  /help                 shows what you can type",
        "  /model [NAME | back]  goes on with another",
        "                        model, or with the one",
        "                        before",
        "  /a-command-with-much-to-say [THIS | THAT]",
        "                        does it",
    ]


def test_on_a_narrow_screen_a_purpose_stands_below_its_usage() -> None:
    assert list(help_lines(ROWS[:2], width=20)) == [
        "  /help",
        "    shows what you",
        "    can type",
        "  /model [NAME | back]",
        "    goes on with",
        "    another model,",
        "    or with the one",
        "    before",
    ]
    assert len(list(help_lines(ROWS, width=1))) > len(ROWS)


def test_a_table_of_a_page_has_a_row_for_each() -> None:
    assert list(table_lines(ROWS[:2], heading="command")) == [
        "| command | what it does |",
        "| --- | --- |",
        "| `/help` | shows what you can type |",
        r"| `/model [NAME \| back]` | goes on with another model, or with the one before |",
    ]
