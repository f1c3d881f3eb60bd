"""Functions become contracts by their text alone; what is wrong is told with the line and the mend."""

import ast
import json
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import SkillRejected
from core.skills import Contract, kept_contract, promoted
from core.values import plain

REFUSED = tomllib.loads(Path(__file__).with_name("refused_skills.toml").read_text(encoding="utf-8"))
TYPES = """
import datetime as dt
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any, ClassVar, Literal, Optional, TypedDict, Union

Prices = list[float]

@dataclass
class Bar:
    '''One day.

    Attributes:
        close: The last price.
    '''
    day: date
    close: float
    volume: int = 0

class Order(TypedDict, total=False):
    symbol: str
    amount: "int"

@dataclass
class Held:
    kinds: ClassVar[int] = 3
    items: list[str] = field(kw_only=True)
    found: int = field(init=False, default=0)
    tags: list[str] = field(default_factory=list)
"""
SHAPES = [
    ("x: str", {"type": "string"}),
    ("x: int", {"type": "integer"}),
    ("x: float", {"type": "number"}),
    ("x: bool", {"type": "boolean"}),
    ("x: 'list[int]'", {"type": "array", "items": {"type": "integer"}}),
    ("x: t.List[str]", {"type": "array", "items": {"type": "string"}}),
    ("x: Sequence[Prices]", {"type": "array", "items": {"type": "array", "items": {"type": "number"}}}),
    ("x: list", {"type": "array", "items": {}}),
    ("x: dict[str, Any]", {"type": "object"}),
    ("x: Mapping[int, float]", {"type": "object"}),
    ("x: tuple[float, ...]", {"type": "array", "items": {"type": "number"}}),
    (
        "x: tuple[float, float]",
        {"type": "array", "items": {"type": "number"}, "description": "(2 items)"},
    ),
    ("x: Literal['up', 'down', 3]", {"enum": ["up", "down", 3]}),
    ("x: Union[int, str]", {"anyOf": [{"type": "integer"}, {"type": "string"}]}),
    ("x: int | str | None", {"anyOf": [{"type": "integer"}, {"type": "string"}]}),
    ("x: Annotated[int, 'In days.']", {"type": "integer", "description": "In days."}),
    ("x: date", {"type": "string", "description": "YYYY-MM-DD"}),
    ("x: dt.datetime", {"type": "string", "description": "YYYY-MM-DDThh:mm:ss"}),
    (
        "x: Bar",
        {
            "type": "object",
            "properties": {
                "day": {"type": "string", "description": "YYYY-MM-DD"},
                "close": {"type": "number", "description": "The last price."},
                "volume": {"type": "integer"},
            },
            "required": ["day", "close"],
        },
    ),
    (
        "x: Held",
        {
            "type": "object",
            "properties": {
                "items": {"type": "array", "items": {"type": "string"}},
                "tags": {"type": "array", "items": {"type": "string"}},
            },
            "required": ["items"],
        },
    ),
    ("x: int | str = None", {"anyOf": [{"type": "integer"}, {"type": "string"}]}),
    (
        "x: Order",
        {"type": "object", "properties": {"symbol": {"type": "string"}, "amount": {"type": "integer"}}},
    ),
]
GOOGLE = '''"""Find the mean
of numbers.

Args:
    numbers (list[float]): What is
        averaged.
    weight: How heavy: as a number.

Returns:
    other: The mean.
"""'''
NUMPY = '''"""Find the mean of numbers.

Parameters
----------
numbers : list of float
    What is
    averaged.
weight : float, optional
    How heavy: as a number.

Returns
-------
other : float
    The mean.
"""'''
REST = '''"""Find the mean of numbers.

:param list numbers: What is
    averaged.
:param weight: How heavy: as a number.
:returns: The mean.
"""'''


def contract(source: str, function: str = "f", *examples: str, allowed: tuple[str, ...] = ()) -> Contract:
    return promoted(source, function, function, examples, allowed)


def properties(source: str) -> Mapping[str, object]:
    found: Mapping[str, object] = contract(source).parameters["properties"]
    return found


@pytest.mark.parametrize(("parameter", "schema"), SHAPES, ids=[shape[0] for shape in SHAPES])
def test_a_type_hint_becomes_a_schema(parameter: str, schema: object) -> None:
    assert properties(f'{TYPES}\ndef f({parameter}) -> None:\n    """Do it."""\n') == {"x": schema}


def test_what_has_a_default_is_not_required() -> None:
    made = contract(
        'def f(a: int, b: int = 2, *, c: "str | None", d: int = None) -> int:\n    """Do it."""\n'
    )

    assert made.parameters["required"] == ["a", "c"]


@pytest.mark.parametrize("docstring", [GOOGLE, NUMPY, REST], ids=["google", "numpy", "rest"])
def test_descriptions_reach_the_schema_from_every_kind_of_docstring(docstring: str) -> None:
    body = docstring.replace("\n", "\n    ")
    made = contract(f"def f(numbers: list[float], weight: float = 1) -> float:\n    {body}\n    return 1\n")

    assert made.description == "Find the mean of numbers."
    assert made.parameters == {
        "type": "object",
        "properties": {
            "numbers": {"type": "array", "items": {"type": "number"}, "description": "What is averaged."},
            "weight": {"type": "number", "description": "How heavy: as a number."},
        },
        "required": ["numbers"],
    }


