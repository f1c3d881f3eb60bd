"""Skills in their process: values go in and out, and whatever one does, the next call is answered."""

import json
import tomllib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from core.skill_kinds import Member, Plain, Signature
from core.skills import Contract, kept_contract
from tests.clocks import ENOUGH_SECONDS
from tests.processes import printed_by
from tests.tool.commanding import plain_backend
from tool.skill_arguments import arguments_model
from tool.skill_runner import SandboxedSkills

TOOLS = Path(__file__).parents[2] / "tool"
HOSTILE: Mapping[str, Any] = tomllib.loads(
    Path(__file__).with_name("hostile_skills.toml").read_text(encoding="utf-8")
)
TYPES = '''from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, Optional, TypedDict, Union

@dataclass
class Bar:
    day: date
    close: float = 1.0

class Order(TypedDict, total=False):
    on: "date | None"

def f({}) -> object:
    """Do it."""
    {}
'''
ARGUMENTS = [
    ("x: int, /, y: int = 2", "return [x, y]", {"x": 1}, [1, 2]),
    (
        "x: tuple[int, ...] = (1, 2), y: date = date(2026, 3, 4), /",
        "return [hash(x), y.day]",
        {},
        [hash((1, 2)), 4],
    ),
    ("x: float", "return [type(x).__name__, x]", {"x": 1}, ["float", 1.0]),
    ("x: tuple[int, str]", "return [type(x).__name__, *x]", {"x": [1, "a"]}, ["tuple", 1, "a"]),
    ("x: tuple[int, ...]", "return hash(x) == hash((1, 2))", {"x": [1, 2]}, True),
    ("x: date", "return x.year", {"x": "2026-03-04"}, 2026),
    ("x: datetime", "return x.hour", {"x": "2026-03-04T05:06:07Z"}, 5),
    ("x: Bar", "return [x.day.month, x.close]", {"x": {"day": "2026-03-04"}}, [3, 1.0]),
    ("x: list[Bar]", "return x[0].close", {"x": [{"day": "2026-03-04", "close": 2}]}, 2.0),
    ("x: Order", "return x['on'].day", {"x": {"on": "2026-03-04"}}, 4),
    ("x: dict[int, float]", "return [*x.items()]", {"x": {"1": 2}}, [[1, 2.0]]),
    ("x: Union[int, date, str]", "return type(x).__name__", {"x": "2026-03-04"}, "date"),
    ("x: int | float", "return type(x).__name__", {"x": 1}, "int"),
    ("x: Optional[int] = None", "return x", {"x": None}, None),
    ("x: Literal['a', 1]", "return x", {"x": "a"}, "a"),
    ("json: int, copy: bool = True", "return json", {"json": 3}, 3),
]
RETURNS = [
    ("(1, 2)", [1, 2]),
    ("{1: {2}}", {"1": [2]}),
    ("Bar(date(2026, 3, 4))", {"day": "2026-03-04", "close": 1.0}),
    ("datetime(2026, 3, 4)", "2026-03-04T00:00:00"),
    ("None", None),
    ("{}.keys()", []),
    ("__import__('numpy').array([1.5, 2.5])", [1.5, 2.5]),
    ("__import__('numpy').int64(3)", 3),
    ("__import__('numpy').float64(3)", 3.0),
]


@pytest.fixture
async def runner(tmp_path: Path) -> AsyncIterator[SandboxedSkills]:
    async with plain_backend() as backend:
        yield SandboxedSkills(backend, tmp_path)


def taking_an_integer(source: str) -> Contract:
    """A function, whatever the compiler says of it."""
    signature = Signature(members=(Member(name="x", of=Plain(of="int")),))
    return Contract(name="f", function="f", source=source, description="Do it.", signature=signature)


@pytest.mark.parametrize(("parameters", "body", "given", "returned"), ARGUMENTS)
async def test_arguments_are_built_from_json(
    parameters: str, body: str, given: dict[str, object], returned: object, runner: SandboxedSkills
) -> None:
    contract = kept_contract(TYPES.format(parameters, body), "f")
    args = arguments_model(contract).model_validate_json(json.dumps(given), strict=True)

    outcome = await runner.call(contract, args.model_dump(mode="json", exclude_unset=True))

    assert (outcome.fault, outcome.returned) == ("", returned)


@pytest.mark.parametrize(("expression", "returned"), RETURNS)
async def test_what_is_returned_becomes_json(
    expression: str, returned: object, runner: SandboxedSkills
) -> None:
    source = TYPES.format("x: int", f"return {expression}")

    outcome = await runner.call(taking_an_integer(source), {"x": 1})

    assert (outcome.fault, outcome.returned) == ("", returned)


