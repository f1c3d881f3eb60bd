"""However a server writes its replies down, the task is done."""

from pathlib import Path

import pytest

from tests.scenarios.conftest import RunCli
from tests.scripted_server import Gate, ScriptedServer, Wire, as_written, call, complaints, say, slowly

WIRES = {
    "index missing": Wire(index=False),
    "ids missing": Wire(ids=False),
    "name repeated": Wire(name_repeated=True),
    "arguments whole": Wire(arguments="whole"),
    "arguments as an object": Wire(arguments="object"),
    "finish with the last delta": Wire(arguments="whole", finish_apart=False, usage="none"),
    "usage in the last chunk": Wire(usage="last"),
    "no usage": Wire(usage="none"),
    "reasoning": Wire(thinking_field="reasoning"),
    "comments": Wire(comments=True),
    "carriage returns": Wire(newline="\r\n"),
    "no end mark": Wire(done=False),
    "no stream": Wire(streams=False),
    "no stream, arguments as an object": Wire(streams=False, arguments="object", ids=False),
}


@pytest.mark.server
@pytest.mark.parametrize("wire", WIRES.values(), ids=WIRES.keys())
def test_the_task_is_done_over_every_wire(wire: Wire, run_cli: RunCli, workspace: Path) -> None:
    steps = (
        call("write_file", path="done.txt", content='done — "quoted"\n'),
        call("read_file", path="done.txt"),
        say("Every", "thing is done.", thinking=["That was ", "all."]),
    )

    with ScriptedServer([as_written(step, wire) for step in steps]) as server:
        run = run_cli(server, "Write done.txt.")

    assert (run.exit_code, run.outcome, run.last_words) == (0, "done", "Everything is done.")
    assert (workspace / "done.txt").read_text() == 'done — "quoted"\n'
    assert [what for request in server.requests for what in complaints(request)] == []
    assert len(server.requests) == len(steps)


@pytest.mark.server
def test_a_long_prefill_with_comments_is_waited_for(run_cli: RunCli) -> None:
    gates = Gate(), Gate()
    for gate in gates:
        gate.open()

    with ScriptedServer([slowly(say("Here I am."), *gates)]) as server:
        run = run_cli(server, "Hello")

    assert (run.exit_code, run.last_words) == (0, "Here I am.")
    assert len(server.requests) == 1
