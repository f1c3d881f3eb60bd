"""A task without a person, from outside: streams, signals, exit codes, and going on after a crash."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.processes import all_said
from tests.scenarios.conftest import CLI, LIMIT_SECONDS, RunCli
from tests.scripted_server import ScriptedServer
from tests.scripted_server.replies import Gate, call, say

pytestmark = pytest.mark.server


class Roost:
    """The command, run in a workspace by a new user."""

    def __init__(self, workspace: Path, environment: Mapping[str, str]) -> None:
        self.workspace = workspace
        self.environment = environment

    def start(self, *flags: str, **streams: Any) -> "subprocess.Popen[str]":
        streams = {"stdin": subprocess.DEVNULL, **streams}
        return subprocess.Popen(
            [sys.executable, str(CLI), *flags],
            cwd=self.workspace,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **streams,
        )

    def run(self, *flags: str, said: str = "") -> tuple[int, str, str]:
        """What is `said` is in the pipe from the beginning on."""
        read_end, write_end = os.pipe()
        os.write(write_end, said.encode())
        os.close(write_end)
        process = self.start(*flags, stdin=read_end)
        os.close(read_end)
        out, err = process.communicate(timeout=LIMIT_SECONDS)
        return process.returncode, out, err

    def records(self, session: str = "") -> Sequence[Mapping[str, Any]]:
        """Those of the only session."""
        (log,) = Path(self.environment["XDG_DATA_HOME"]).rglob(f"*{session}.jsonl")
        return [json.loads(line) for line in log.read_text().splitlines()[1:]]


@pytest.fixture
def roost(workspace: Path, environment: Mapping[str, str]) -> Roost:
    return Roost(workspace, environment)


def at(server: ScriptedServer) -> tuple[str, ...]:
    return ("--url", server.url, "--model", "m")


def test_the_answer_goes_to_stdout_and_all_else_to_stderr(roost: Roost) -> None:
    (roost.workspace / "a.txt").write_text("alpha\n")
    with ScriptedServer([call("read_file", path="a.txt"), say("It says alpha.")]) as server:
        code, out, err = roost.run("-p", "What is in a.txt?", *at(server))

    assert (code, out) == (0, "It says alpha.\n")
    assert "read_file a.txt" in err
    assert server.app.read == []  # nothing stands before the first request


def test_the_task_may_come_from_standard_input_and_follow_a_text(roost: Roost) -> None:
    with ScriptedServer([say("ok"), say("ok")]) as server:
        roost.run("-p", *at(server), said="from a pipe\n")
        roost.run("-p", "Review this:", *at(server), said="a diff\n")
        prompts = [request.messages[-1]["content"] for request in server.requests]

    assert prompts[0].endswith("\n\nfrom a pipe")
    assert prompts[1].endswith("\n\nReview this:\n\na diff")


def test_json_has_durable_records_alone_unless_deltas_are_wanted(run_cli: RunCli) -> None:
    with ScriptedServer([say("hel", "lo"), say("hel", "lo")]) as server:
        plain = run_cli(server, "hi")
        with_deltas = run_cli(server, "hi", "--deltas")

    assert [event["type"] for event in plain.events] == ["turn_started", "model_replied", "turn_finished"]
    assert [record["seq"] for record in plain.records] == [1, 2, 3]
    assert [event["delta"]["kind"] for event in with_deltas.of("model_delta")] == ["text", "text", "finish"]
    assert {record["seq"] for record in with_deltas.records if record["event"]["type"] == "model_delta"} == {
        1
    }


def test_an_interrupt_ends_the_turn_and_keeps_what_was_said(roost: Roost) -> None:
    gate = Gate()
    with ScriptedServer([say("I will ", gate, "do it.")]) as server:
        process = roost.start("-p", "go", "--deltas", *at(server))
        assert gate.reached.wait(LIMIT_SECONDS)
        for line in process.stdout or ():
            if "I will" in line:
                break
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=LIMIT_SECONDS)
        gate.open()

    assert process.returncode == 130
    kinds = [(record["event"]["type"], record["event"].get("outcome")) for record in roost.records()]
    assert kinds == [("turn_started", None), ("model_replied", None), ("turn_finished", "interrupted")]
    assert roost.records()[1]["event"]["reply"]["parts"][0]["text"] == "I will "
    assert json.loads(out.splitlines()[-1])["event"]["outcome"] == "interrupted"


def test_after_a_kill_the_next_start_says_so_and_goes_on(roost: Roost) -> None:
    gate = Gate()
    (roost.workspace / "a.txt").write_text("alpha\n")
    with ScriptedServer(
        [call("read_file", path="a.txt"), say("It ", gate, "says."), say("Still here.")]
    ) as server:
        process = roost.start("-p", "go", *at(server))
        assert gate.reached.wait(LIMIT_SECONDS)
        process.kill()
        process.communicate(timeout=LIMIT_SECONDS)
        gate.open()
        code, out, err = roost.run("--continue", "-p", "and now?", *at(server))
        before, after = server.requests[1], server.requests[2]

    assert (code, out) == (0, "Still here.\n")
    assert "The last turn was cut off." in err
    assert after.messages[: len(before.messages)] == before.messages
    assert [record["seq"] for record in roost.records()] == list(range(1, len(roost.records()) + 1))


def test_a_session_in_use_is_refused_to_a_second_process(roost: Roost) -> None:
    gate = Gate()
    with ScriptedServer([say(gate, "ok")]) as server:
        process = roost.start("-p", "go", *at(server))
        assert gate.reached.wait(LIMIT_SECONDS)
        code, _, err = roost.run("--continue", "-p", "me too", *at(server))
        gate.open()
        process.communicate(timeout=LIMIT_SECONDS)

    assert code == 4
    assert "is in use by another process" in err


def test_a_reader_that_goes_away_does_not_end_the_work(roost: Roost) -> None:
    (roost.workspace / "a.txt").write_text("alpha\n")
    with ScriptedServer([call("read_file", path="a.txt"), say("done")]) as server:
        process = roost.start("-p", "go", "--json", *at(server))
        assert process.stdout
        process.stdout.close()
        process.stdout = None
        process.communicate(timeout=LIMIT_SECONDS)

    assert roost.records()[-1]["event"]["outcome"] == "done"


@pytest.mark.parametrize(
    ("flags", "code", "said"),
    [
        (("-p", "", "--offline"), 2, 'There is nothing to do. Give a task with -p "…"'),
        (("-p", "x", "--permission", "sudo"), 2, "--permission is 'sudo'."),
        (("-p", "x", "--max-steps", "0"), 2, "--max-steps is '0'."),
        (("-p", "x", "--gemini"), 2, "Gemini needs a key. Set GEMINI_API_KEY"),
        (("-p", "x", "--url", "ftp://a"), 2, "--url is 'ftp://a'."),
        (("-p", "x", "--url", "http://127.0.0.1:9/v1"), 3, "No answer from http://127.0.0.1:9/v1."),
        (("-p", "x", "--resume", "none", "--offline"), 2, "There is no session 'none'."),
        (("-p", "x", "--resume", "", "--offline"), 2, "There is no session ''."),
        (("-p", "x", "--continue", "--offline"), 2, "There is no session in"),
        (("-p", "x", "--workspace", "missing", "--offline"), 2, "does not exist."),
        (("--json", "--offline"), 2, '--json and --deltas need a task. Give one with -p "…".'),
        (("--unknown",), 2, "unrecognized arguments: --unknown"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_an_exit_code(
    roost: Roost, flags: Sequence[str], code: int, said: str
) -> None:
    ended, out, err = roost.run(*flags)

    assert (ended, out) == (code, "")
    assert said in err
    assert "Traceback" not in err


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_stream_that_was_closed_ends_nothing(roost: Roost, closed: str) -> None:
    shell = f'exec "$0" "$1" -p Hi --offline {closed}'

    ran = subprocess.run(
        ["sh", "-c", shell, sys.executable, str(CLI)],
        cwd=roost.workspace,
        env=roost.environment,
        capture_output=True,
        timeout=LIMIT_SECONDS,
    )

    assert (ran.returncode, ran.stderr) == (0, b"")
    assert roost.records()[-1]["event"]["outcome"] == "done"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is always full")
@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_an_answer_that_could_not_be_written_is_no_success(roost: Roost, flags: Sequence[str]) -> None:
    with Path("/dev/full").open("w") as full:
        process = subprocess.run(
            [sys.executable, str(CLI), "-p", "Hi", "--offline", *flags],
            cwd=roost.workspace,
            env=roost.environment,
            stdin=subprocess.DEVNULL,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=LIMIT_SECONDS,
        )

    assert process.returncode == 4
    assert process.stderr.startswith("roost: The output cannot be written: No space left on device.")


def test_a_data_folder_that_cannot_be_made_is_one_sentence(roost: Roost) -> None:
    roost.environment = {**roost.environment, "AGENT_DATA_DIR": "/dev/null"}

    code, out, err = roost.run("-p", "Hi", "--offline")

    assert (code, out) == (4, "")
    assert err == "roost: '/dev/null' cannot be used: File exists. Make room, or mend its rights.\n"


def test_a_folder_that_was_deleted_under_the_shell_is_one_sentence(roost: Roost) -> None:
    ran = subprocess.run(
        ["sh", "-c", 'rmdir "$PWD" && exec "$0" "$1" -p Hi --offline', sys.executable, str(CLI)],
        cwd=roost.workspace,
        env=roost.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
    )

    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == "roost: The current folder does not exist any more. Go to another one.\n"


def test_the_answer_keeps_the_indentation_of_its_first_line(roost: Roost) -> None:
    with ScriptedServer([say("\n\n    one\n    two\n")]) as server:
        _, out, _ = roost.run("-p", "go", *at(server))

    assert out == "    one\n    two\n"


def test_on_a_terminal_the_answer_commands_nothing(roost: Roost) -> None:
    ours, theirs = os.openpty()
    with ScriptedServer([say("\x1b[2Jgone")]) as server:
        process = subprocess.Popen(
            [sys.executable, str(CLI), "-p", "go", *at(server)],
            cwd=roost.workspace,
            env=roost.environment,
            stdin=subprocess.DEVNULL,
            stdout=theirs,
        )
        os.close(theirs)
        assert process.wait(LIMIT_SECONDS) == 0
    shown = all_said(ours)
    os.close(ours)

    assert shown == "␛[2Jgone\r\n"


def test_what_a_plug_in_prints_is_no_part_of_the_answer(roost: Roost, tmp_path: Path) -> None:
    notes = tmp_path / "site" / "loud-1.0.dist-info"
    notes.mkdir(parents=True)
    (notes / "METADATA").write_text("Metadata-Version: 2.1\nName: loud\nVersion: 1.0\n")
    (notes / "entry_points.txt").write_text("[roost.readers]\nloud = loud:reader\n")
    (notes.parent / "loud.py").write_text("print('loud')\ndef reader(session): return print\n")
    roost.environment = {**roost.environment, "PYTHONPATH": str(notes.parent)}

    code, out, err = roost.run("-p", "Hi", "--offline", "--json")

    assert code == 0
    assert [json.loads(line)["seq"] for line in out.splitlines()] == [1, 2, 3]
    assert "loud" in err


def test_a_bug_is_one_line_that_names_the_log(roost: Roost) -> None:
    program = (
        "import sys, boot.start as start\n"
        "async def broken(given): raise ZeroDivisionError('a bug')\n"
        "start.start = broken\n"
        "from boot.entry import main\n"
        "sys.exit(main(['-p', 'x']))\n"
    )
    environment = {**roost.environment, "PYTHONPATH": str(CLI.parent)}

    ran = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
    )

    log = Path(environment["XDG_DATA_HOME"]) / "roost" / "roost.log"
    assert ran.returncode == 70
    assert ran.stderr == f"roost: A bug: ZeroDivisionError. Its traceback is in {log}.\n"
    assert "a bug" in log.read_text()


def test_gemini_is_asked_with_its_own_key_at_its_own_url(roost: Roost) -> None:
    roost.environment = {**roost.environment, "GEMINI_API_KEY": "secret-key"}
    (roost.workspace / "a.txt").write_text("alpha\n")
    signed = call("read_file", path="a.txt")
    with ScriptedServer([signed, say("done")]) as server:
        roost.environment["AGENT_GEMINI_URL"] = server.url
        code, out, _ = roost.run("-p", "go", "--gemini")
        headers = server.requests[0].headers

    assert (code, out) == (0, "done\n")
    assert headers["authorization"] == "Bearer secret-key"


def test_standard_input_that_is_never_closed_does_not_hang_a_task_that_has_a_text(roost: Roost) -> None:
    read_end, write_end = os.pipe()
    with ScriptedServer([say("ok")]) as server:
        process = roost.start("-p", "go", *at(server), stdin=read_end)
        out, err = process.communicate(timeout=LIMIT_SECONDS)
    os.close(read_end)
    os.close(write_end)

    assert (process.returncode, out) == (0, "ok\n")
    assert "Standard input said nothing for 3 s" in err


def test_a_model_that_goes_round_in_circles_is_cut_told_and_then_ended(run_cli: RunCli) -> None:
    circles = say(*["I should look at the file again. "] * 100)

    with ScriptedServer([circles, circles]) as server:
        run = run_cli(server, "Look at the file.")

    assert (run.exit_code, run.outcome) == (1, "stuck")
    assert [reply["reply"]["finish"] for reply in run.of("model_replied")] == ["repeated", "repeated"]
    assert run.last_words == "I should look at the file again. "
    assert len(run.of("work_sent_back")) == 1


def test_a_session_goes_on_with_the_model_it_used_last(roost: Roost) -> None:
    listed = {"/v1/models": {"object": "list", "data": [{"id": "one"}, {"id": "two"}]}}
    with ScriptedServer([say("1"), say("2"), say("3"), say("4")], pages=listed) as server:
        roost.run("-p", "Hi", "--url", server.url, "--model", "one")
        roost.run("--continue", "-p", "and", "--url", server.url, "--model", "two")
        codes = [roost.run("--continue", "-p", "so", "--url", server.url)[0]]
        codes += [roost.run("-p", "so", "--url", server.url)[0]]

    assert codes == [0, 2]
    assert [request.json["model"] for request in server.requests] == ["one", "two", "two"]
