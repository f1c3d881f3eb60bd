"""A plan in an editor: what a person sees, and what becomes of what they write."""

from dataclasses import replace

import pytest

from core.errors import PlanRefused
from core.project import Project, Status, Task
from flow.plan_text import as_text, from_text, with_fault

PLAN = Project(
    goal='A "shop"',
    tasks=(
        Task(id="1", title="Model", detail='Two lines:\n\\d+ and """quotes"""', checks=("pytest -q -k 'a'",)),
        Task(
            id="2", title="View", after=("1",), criteria=("fast",), status=Status.DOING, tries=1, notes=("n",)
        ),
    ),
)


def test_what_is_saved_unchanged_is_the_same_plan() -> None:
    assert from_text(as_text(PLAN), PLAN) == PLAN


def test_nothing_in_it_commands_the_editors_terminal() -> None:
    hostile = Project(
        goal="a\x1b[2J\x9b\x7f", tasks=(Task(id="1", title="\x00\t", detail="\u202e\x1b]0;x\x07\ty"),)
    )

    text = as_text(hostile)

    assert not set(text) & set("\x00\x07\x1b\x7f\x9b\u202e")
    assert from_text(text, hostile) == hostile


def test_what_came_of_a_task_stays_with_it() -> None:
    text = as_text(PLAN).replace('"View"', '"Views"')

    assert from_text(text, PLAN).tasks[1] == replace(PLAN.tasks[1], title="Views")


@pytest.mark.parametrize("text", ["", "\n\n", "# only\n# words\n"])
def test_an_empty_text_leaves_the_plan_as_it_was(text: str) -> None:
    assert from_text(text, PLAN) is PLAN


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            '"Model"',
            '"Model',
            "That is no TOML: Illegal character '\\n' (at line 9, column 15). Mend it there.",
        ),
        ("title =", "titel =", "Task 1 has an unknown 'titel'. Did you mean title?"),
        ("goal =", "gaol =", "There is no place for 'gaol'. A plan has a goal, and [[task]]s."),
        ("goal = ", "# ", 'The goal is missing. Write goal = "…" above the first task.'),
        ("[[task]]", "[task]", "That is no TOML"),
        ('id = "2"', 'id = "1"', "Two tasks have the id '1'. Give one of them another."),
        ('after = ["1"]', 'after = ["9"]', "Task '2' comes after '9', which is not in the plan."),
        ('after = ["1"]', "after = 1", "The plan is wrong at task 2.after: it should be a list, not '1'."),
        ('"View"', '""', "The plan is wrong at task 2.title: a task needs a title."),
    ],
)
def test_what_is_wrong_is_said_with_its_place(old: str, new: str, said: str) -> None:
    with pytest.raises(PlanRefused) as refused:
        from_text(as_text(PLAN).replace(old, new), PLAN)

    assert str(refused.value).startswith(said)


def test_the_fault_stands_above_what_was_written_once() -> None:
    text = with_fault(with_fault("goal = 1\n", "First."), "Second\nand more.")

    assert text == "# NOT TAKEN: Second and more.\ngoal = 1\n"
