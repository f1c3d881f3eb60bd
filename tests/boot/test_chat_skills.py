"""`/skills`: in the chat too, nothing is accepted that a person has not seen and said yes to."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from boot.chat_skills import skills
from core.skill_shelf import Skills
from core.tools import ToolServices
from servr.spans import Line
from tests.tool.skilling import rsi, skill_services


class Person:
    """Gives one answer, or leaves."""

    def __init__(self, answer: str | None) -> None:
        self.answer = answer
        self.shown: Sequence[Line] = ()

    async def ask(self, lines: Sequence[Line], question: str) -> str:
        self.shown = lines
        if self.answer is None:
            raise EOFError
        return self.answer


async def said(services: ToolServices, wanted: str, person: Person | None = None) -> list[str]:
    opened = SimpleNamespace(services=services, workspace=services.workspace.real_root)
    chat: Any = SimpleNamespace(opened=opened, terminal=person)
    return [line.text for line in await skills(chat, wanted)]


READY = "calculate_rsi  The relative strength index of a series of prices.  (version 1, 0 calls, 0 failed)"


async def test_a_disabled_skill_comes_back_with_a_yes(tmp_path: Path) -> None:
    async with skill_services(tmp_path) as services:
        services.skills.shelf.keep(rsi())

        disabled = await said(services, "disable calculate_rsi")
        listed = await said(services, "")
        accepted = await said(services, "accept calculate_rsi", Person("y"))

        assert disabled == ["calculate_rsi is disabled. roost skills accept calculate_rsi brings it back."]
        assert listed == ["calculate_rsi  set aside: it was disabled"]
        assert accepted == ["calculate_rsi is accepted (version 1, its examples pass)."]
        assert await said(services, "list") == [READY]


@pytest.mark.parametrize("answer", ["n", "", "yes please", None])
async def test_anything_else_than_a_yes_accepts_nothing(answer: str | None, tmp_path: Path) -> None:
    async with skill_services(tmp_path) as services:
        services.skills.shelf.keep(rsi())
        file = tmp_path / "work/.roost/skills/calculate_rsi.py"
        file.write_text(file.read_text().replace("return found", "return []"))
        person = Person(answer)

        told = await said(services, "accept calculate_rsi", person)

        assert told == ["calculate_rsi stays as it was."]
        assert "+    return []" in [line.text for line in person.shown]


async def test_its_code_is_shown(tmp_path: Path) -> None:
    async with skill_services(tmp_path) as services:
        services.skills.shelf.keep(rsi())

        assert (await said(services, "show calculate_rsi"))[2:] == rsi().source.splitlines()


async def test_what_cannot_be_done_is_said_in_a_line(tmp_path: Path) -> None:
    async with skill_services(tmp_path) as services:
        off = replace(services, skills=Skills())

        assert await said(services, "show nope") == ["There is no skill 'nope'. There is none."]
        assert await said(services, "dance") == [
            "Say /skills, or /skills show, accept or disable and a NAME."
        ]
        assert await said(off, "") == ["Skills are turned off: AGENT_ENABLE_SKILLS=true turns them on."]
