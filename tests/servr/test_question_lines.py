"""What a person is asked to allow, and in how much room."""

import json

import pytest

from core.messages import ToolCall
from core.policies import PermissionQuestion
from servr.spans import Style
from servr.terminal.question_lines import question_lines

QUESTION = PermissionQuestion(reason="It may write.", rule="edit_file in docs/** of this workspace")


def shown(name: str, columns: int = 80, **arguments: object) -> list[str]:
    call = ToolCall(id="c", name=name, arguments=json.dumps(arguments))
    return [line.text for line in question_lines(call, QUESTION, columns)]


def test_an_edit_is_shown_as_what_it_changes() -> None:
    old, new = "def f():\n    return 1\n", "def f():\n    return 2\n"

    lines = shown("edit_file", path="a.py", old=old, new=new, replace_all=True)

    assert lines[1:6] == [
        "  path: a.py",
        "  replace_all: true",
        "      def f():",
        "    -     return 1",
        "    +     return 2",
    ]


def test_what_nobody_would_see_is_written_out_in_an_edit() -> None:
    lines = shown("edit_file", path="a", old="x = 1", new="x = 1 # \u202e\x1b[2J\u200b")

    assert "    + x = 1 # <U+202E>␛[2J<U+200B>" in lines
    assert "It holds characters that are not seen, or turn the text around: they are written out here." in (
        " ".join(lines)
    )


def test_an_edit_of_many_lines_ends_with_how_many_more_there_are() -> None:
    old, new = ("\n".join(f"{word} {number}" for number in range(900)) for word in ("old", "new"))
    call = ToolCall(id="c", name="edit_file", arguments=json.dumps({"path": "a", "old": old, "new": new}))

    lines = [*question_lines(call, QUESTION, 80)]

    (more,) = [line for line in lines if "more lines" in line.text]
    assert (more.text, more.style) == ("    … 1680 more lines …", Style.BAD)
    assert len(lines) < 130


@pytest.mark.parametrize("arguments", [{"old": "a", "new": "a"}, {"old": ["a"], "new": 1}, {"new": "a"}, {}])
def test_an_edit_that_is_odd_is_shown_all_the_same(arguments: dict[str, object]) -> None:
    lines = "\n".join(shown("edit_file", **arguments))

    assert all(str(value) in lines for value in arguments.values() if isinstance(value, str))


def test_our_own_words_are_wrapped_at_spaces_and_a_command_is_not() -> None:
    command = "echo " + "word " * 30

    lines = shown("shell", columns=40, command=command)

    assert f"  command: {command}" in lines
    assert [line for line in lines if len(line) > 40] == [f"  command: {command}"]
    assert lines[2:] == [
        "y yes · s yes, in this session · a",
        "always: edit_file in docs/** of this",
        "workspace · n no, or n and why",
    ]
