"""A sample of `python -m bench.fuzz`, and of what hypothesis makes up."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.fuzzing import commands, paths, urls
from core.beneath import Way, best_way, by_walking
from core.errors import ToolError
from core.rules import Decision, Rule
from core.web import web_address
from tests.clocks import MANY_SECONDS

COUNT = 10_000

pytestmark = [pytest.mark.slow, pytest.mark.timeout(MANY_SECONDS)]


@pytest.mark.parametrize(("way", "count"), [(best_way(), COUNT), (by_walking, COUNT // 10)])
def test_no_made_up_path_gets_past_the_guard(way: Way, count: int) -> None:
    found = paths.fuzz(count, 11, way)

    assert found.faults == []
    assert found.verdicts["read"] > count // 100
    assert found.verdicts["written"] > count // 100


def test_no_made_up_address_gets_past_the_guard() -> None:
    found = urls.fuzz(COUNT, 11)

    assert found.faults == []
    assert found.verdicts["asked"] > COUNT // 20


def test_no_made_up_shell_line_is_allowed_to_run_something_else() -> None:
    pytest.importorskip("tree_sitter_bash")

    found = commands.fuzz(COUNT, 11)

    assert found.faults == []
    assert found.verdicts["run"] > COUNT // 20


def test_what_a_weaker_guard_lets_through_is_seen() -> None:
    everything = Rule(decision=Decision.ALLOW, tool="shell")

    assert paths.fuzz(500, 1, ruled=False).faults != []
    assert urls.fuzz(2_000, 1, is_own=lambda ip: False).faults != []
    assert commands.fuzz(100, 1, [everything]).faults != []


@settings(max_examples=300)
@given(st.text(max_size=40), st.sampled_from(["", "http://", "https://", "//", "http://a@"]))
def test_any_text_is_one_address_or_none(text: str, start: str) -> None:
    try:
        address = web_address(start + text)
    except ToolError:
        return

    assert web_address(address.url) == address
    assert address.url.isascii()
    assert address.url.isprintable()
