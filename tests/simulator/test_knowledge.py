"""What a conversation tells, taken from the words of real tools."""

import json
from pathlib import Path

import pytest

from core.messages import AssistantMessage, Message, ToolCall, ToolMessage
from tests.simulator.knowledge import Knowledge, blocks
from tests.simulator.model import right_step
from tests.simulator.plan import PASSED, Call
from tests.simulator.running import write_files
from tests.simulator.tasks.option import OPTION
from tests.tool.filing import CONTEXT, services_at
from tool.registry import Registry, built_in

READ, (FIRST, SECOND, *_) = Call("read_file", {"path": "count.py"}), [one.call for one in OPTION.changes]
LOOK, CHECK = OPTION.looks[0].call, OPTION.check


class Files:
    """The task's files, and a conversation about them."""

    def __init__(self, folder: Path) -> None:
        write_files(folder, OPTION.files)
        self.tools = Registry(
            built_in(services_at(folder), ("list_files", "read_file", "write_file", "edit_file"))
        )
        self.messages: list[Message] = []

    async def do(self, *calls: Call) -> Call | str:
        """Make the calls, and say what the right step is then."""
        for call in calls:
            tool = self.tools.find(call.name)
            try:
                text = (await tool.run(tool.args.model_validate(call.arguments), CONTEXT)).text
            except ValueError as error:
                text = str(error)
            self.answer(call, text)
        return right_step(Knowledge.of(OPTION, self.messages))

    def answer(self, call: Call, text: str) -> None:
        made = ToolCall(id=f"c{len(self.messages)}", name=call.name, arguments=json.dumps(call.arguments))
        self.messages += [AssistantMessage(parts=(made,)), ToolMessage(call_id=made.id, text=text)]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


async def test_a_file_is_read_before_it_is_edited(files: Files) -> None:
    assert await files.do() == LOOK
    assert await files.do(LOOK) == READ
    assert await files.do(READ) == FIRST
    assert await files.do(FIRST) == SECOND


async def test_a_file_that_is_as_it_should_never_be_is_read_and_written_anew(files: Files) -> None:
    wrong = Call("edit_file", {**FIRST.arguments, "new": "    pass\n"})

    assert await files.do(LOOK, READ, wrong) == READ
    right = Call("write_file", {"path": "count.py", "content": OPTION.states["count.py"][-1]})
    assert await files.do(READ) == right
    assert await files.do(right) == Call("read_file", {"path": "README.md"})


async def test_a_failing_check_after_the_last_change_lets_it_look_again(files: Files) -> None:
    read_other = Call("read_file", {"path": "README.md"})
    await files.do(LOOK, READ, *(one.call for one in OPTION.changes[:3]), read_other, OPTION.changes[3].call)
    files.answer(CHECK, "AssertionError\nexit code 1")

    assert await files.do() == READ

    files.messages[-1:] = [ToolMessage(call_id=files.messages[-2].calls[0].id, text=f"{PASSED}\n")]
    assert await files.do() == OPTION.last_words


def test_numbered_lines_that_follow_each_other_are_a_block() -> None:
    assert blocks("Edited a:\n     3  x\n     4    y\n       ... 8 lines ...\n    13  \n") == ["x\n  y", ""]
