"""What models write for a plan, and what is understood of it."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from core.project import Task
from flow.plan_form import MOST_TASKS, SCHEMA, NoPlan, tasks_of
from gate.grammar import grammar_of

WRITTEN = tomllib.loads((Path(__file__).parent / "written_plans.toml").read_text())


@pytest.mark.parametrize("plan", WRITTEN["plan"], ids=[plan["name"] for plan in WRITTEN["plan"]])
def test_what_a_model_means_is_understood(plan: dict[str, Any]) -> None:
    expected = tuple(
        Task(**{name: tuple(found) if isinstance(found, list) else found for name, found in task.items()})
        for task in plan["tasks"]
    )

    assert tasks_of(plan["text"]) == expected


@pytest.mark.parametrize("plan", WRITTEN["no_plan"], ids=[plan["name"] for plan in WRITTEN["no_plan"]])
def test_what_is_no_plan_is_told_with_what_is_wrong(plan: dict[str, str]) -> None:
    with pytest.raises(NoPlan) as refused:
        tasks_of(plan["text"])

    assert plan["said"] in str(refused.value)


def test_a_plan_that_is_far_too_long_is_refused() -> None:
    with pytest.raises(NoPlan, match=f"{MOST_TASKS} are the most"):
        tasks_of('{"tasks": [' + ", ".join(['"x"'] * (MOST_TASKS + 1)) + "]}")


def test_a_server_can_be_held_to_its_form() -> None:
    assert "root ::=" in grammar_of(SCHEMA)
