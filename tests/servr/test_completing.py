"""What is offered while a person types."""

import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

from core.errors import GatewayUnavailable
from servr.terminal.completing import ChatCompleter, likeliest
from servr.terminal.table import COMMANDS

PATHS = (
    "src/alpha.py",
    "src/alphabet/beta.py",
    "tests/test_alpha.py",
    "docs/about me.md",
    "a/l/p/h/a.txt",
    "README.md",
)


async def paths() -> tuple[str, ...]:
    return PATHS


async def models() -> tuple[str, ...]:
    return ("qwen3-8b", "Qwen3-32B", "llama3:8b")


async def offered(text: str) -> list[str]:
    completer = ChatCompleter(COMMANDS, paths, models)
    found = completer.get_completions_async(Document(text), CompleteEvent())
    return [text[: len(text) + one.start_position] + one.text async for one in found]


@pytest.mark.parametrize(
    ("typed", "offers"),
    [
        ("/re", ["/redo ", "/rewind "]),
        ("/q", ["/quit "]),
        ("/model x", []),
        ("/model ", ["/model qwen3-8b", "/model Qwen3-32B", "/model llama3:8b"]),
        ("/model q", ["/model qwen3-8b", "/model Qwen3-32B"]),
        ("/model 8B", ["/model qwen3-8b", "/model llama3:8b"]),
        ("/theme l", ["/theme light"]),
        ("/nothing l", []),
        ("say /re", []),
        ("look at @README", ["look at @README.md "]),
        ("@readme", ["@README.md "]),
        ("@me.md", ["@README.md ", '@"docs/about me.md" ']),
        ("mail@alpha", []),
        ("@alpha then", []),
        ("@zzz", []),
    ],
)
async def test_commands_follow_a_slash_and_files_an_at_sign(typed: str, offers: list[str]) -> None:
    assert await offered(typed) == offers


async def test_names_come_before_folders_and_letters_in_order_come_last() -> None:
    assert await likeliest(PATHS, "alpha") == [
        "src/alpha.py",
        "tests/test_alpha.py",
        "src/alphabet/beta.py",
        "a/l/p/h/a.txt",
    ]


async def test_only_the_best_of_very_many_are_offered() -> None:
    many = [f"folder/{number}/file_{number:05}.py" for number in range(3_000)]

    found = await likeliest([*many, "x/file.py"], "file", most=10)

    assert found[0] == "x/file.py"
    assert len(found) == 10


async def test_a_server_that_gives_no_answer_offers_nothing_and_breaks_nothing() -> None:
    async def nobody() -> tuple[str, ...]:
        raise GatewayUnavailable("Nobody is there.")

    completer = ChatCompleter(COMMANDS, models=nobody)
    found = completer.get_completions_async(Document("/model q"), CompleteEvent())

    assert [one async for one in found] == []
