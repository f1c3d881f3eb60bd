import sys
from dataclasses import replace
from pathlib import Path

import pytest

from boot.commands import doctor
from boot.commands.doctor import CHECKS, Finding, examine
from boot.commands.running import run
from boot.layers import Loaded, here, load_settings
from boot.model_check import USE_TOOLS, model_findings, tried
from boot.server_way import NO_WINDOW
from boot.settings import Settings
from core.errors import GatewayUnavailable
from core.messages import ToolMessage
from gate.scripted import Reply, ScriptedGateway, call, call_with, say, think
from tests.fakes import FakeOllama, FakeServer, Page, bodies
from tests.fakes.ollama import said


@pytest.fixture
def loaded(tmp_path: Path) -> Loaded:
    return load_settings(here(), {"workspace": str(tmp_path)})


def test_every_check_finds_something(loaded: Loaded) -> None:
    subjects = [finding.subject for check in CHECKS for finding in check(loaded)]

    assert set(subjects) == {
        *("Python", "packages", "workspace", "data folder", "config folder", "cache folder", "disk"),
        *("shell grammar", "sandbox", "ripgrep", "memory", "terminal"),
    }


def test_whatever_is_not_well_says_how_to_mend_it(loaded: Loaded) -> None:
    found = [finding for check in CHECKS for finding in check(loaded)]

    assert [finding for finding in found if finding.state == "problem" and not finding.mend] == []


def test_where_all_is_well_the_exit_code_is_0(loaded: Loaded, capsys: pytest.CaptureFixture[str]) -> None:
    code = examine(loaded, ask_model=False)

    lines = capsys.readouterr().out.splitlines()
    assert code == 0
    assert lines[0] == f"ok       Python         {sys.version.split()[0]}, {sys.executable}"
    assert lines[-1] == "All is well."