def test_only_what_the_function_needs_is_kept_as_it_was_written() -> None:
    source = '''import math, subprocess
from statistics import mean, median

FACTOR = 2  # doubled
RESULTS = []

# Doubles.
def double(x: float) -> float:
    return FACTOR * mean([x])


def experiment():
    subprocess.run("ls")


def f(x: float) -> float:
    """Double a number."""
    return double(x)


if __name__ == "__main__":
    print(f(3))
'''

    made = contract(source, "f", "assert f(1) == 2", ">>> f(2)\n4", "f(3) -> 6", "f(4)  # 8")

    assert made.source == (
        "# A skill of Roost: `roost skills show f`; after an edit `roost skills accept f`.\n"
        "# function: f\n# example: f(1) == 2\n# example: f(2) == 4\n# example: f(3) == 6\n# example: f(4) == 8\n\n"
        "from statistics import mean\n\n\nFACTOR = 2  # doubled\n\n\n# Doubles.\n"
        "def double(x: float) -> float:\n    return FACTOR * mean([x])\n\n\n"
        'def f(x: float) -> float:\n    """Double a number."""\n    return double(x)\n'
    )
    assert made.left_out == ("experiment",)


def test_a_kept_file_compiles_to_the_contract_it_came_from() -> None:
    made = promoted(f'{TYPES}\ndef f(x: Bar) -> None:\n    """Do it."""\n', "f", "draw", ["f(1)"])

    assert kept_contract(made.source, "draw") == replace(made, left_out=())


def test_a_module_that_a_setting_allows_may_be_imported() -> None:
    source = 'import pandas\ndef f(x: int) -> int:\n    """Do it."""\n    return pandas.f(x)\n'

    assert contract(source, allowed=("pandas",)).imports == ("pandas",)


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_a_refusal_names_the_line_and_the_mend(case: Mapping[str, str]) -> None:
    with pytest.raises(SkillRejected) as refusal:
        contract(case["source"], case.get("function", "f"), *case.get("examples", []))

    assert str(refusal.value) == case["said"]


def test_several_faults_are_told_at_once() -> None:
    with pytest.raises(SkillRejected) as refusal:
        contract("import socket\nprint(1)\ndef f(a, *b):\n    return socket\n")

    told = str(refusal.value).splitlines()
    assert [line.partition(":")[0] for line in told] == [
        "Not promoted.",
        *["Line 1", "Line 2", *["Line 3"] * 3],
    ]


def test_a_huge_file_is_refused() -> None:
    with pytest.raises(SkillRejected, match="characters; a skill may have"):
        contract("# x\n" * 20_000)


def test_deep_nesting_is_refused_and_ends_nothing() -> None:
    with pytest.raises(SkillRejected):
        contract(f"def f(x: {'list[' * 3_000}int{']' * 3_000}) -> int:\n    'Do it.'\n")


HUGE = {
    "aliases that hold each other twice": "A0 = int\n"
    + "".join(f"A{one + 1} = tuple[A{one}, A{one}]\n" for one in range(40))
    + "def f(x: A40) -> int:\n    'Do it.'\n",
    "a union of thousands": f"def f(x: '{' | '.join(['int'] * 3_000)}') -> int:\n    'Do it.'\n",
    "a chain of attributes": f"X = a{'.a' * 5_000}\ndef f() -> int:\n    'Do it.'\n    return X\n",
    "a chain of sums": f"X = {'+'.join('1' * 9_000)}\ndef f() -> int:\n    'Do it.'\n    return X\n",
    "a number of thousands of digits": "from typing import Literal\n"
    f"def f(x: Literal[0x{'f' * 6_000}]) -> int:\n    'Do it.'\n",
}


@pytest.mark.parametrize("source", HUGE.values(), ids=HUGE)
def test_what_is_endless_to_read_is_refused(source: str) -> None:
    with pytest.raises(SkillRejected):
        contract(source)


def test_a_default_may_be_whatever_python_has() -> None:
    made = contract(f"def f(x: int = 0x{'f' * 6_000}, y: float = 1e999) -> int:\n    'Do it.'\n")

    assert json.dumps(plain(made.signature)).isascii()


def test_what_nobody_would_see_of_a_docstring_is_written_out() -> None:
    made = contract(
        'def f(x: int) -> int:\n    """Do \\x1b[2J\\ud800 it.\n\n    Args:\n        x: a\\u202eb\n    """\n'
    )

    assert made.description == r"Do \x1b[2J\ud800 it."
    assert made.parameters["properties"] == {"x": {"type": "integer", "description": r"a\u202eb"}}


def test_only_what_python_counts_as_a_line_is_one() -> None:
    source = 'A = "x\x0cy\u2028z"\rB = 2\rdef f() -> int:\r    """Do it."""\r    return B\r'

    assert contract(source).source.endswith('B = 2\n\n\ndef f() -> int:\n    """Do it."""\n    return B\n')


@pytest.mark.parametrize("name", ["", "Upper", "a b", "class", "a" * 41, "../x", "_x", "x\n", "é"])
def test_what_is_no_name_for_a_tool_is_refused(name: str) -> None:
    with pytest.raises(SkillRejected, match="no name for a tool"):
        promoted("def f() -> int:\n    'Do it.'\n", "f", name)


def test_a_contract_is_plain_json() -> None:
    assert (
        json.dumps(contract("def f() -> int:\n    'Do it.'\n").parameters)
        == '{"type": "object", "properties": {}}'
    )


@pytest.mark.slow
def test_whatever_python_there_is_compiles_or_is_refused() -> None:
    compiled = 0
    for file in sorted(Path(json.__file__).parents[1].glob("[a-m]*.py")):
        source = file.read_text(encoding="utf-8")
        for node in ast.parse(source).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                try:
                    made = promoted(source, node.name, "f")
                except SkillRejected:
                    continue
                assert kept_contract(made.source, "f").signature == made.signature
                compiled += 1

    assert compiled > 0
