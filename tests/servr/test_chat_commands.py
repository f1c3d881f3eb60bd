"""The tables of chat commands: every row can be carried out, and no two are mistaken for each other."""

from collections import Counter
from inspect import iscoroutinefunction

import pytest

from boot.chat_commands import COMMANDS as OWN
from servr.terminal.command import ChatCommand, command_named, nearest
from servr.terminal.table import COMMANDS

ALL = (*COMMANDS, *OWN)


@pytest.mark.parametrize("row", ALL, ids=lambda row: row.name)
def test_every_command_has_a_function_that_can_be_waited_for(row: ChatCommand) -> None:
    assert iscoroutinefunction(row.function())


@pytest.mark.parametrize("row", ALL, ids=lambda row: row.name)
def test_every_command_is_told_in_one_short_line(row: ChatCommand) -> None:
    assert "\n" not in row.purpose
    assert row.purpose == row.purpose.strip()
    assert len(row.purpose) <= 90


def test_no_two_commands_have_the_same_name() -> None:
    names = Counter(name for row in ALL for name in (row.name, *row.aliases))

    assert [name for name, count in names.items() if count > 1] == []


def test_a_command_is_found_by_its_name_and_by_its_aliases() -> None:
    assert command_named(ALL, "exit") is command_named(ALL, "quit")
    assert command_named(ALL, "qui") is None


@pytest.mark.parametrize(("typed", "meant"), [("rew", ["rewind"]), ("contxt", ["context"]), ("zzz", [])])
def test_what_may_have_been_meant_begins_so_or_is_spelled_alike(typed: str, meant: list[str]) -> None:
    assert list(nearest(ALL, typed)) == meant