def test_without_a_model_server_the_rest_is_checked_and_the_exit_code_is_1(
    loaded: Loaded, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = replace(loaded, settings=replace(loaded.settings, model_url="http://127.0.0.1:9/v1"))

    code = examine(nowhere, ask_model=True)

    lines = capsys.readouterr().out.splitlines()
    assert code == 1
    assert lines[0].startswith("ok       Python")
    assert lines[-3].startswith("problem  model server   No answer from http://127.0.0.1:9/v1")
    assert lines[-2].strip().startswith("→ ")
    assert lines[-1] == "1 to mend."


def test_a_check_that_fails_is_a_problem_and_not_the_end(
    loaded: Loaded, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = replace(loaded, workspace=tmp_path / "gone")

    code = examine(gone, ask_model=False)

    out = capsys.readouterr().out
    assert code == 1
    assert "problem  workspace      [Errno 2]" in out
    assert "terminal" in out


def test_the_memory_is_looked_at_all_over(loaded: Loaded, capsys: pytest.CaptureFixture[str]) -> None:
    run(["memory", "store", "--scope", "user", "Call me Kim"])
    run(["memory", "store", "--scope", "user", "Call me Kit"])
    capsys.readouterr()
    path = here().folders.database

    (well,) = doctor.memory(loaded)
    assert (well.state, well.text) == ("ok", f"2 facts in {path}")

    content = bytearray(path.read_bytes())
    content[8_192:-4_096] = bytes(len(content) - 12_288)
    path.write_bytes(content)
    found = examine(loaded, ask_model=False)
    assert (found, "problem  memory" in capsys.readouterr().out) == (1, True)


def test_a_folder_that_cannot_be_written_to_names_its_variable(
    loaded: Loaded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("AGENT_DATA_DIR", str(tmp_path / "file" / "below"))

    found = list(doctor.folders(loaded))

    assert [finding.state for finding in found] == ["problem", "ok", "ok"]
    assert found[0].text == f"{tmp_path / 'file' / 'below'} cannot be written to."
    assert "AGENT_DATA_DIR" in found[0].mend


async def test_a_model_that_streams_and_calls_is_fine() -> None:
    gateway = ScriptedGateway(
        say("one two three four"), call("report_word", word="ready"), say("It was reported.")
    )

    found = [finding async for finding in tried(gateway)]

    assert found == [
        Finding(subject="streaming", text="a reply in 3 pieces"),
        Finding(subject="tool call", text="called, answered and understood"),
    ]
    assert gateway.requests[2].messages[-1] == ToolMessage(call_id="call-1", text="Reported.")


@pytest.mark.parametrize(
    ("replies", "expected"),
    [
        (
            [GatewayUnavailable("No answer from x.", hint="Is it running?")],
            [Finding(subject="streaming", state="problem", text="No answer from x.", mend="Is it running?")],
        ),
        (
            [say("")],
            [
                Finding(
                    subject="streaming",
                    state="problem",
                    text="The reply was empty.",
                    mend="Try another model.",
                ),
                Finding(
                    subject="tool call", state="problem", text="The model answered in words.", mend=USE_TOOLS
                ),
            ],
        ),
        (
            [say("one"), call("report", word="ready")],
            [
                Finding(
                    subject="streaming",
                    state="note",
                    text="The reply came in one piece: the server does not stream.",
                ),
                Finding(
                    subject="tool call",
                    state="problem",
                    text="""It called report with '{"word": "ready"}' when asked for report_word.""",
                    mend=USE_TOOLS,
                ),
            ],
        ),
        (
            [think("I count to five"), call_with("report_word", "ready")],
            [
                Finding(subject="streaming", text="a reply in 2 pieces"),
                Finding(
                    subject="tool call",
                    state="problem",
                    text="It called report_word with 'ready' when asked for report_word.",
                    mend=USE_TOOLS,
                ),
            ],
        ),
        (
            [say("one two three"), call("report_word", word="ready"), say("")],
            [
                Finding(subject="streaming", text="a reply in 2 pieces"),
                Finding(
                    subject="tool call",
                    state="problem",
                    text="The model said nothing to the tool's answer.",
                    mend=USE_TOOLS,
                ),
            ],
        ),
    ],
)
async def test_what_a_model_cannot_do_is_told_with_its_mend(
    replies: list[Reply | GatewayUnavailable], expected: list[Finding]
) -> None:
    gateway = ScriptedGateway(*replies, say("I cannot call tools."))

    assert [finding async for finding in tried(gateway)] == expected


async def test_a_model_that_does_not_end_is_given_up() -> None:
    from asyncio import Event

    found = [finding async for finding in tried(ScriptedGateway([Event()]), seconds=0.01)]

    assert found == [
        Finding(
            subject="streaming",
            state="problem",
            text="No whole reply within 0.01 seconds.",
            mend="Try a smaller model.",
        )
    ]


SAID = b'data: {"choices":[{"delta":{"content":"one two"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'


@pytest.mark.parametrize(
    ("pages", "found"),
    [
        (bodies.LLAMA_CPP, [", llama.cpp", "qwen3-8b.gguf, window: 4,096 tokens"]),
        (bodies.UNKNOWN, ["", f"m. {NO_WINDOW}"]),
    ],
)
def test_the_server_is_named_with_its_kind_and_the_window_of_its_model(
    pages: bodies.Pages, found: list[str]
) -> None:
    with FakeServer({**pages, "/v1/chat/completions": Page((SAID,), kind="text/event-stream")}) as server:
        server_found, model_found, *_ = model_findings(Settings(model_url=server.url))

    assert [server_found.text, model_found.text] == [f"{server.url}{found[0]}", found[1]]
    assert model_found.state == ("note" if pages is bodies.UNKNOWN else "ok")


def test_a_model_that_is_not_wholly_on_the_graphics_card_is_noted() -> None:
    half = {"name": "qwen3:8b", "size": 1000, "size_vram": 430, "context_length": 16_384}
    with FakeOllama(said("one"), said("two")) as server:
        server.pages = {**server.pages, "/api/ps": {"models": [half]}}
        note = model_findings(Settings(model_url=server.url))[2]

    assert note == Finding(
        subject="model",
        state="note",
        text="43% of the model is on the graphics card: it answers slowly.",
        mend="Take a smaller model, or a smaller AGENT_WINDOW_TOKENS.",
    )