@pytest.mark.slow
async def test_whatever_a_skill_does_is_told_and_the_next_call_is_answered(tmp_path: Path) -> None:
    kind = taking_an_integer('def f(x: int) -> int:\n    """Do it."""\n    return x\n')
    found: dict[str, object] = {}
    async with plain_backend() as backend:
        runner = SandboxedSkills(backend, tmp_path, memory_bytes=256 << 20)
        for name, case in HOSTILE.items():
            runner.seconds = 1 if case.get("fault") == "it ran longer than 1 s" else ENOUGH_SECONDS
            source = f'"""A file."""\n\ndef f(x: int) -> object:\n    """Do it."""\n{case["body"]}'
            outcome = await runner.call(taking_an_integer(source), {"x": 5})
            told = (
                outcome.fault.startswith(case["fault"])
                if "fault" in case
                else outcome.returned == case["returned"]
            )
            if not told or outcome.printed != case.get("printed", outcome.printed):
                found[name] = outcome
            runner.seconds = ENOUGH_SECONDS
            if (await runner.call(kind, {"x": 7})).returned != 7:
                found[f"after {name}"] = outcome

    assert found == {}


def test_what_a_skill_has_said_when_its_time_is_over_was_said_in_time() -> None:
    program = """
import os, sys
from skill_worker import followed
reading, writing = os.pipe()
os.write(writing, b'{"returned": "7"}\\n')
child = os.fork()
if child == 0:
    os._exit(0)
print(followed(child, reading, 0.0))
"""

    assert printed_by(program, TOOLS) == "{'returned': '7'}\n"


async def test_calls_share_nothing(runner: SandboxedSkills) -> None:
    source = (
        'SEEN = []\n\ndef f(x: int) -> int:\n    """Do it."""\n    SEEN.append(x)\n    return len(SEEN)\n'
    )

    counts = [(await runner.call(taking_an_integer(source), {"x": 1})).returned for _ in range(3)]

    assert counts == [1, 1, 1]


async def test_a_module_of_the_workspace_does_not_stand_in_for_the_real_one(
    tmp_path: Path, runner: SandboxedSkills
) -> None:
    (tmp_path / "statistics.py").write_text("def mean(x): return 'mine'\n")
    source = (
        'from statistics import mean\n\ndef f(x: int) -> float:\n    """Do it."""\n    return mean([x])\n'
    )

    outcome = await runner.call(kept_contract(source, "f"), {"x": 3})

    assert outcome.returned == 3


@pytest.mark.parametrize(
    ("example", "fault"),
    [
        ("f(1) == 2", ""),
        ("f(0.1) == 1.1000000001", ""),
        ("f(1) > 1", ""),
        ("__import__('numpy').array([f(1), 2.0]) == [2.0, 2.0]", ""),
        ("f(1) == 3", "f(1) == 3: the left side is 2, the right side 3"),
        ("f(1) > 3", "f(1) > 3 is not true"),
        (
            "f('a') == 3",
            "f('a') == 3: TypeError: can only concatenate str (not \"int\") to str (line 3: return x + 1)",
        ),
        (
            "f(float('nan')) == 3",
            "f(float('nan')) == 3: it returned nan, which JSON has no word for; return None there",
        ),
    ],
)
async def test_an_example_is_run(example: str, fault: str, runner: SandboxedSkills) -> None:
    source = 'def f(x: float) -> float:\n    """Do it."""\n    return x + 1\n'
    lines = f"# function: f\n# example: {example}\n"

    faults = await runner.faults(kept_contract(lines + source, "f"))

    assert [found.replace("line 5", "line 3") for found in faults] == ([fault] if fault else [])


@pytest.mark.parametrize(("wanted", "well"), [("2", True), ("3", False)])
async def test_the_examples_of_a_docstring_are_run(wanted: str, well: bool, runner: SandboxedSkills) -> None:
    source = (
        f'def f(x: int) -> int:\n    """Do it.\n\n    >>> f(1)\n    {wanted}\n    """\n    return x + 1\n'
    )

    faults = await runner.faults(kept_contract(source, "f"))

    assert (faults == []) is well


async def test_a_skill_without_examples_is_loaded_at_least(runner: SandboxedSkills) -> None:
    source = 'X = [1][2]\n\ndef f(x: int) -> int:\n    """Do it."""\n    return X\n'

    assert await runner.faults(kept_contract(source, "f")) == [
        "IndexError: list index out of range (line 1: X = [1][2])"
    ]
