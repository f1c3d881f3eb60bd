"""A call through use_skill is mended like a call of the skill itself."""

import json

import pytest

from flow.skill_calls import skill_calls
from tests.flow.laddering import Look, Model, calling
from tool.registry import Registry, entry_of
from tool.use_skill import UseSkill


async def mended(arguments: str) -> object:
    tools = Registry([entry_of(Look()), entry_of(UseSkill.__new__(UseSkill))])
    model = Model(tools=tools, rungs=(skill_calls,))
    return json.loads((await model.mended(calling(arguments, name="use_skill"))).calls[0].arguments)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ('{"name": "look_at", "arguments": {"path": "a", "count": "4"}}', {"path": "a", "count": 4}),
        ('{"name": "look_at", "path": "a", "count": 4}', {"path": "a", "count": 4}),
        ('{"name": "look_at", "arguments": {}, "path": "a"}', {"path": "a"}),
        ('{"name": "look_at", "arguments": {"file_path": "a"}}', {"path": "a"}),
    ],
)
async def test_what_was_meant_is_understood(written: str, meant: object) -> None:
    assert await mended(written) == {"name": "look_at", "arguments": meant}


@pytest.mark.parametrize(
    "written",
    [
        '{"name": "look_at", "arguments": {"path": "a"}}',
        '{"name": "look_at", "arguments": {"path": "a"}, "count": 4}',
        '{"name": "unknown", "arguments": {"count": "4"}}',
        '{"name": "use_skill", "arguments": {"name": 4}}',
        '{"name": 4}',
        '{"arguments": {}}',
    ],
)
async def test_what_would_be_a_guess_is_left(written: str) -> None:
    assert await mended(written) == json.loads(written)
