"""A plan made and carried out at a terminal, as a person sees it."""

import json
from pathlib import Path

import pytest

from tests.scripted_server import Gate, ScriptedServer, call, say
from tests.servr.person import chatting

pytestmark = [pytest.mark.server, pytest.mark.slow]

TASK = {"id": "1", "title": "Write a.txt", "detail": "", "after": [], "checks": ["true"], "criteria": []}
PLAN = json.dumps({"tasks": [TASK]})


def test_a_plan_is_told_of_while_it_is_written_and_its_tasks_are_seen_as_cards(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    rest = Gate()
    script = [
        say("Nothing is there."),
        say(PLAN[:30], rest, PLAN[30:]),
        call("write_file", path="a.txt", content="one\n"),
        say("It **is** there."),
    ]

    with ScriptedServer(script) as server, chatting(workspace, server.url) as person:
        person.answer("/plan One file")
        person.sees("Nothing is there.")
        person.sees("the plan, about")
        rest.open()
        person.sees("Write a.txt")
        person.answer("y")
        person.sees("The plan is taken.")
        person.answer("/project next")
        person.sees("May it run write_file?")
        person.answer("y")
        person.sees("● write_file a.txt · created")
        person.sees("It is there.")
        person.sees("May it run shell?")
        person.answer("y")
        person.sees("Task 1 is done.")
        person.answer("exit")

        assert person.leaves() == 0

    assert '"tasks"' not in person.screen
    assert "**" not in person.screen
