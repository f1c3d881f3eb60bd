"""`memory`: what a model reads of what it keeps, and what its calls are to the permissions."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from boot.embedding import NoEmbedder
from boot.remembering import Remembering
from core.errors import ToolError
from core.memory import MOST_NOTE_CHARS
from core.permissions import Effect
from core.profile import ModelProfile
from tests.tool.filing import CONTEXT, services_at
from tests.tool.many_facts import ManyFacts
from tool.memory import MemoryArgs, MemoryTool


@pytest.fixture
def tool(tmp_path: Path) -> Iterator[MemoryTool]:
    with closing(Remembering(path=tmp_path / "data" / "roost.sqlite", project="/p")) as memory:
        yield MemoryTool(replace(services_at(tmp_path), memory=memory))


async def said(tool: MemoryTool, operation: str, text: str = "", **rest: object) -> str:
    """What the model reads; each date as `today`."""
    arguments = MemoryArgs.model_validate({"operation": operation, "text": text, **rest})
    answer = (await tool.run(arguments, CONTEXT)).text
    memory = tool.services.memory
    assert memory
    dates = {f"{fact.said:%Y-%m-%d}" for fact in (await memory.page(count=99)).facts}
    for date in dates:
        answer = answer.replace(date, "today")
    return answer


async def test_facts_are_kept_found_corrected_and_forgotten(tool: MemoryTool) -> None:
    assert await said(tool, "list") == "Nothing is remembered yet."
    assert await said(tool, "store", "The port of the server is 8080") == "Stored as #1."
    assert await said(tool, "store", "Call me Kim", about_user=True) == "Stored as #2."
    assert await said(tool, "store", "the port of the server is 8080.") == "Known as #1: it is said anew."
    assert await said(tool, "store", "The port of the server is 9090") == (
        "Stored as #3.\nIt replaces #1 the port of the server is 8080. (today)"
    )
    assert await said(tool, "search", "which port has it?") == (
        "#3 The port of the server is 9090 (today)\n  before: #1 the port of the server is 8080. (today)"
    )
    assert await said(tool, "list") == (
        "#3 The port of the server is 9090 (today)\n"
        "  before: #1 the port of the server is 8080. (today)\n"
        "#2 Call me Kim (of the user, today)"
    )
    assert (await said(tool, "forget", id=3)).startswith("Forgotten:\n#3 The port of the server is 9090")
    assert await said(tool, "search", "port") == "Nothing is remembered of 'port'."


async def test_a_search_without_vectors_says_so_to_the_model(tmp_path: Path) -> None:
    away = partial(NoEmbedder, "e5", "It is away.")
    with closing(Remembering(path=tmp_path / "roost.sqlite", project="/p", embedder=away)) as memory:
        tool = MemoryTool(replace(services_at(tmp_path), memory=memory))
        await said(tool, "store", "The tests are slow")

        found = await said(tool, "search", "tests")
        nothing = await said(tool, "search", "port")

    hint = "(Not all could be searched by meaning just now: try other words, too.)"
    assert found == f"#1 The tests are slow (today)\n{hint}"
    assert nothing == f"Nothing is remembered of 'port'.\n{hint}"


async def test_what_may_be_out_of_date_is_told_with_what_to_do(tool: MemoryTool) -> None:
    await said(tool, "store", "Use tabs in Python files")

    assert await said(tool, "store", "Use spaces in Python files") == (
        "Stored as #2.\nNear to it:\n#1 Use tabs in Python files (today)\nWhat of these is out of date: forget it."
    )
    assert await said(tool, "store", "Use four spaces in all files", id=1) == (
        "Stored as #3.\nIt replaces #1 Use tabs in Python files (today)\n"
        "Near to it:\n#2 Use spaces in Python files (today)\nWhat of these is out of date: forget it."
    )


async def test_a_note_is_taken_without_a_file(tool: MemoryTool, tmp_path: Path) -> None:
    answer = await said(tool, "note", " the tests\nare slow ")

    assert answer == "Noted: it stays in view in this session, as do the newest 12 notes."
    assert not (tmp_path / "data").exists()


async def test_looking_makes_no_file(tool: MemoryTool, tmp_path: Path) -> None:
    await said(tool, "search", "x")
    await said(tool, "list")
    with pytest.raises(ToolError):
        await said(tool, "forget", id=1)

    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        ({"operation": "note"}, "note needs `text`. Say what to keep in view."),
        (
            {"operation": "note", "text": "a" * (MOST_NOTE_CHARS + 1)},
            "A note has at most 500 characters, and this one 501. Say it shorter, or write it to a file and note its path.",
        ),
        ({"operation": "store"}, "There is nothing to remember. Say the fact in a sentence."),
        ({"operation": "store", "text": "x", "id": 7}, "There is no fact #7 to replace. Leave the id out."),
        ({"operation": "search", "text": " "}, "search needs words in `text`. list shows the newest facts."),
        ({"operation": "forget"}, "forget needs the `id` of a fact. search tells it."),
        (
            {"operation": "forget", "id": 2**80},
            f"There is no fact #{2**80}. search and list tell which there are.",
        ),
    ],
)
async def test_what_cannot_be_done_is_told_with_the_next_step(
    tool: MemoryTool, arguments: dict[str, object], answer: str
) -> None:
    with pytest.raises(ToolError) as refused:
        await tool.run(MemoryArgs.model_validate(arguments), CONTEXT)

    assert str(refused.value) == answer


async def test_a_file_that_is_damaged_is_told_and_the_model_goes_on(tool: MemoryTool, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "roost.sqlite").write_bytes(b"no database at all" * 99)

    with pytest.raises(ToolError, match=r"It is damaged, and left as it is.*go on without it\."):
        await said(tool, "search", "x")


def test_only_what_writes_is_a_write() -> None:
    tool = MemoryTool(services_at(Path("/")))
    effects = {
        operation: tool.effect_of(MemoryArgs(operation=operation))
        for operation in ("note", "store", "search", "forget", "list")
    }

    assert {operation for operation, effect in effects.items() if effect is Effect.WRITE} == {
        "store",
        "forget",
    }
    assert tool.effect is Effect.WRITE


async def test_many_long_facts_are_told_as_far_as_there_is_room(tmp_path: Path) -> None:
    services = replace(services_at(tmp_path, ModelProfile(output_chars=2_000)), memory=ManyFacts())

    answer = (await MemoryTool(services).run(MemoryArgs(operation="list"), CONTEXT)).text

    assert len(answer) <= 2_000
    assert answer.endswith("(998 more: search with other words finds them.)")
