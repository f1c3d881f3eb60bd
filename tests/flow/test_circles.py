"""When a turn goes in circles, when it is told, and when it is over."""

from pathlib import Path

import pytest

from core.errors import ToolError
from core.messages import AssistantMessage, Finish, Text, ToolCall, ToolMessage
from flow.circles import NOTHING_CHANGED, circle
from flow.steps import Step
from tests.tool.filing import said, services_at
from tool.edit_file import EditFile
from tool.read_file import ReadFile
from tool.write_file import WriteFile

WORDS = Step(AssistantMessage(parts=(Text(text="Let me see."),)))


def step(asked: str, answer: str = "ok", name: str = "look") -> Step:
    call = ToolCall(id="c", name=name, arguments=asked)
    return Step(AssistantMessage(parts=(call,), finish=Finish.CALLS), [ToolMessage(call_id="c", text=answer)])


def steps(letters: str) -> list[Step]:
    """Lower case: a call that always gives the same. Capitals: an edit that changes something new each time."""
    return [
        step(letter, f"edit {at}", name="edit_file") if letter.isupper() else step(letter)
        for at, letter in enumerate(letters)
    ]


def told_and_over(all_steps: list[Step]) -> tuple[list[int], int | None]:
    """After which steps the model would be told, and after which the turn would be over."""
    told: list[int] = []
    for count in range(1, len(all_steps) + 1):
        found = circle(all_steps[:count])
        if found and found.is_over:
            return told, count
        if found and found.is_new:
            told.append(count)
    return told, None


@pytest.mark.parametrize(
    ("letters", "told", "over"),
    [
        ("ab", [], None),
        ("abcdefgh", [], None),
        ("aa", [], None),
        ("aaaa", [3], 4),
        ("bcaaaa", [5], 6),
        ("ababab", [6], None),
        ("abababa", [6], 7),
        ("abcabcabca", [9], 10),
        ("abcdabcdabcda", [12], 13),
        ("axayazawa", [5], None),
        ("axayazawava", [5], 11),
        ("aEaEaEaEaE", [], None),
        ("aEaaaa", [5], 6),
        ("aaabaab", [3], None),
    ],
)
def test_it_is_told_once_and_over_when_it_goes_on(letters: str, told: list[int], over: int | None) -> None:
    assert told_and_over(steps(letters)) == (told, over)


def test_a_call_that_waits_for_something_is_given_longer() -> None:
    waiting = [step("tail log", f"line {at}") for at in range(9)]

    assert told_and_over(waiting) == ([6], 8)


def test_steps_without_calls_hide_no_circle_and_make_none() -> None:
    with_words = [one for each in steps("aaaa") for one in (each, WORDS)]

    assert told_and_over(with_words[:-1])[1] == 7
    assert told_and_over([WORDS] * 9) == ([], None)


def test_a_write_that_changes_nothing_is_told_at_the_second_time() -> None:
    idle = step('{"path": "a"}', "Unchanged: a (1 line).", name="write_file")

    assert told_and_over([idle, step("x"), idle, step("y"), idle]) == ([3], 5)


def test_a_file_that_is_changed_back_and_forth_is_a_circle() -> None:
    there, back = (step(text, f"Edited a: {text}", name="edit_file") for text in "xy")

    assert told_and_over([there, back] * 4) == ([6], 7)


@pytest.mark.parametrize(
    ("letters", "what"),
    [
        ("aaa", "look a gave the same each time, 3 times"),
        ("ababab", "look a, then look b gave the same in each round, 3 times"),
        ("axaya", "look a gave the same each time, 3 times"),
    ],
)
def test_it_is_named(letters: str, what: str) -> None:
    found = circle(steps(letters))

    assert found is not None
    assert found.what == what


async def test_the_tools_say_that_nothing_changed_as_it_is_read_here(tmp_path: Path) -> None:
    services = services_at(tmp_path)
    (tmp_path / "a.txt").write_text("alpha\n")
    await said(ReadFile(services), path="a.txt")

    idle = [
        await said(WriteFile(services), path="a.txt", content="alpha\n"),
        await refused(EditFile(services), old="alpha", new="alpha"),
        await refused(EditFile(services), old="alpha  ", new="alpha"),
    ]
    changing = await said(WriteFile(services), path="a.txt", content="beta\n")

    assert [bool(NOTHING_CHANGED.match(text)) for text in (*idle, changing)] == [True, True, True, False]


async def refused(tool: EditFile, **arguments: str) -> str:
    with pytest.raises(ToolError) as raised:
        await said(tool, path="a.txt", **arguments)
    return str(raised.value)


def test_a_step_that_asks_for_something_new_costs_no_look_into_the_others() -> None:
    new = steps("abcdefghijklmnopqrst")

    assert circle(new) is None

    assert [name for each in new for name in ("asked", "signature") if name in vars(each)] == []
