"""Plain requests without a model."""

import json
from dataclasses import replace

import pytest

from core.messages import Finish, ToolMessage, ToolStatus, UserMessage
from gate.offline import EXAMPLES, WHAT_I_AM, OfflineGateway
from gate.offline_rules import plan
from tests.gate.asking import reply, request

REQUESTS: list[tuple[str, str, dict[str, str]]] = [
    ("What files are in the current directory?", "list_files", {"path": "."}),
    ("list files", "list_files", {"path": "."}),
    ("ls", "list_files", {"path": "."}),
    ("ls src", "list_files", {"path": "src"}),
    ("List the files in src/core", "list_files", {"path": "src/core"}),
    ("what's in this folder?", "list_files", {"path": "."}),
    ("show me all files in docs", "list_files", {"path": "docs"}),
    ("Show me the contents of the folder tests", "list_files", {"path": "tests"}),
    ("which files are here?", "list_files", {"path": "."}),
    ("find all python files", "list_files", {"path": "."}),
    ("Read the README.md file", "read_file", {"path": "README.md"}),
    ("What is in README.md?", "read_file", {"path": "README.md"}),
    ("Please read notes/todo.txt for me.", "read_file", {"path": "notes/todo.txt"}),
    ("cat Makefile", "read_file", {"path": "Makefile"}),
    ("open .gitignore", "read_file", {"path": ".gitignore"}),
    ("What does the file `a/b.py` say?", "read_file", {"path": "a/b.py"}),
    ("README.md", "read_file", {"path": "README.md"}),
    ("Search for TODO", "find_text", {"pattern": "TODO"}),
    ('search for "hello world" in all files', "find_text", {"pattern": "hello world"}),
    ("grep import", "find_text", {"pattern": "import"}),
    ("find 'foo(bar)' in the files", "find_text", {"pattern": "foo\\(bar\\)"}),
    ("Where is ScriptedGateway defined?", "find_text", {"pattern": "ScriptedGateway"}),
    ("Find the word apple in this project", "find_text", {"pattern": "apple"}),
    ("run ls -la", "shell", {"command": "ls -la"}),
    ("Run the command `git status`", "shell", {"command": "git status"}),
    ("!pwd", "shell", {"command": "pwd"}),
    ("Could you run all unit tests please?", "shell", {"command": "python3 -m pytest -q"}),
    ("Write a note to todo.md: buy milk", "write_file", {"path": "todo.md", "content": "buy milk\n"}),
    ('write "buy milk" to todo.txt', "write_file", {"path": "todo.txt", "content": "buy milk\n"}),
    ('Create a file hello.txt with the text "Hi!"', "write_file", {"path": "hello.txt", "content": "Hi!\n"}),
    ("Make a note: call Bob at 5", "write_file", {"path": "notes.md", "content": "call Bob at 5\n"}),
    ("note that the build is red", "write_file", {"path": "notes.md", "content": "the build is red\n"}),
    ("show a CSV data.csv", "data_view", {"path": "data.csv"}),
    ("What columns are in data/sales.tsv?", "data_view", {"path": "data/sales.tsv"}),
    ("calculate 12 * 7", "pyexe", {"code": "12 * 7"}),
    ("What is 2+2?", "pyexe", {"code": "2+2"}),
    ("what's 15% of 80", "pyexe", {"code": "15/100*80"}),
    ("2^10", "pyexe", {"code": "2**10"}),
    ("How much is 1,000 times 3?", "pyexe", {"code": "1000 * 3"}),
    ("Fetch https://example.com/a?b=c.", "fetch", {"url": "https://example.com/a?b=c"}),
    ("What does https://example.com say?", "fetch", {"url": "https://example.com"}),
]


@pytest.mark.parametrize(("wish", "tool", "arguments"), REQUESTS)
async def test_a_plain_request_becomes_a_call(wish: str, tool: str, arguments: dict[str, str]) -> None:
    said = await reply(OfflineGateway(), request(wish, tools=EXAMPLES))

    (call,) = said.calls
    assert (call.id, call.name, json.loads(call.arguments)) == ("call-1", tool, arguments)
    assert said.finish is Finish.CALLS


@pytest.mark.parametrize(("tool", "wish"), EXAMPLES.items())
def test_what_it_says_it_understands_it_does(tool: str, wish: str) -> None:
    found = plan(wish)

    assert found is not None
    assert found.tool == tool


@pytest.mark.parametrize(
    "wish", ["Hi", "hello there!", "Good morning", "What can you do?", "help", "Are you an AI?"]
)
async def test_it_says_honestly_what_it_is(wish: str) -> None:
    said = await reply(OfflineGateway(), request(wish, tools=["list_files"]))

    assert WHAT_I_AM in said.text
    assert "What files are in the current directory?" in said.text
    assert said.calls == ()


@pytest.mark.parametrize(
    "wish", ["Tell me a story", "Fix the bug", "What is the capital of France?", "", "x" * 50_000]
)
async def test_what_no_rule_knows_is_admitted(wish: str) -> None:
    said = await reply(OfflineGateway(), request(wish, tools=["shell"]))

    assert said.text.startswith("No built-in rule knows this request.")
    assert "Run git status" in said.text
    assert said.calls == ()


async def test_a_tool_that_is_not_offered_is_not_called() -> None:
    said = await reply(OfflineGateway(), request("run ls", tools=["read_file"]))

    assert (said.text, said.calls) == ("That needs the tool shell, which is not offered here.", ())


@pytest.mark.parametrize(
    ("status", "words"),
    [(ToolStatus.OK, "a.txt"), (ToolStatus.REFUSED, "That did not work: a.txt")],
)
async def test_what_a_tool_answered_is_the_answer(status: ToolStatus, words: str) -> None:
    asked = request("ls", tools=["list_files"])
    called = await reply(OfflineGateway(), asked)
    answer = ToolMessage(call_id=called.calls[0].id, text="a.txt", status=status)

    said = await reply(OfflineGateway(), replace(asked, messages=(*asked.messages, called, answer)))

    assert (said.text, said.finish) == (words, Finish.DONE)


async def test_a_note_behind_the_request_does_not_hide_it() -> None:
    asked = request("ls", tools=["list_files"])
    noted = replace(asked, messages=(*asked.messages, UserMessage(text="(The plan changed.)")))

    assert [call.name for call in (await reply(OfflineGateway(), noted)).calls] == ["list_files"]
