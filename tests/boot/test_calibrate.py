"""`roost calibrate` as a whole: a perfect, a mediocre and a hopeless model behind a real socket."""

import asyncio
import json
import os
import subprocess
import sys
from asyncio import Event
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from boot.calibrate.checks import EXAM, Check, graded
from boot.calibrate.exam import Exam
from boot.calibrate.examinee import Examinee
from boot.calibrate.kept import Calibrations
from boot.calibrate.report import Graded, Report
from boot.commands.calibrate import calibrate
from boot.layers import here
from boot.server_way import ModelWay
from boot.settings import Settings
from boot.wiring import open_session
from core.errors import GatewayUnavailable, RequestRejected
from core.events import Outcome
from gate.scripted import ScriptedGateway, say
from tests.boot.calibrate_models import counting, full_at, hopeless, mediocre, perfect, script
from tests.scripted_server.recorded import Recorded
from tests.scripted_server.replies import Gate, Reply, Spoken, refuse, slowly
from tests.scripted_server.replies import say as spoken
from tests.scripted_server.serving import ScriptedServer

pytestmark = pytest.mark.server
Captured = pytest.CaptureFixture[str]
Model = Callable[[Recorded], Spoken | Reply]
ROOT = Path(__file__).parents[2]
WELL, HELP, NO, LEFT_OUT = "works well", "works with help", "does not work", "left out"
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
UNHURRIED = [replace(check, seconds=280) for check in EXAM]


@contextmanager
def serving(model: Model) -> Iterator[ScriptedServer]:
    with ScriptedServer(script(model), window_tokens=32_768) as server:
        yield server


def settings(server: ScriptedServer) -> Settings:
    return Settings(model_url=server.url, model="m")


def exam(server: ScriptedServer, *, json: bool = True, anew: bool = False) -> int:
    """On a clock that stands still: however busy this machine is, the server is a quick one."""
    return calibrate(
        settings(server), here().folders, json=json, anew=anew, checks=UNHURRIED, clock=lambda: 0.0
    )


def report(captured: Captured) -> Mapping[str, object]:
    read = json.loads(captured.readouterr().out)
    verdicts = {result["check"]: result["graded"]["verdict"] for result in read["results"]}
    return {"profile": read["profile"], "verdicts": verdicts}


def test_a_perfect_model_works_well_in_all_that_a_quick_server_lets_tell(capsys: Captured) -> None:
    with serving(perfect) as server:
        code = exam(server)

    assert code == 0
    assert report(capsys) == {
        "profile": {"calls": "native", "edit_format": "edit_file", "parallel_calls": True},
        "verdicts": {check.name: LEFT_OUT if check.name == "cache" else WELL for check in EXAM},
    }


def test_a_mediocre_model_gets_a_profile_that_helps_it(capsys: Captured) -> None:
    with serving(mediocre) as server:
        code = exam(server)

    assert code == 0
    assert report(capsys) == {
        "profile": {
            "calls": "text",
            "dialect": "hermes",
            "edit_format": "write_file",
            "window_tokens": 4_096,
        },
        "verdicts": {
            "answering": WELL,
            "calls": HELP,
            "content": NO,
            "plan": HELP,
            "stopping": HELP,
            "edits": HELP,
            "parallel": HELP,
            "speed": WELL,
            "cache": LEFT_OUT,
            "window": HELP,
        },
    }


def test_a_model_that_counts_lines_better_than_it_copies_them_is_fitted_so(capsys: Captured) -> None:
    with serving(counting) as server:
        exam(server)

    found = report(capsys)
    assert found["profile"] == {"calls": "native", "edit_format": "replace_lines", "parallel_calls": True}


async def test_a_session_after_the_exam_works_as_the_exam_found_best(tmp_path: Path) -> None:
    with serving(mediocre) as server:
        await asyncio.to_thread(exam, server)
        before = len(server.requests)
        async with open_session(
            replace(settings(server), workspace=str(tmp_path), permission="auto-edit")
        ) as opened:
            finished = await opened.session.send("Write to `done.txt`.")

        request = server.requests[before]

    assert (finished.outcome, (tmp_path / "done.txt").read_text()) == (Outcome.DONE, "done\n")
    assert request.tools == []
    assert "<tool_call>" in request.messages[0]["content"]
    assert "edit_file" not in request.body.decode()


def test_a_hopeless_model_is_soon_asked_nothing_more(capsys: Captured) -> None:
    with serving(hopeless) as server:
        code = exam(server)

    assert code == 1
    assert len(server.requests) < 6
    assert report(capsys) == {"profile": {}, "verdicts": {"answering": WELL, "calls": NO}}


def test_a_model_that_says_nothing_to_the_point_is_asked_once(capsys: Captured) -> None:
    with serving(lambda request: spoken("flumm gorp")) as server:
        code = exam(server)

    assert (code, len(server.requests)) == (1, 1)
    assert report(capsys) == {"profile": {}, "verdicts": {"answering": NO}}


def test_a_server_that_refuses_tools_gets_them_told_in_words(capsys: Captured) -> None:
    def without_tools(request: Recorded) -> Spoken | Reply:
        return refuse(400, "tools need --jinja") if request.tools else mediocre(request)

    with serving(without_tools) as server:
        exam(server)

    profile = report(capsys)["profile"]
    assert isinstance(profile, dict)
    assert (profile["calls"], profile["dialect"]) == ("text", "hermes")


def test_a_window_shorter_than_the_server_says_is_learned_from_its_refusal(capsys: Captured) -> None:
    with serving(full_at(9_000, perfect)) as server:
        exam(server)

    assert report(capsys)["profile"] == {
        "calls": "native",
        "edit_format": "edit_file",
        "parallel_calls": True,
        "window_tokens": 9_000,
    }


def test_a_window_that_is_too_short_for_a_check_ends_that_check_alone(capsys: Captured) -> None:
    with serving(full_at(1_200, perfect)) as server:
        code = exam(server)

    verdicts = report(capsys)["verdicts"]
    assert isinstance(verdicts, dict)
    assert (code, verdicts["edits"], verdicts["cache"], verdicts["window"]) == (0, WELL, LEFT_OUT, NO)


def test_a_person_gets_a_row_for_each_check_and_what_roost_does_about_it(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with serving(mediocre) as server:
        url = server.url
        exam(server, json=False)

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"m at {url}"
    assert lines[3:6] == [
        "calls tools      works with help  as tools 0 of 1, as text (hermes) 2 of 2",
        "                                  → Roost tells it of the tools in words, and",
        "                                    reads its calls out of the text.",
    ]
    assert max(map(len, lines[2:-1])) <= 80
    assert str(Calibrations(here().folders.calibrations).path(url, "m")) in lines[-1]


def test_what_is_not_asked_is_said_to_be_left_out(capsys: Captured) -> None:
    with serving(hopeless) as server:
        exam(server, json=False)

    rows = [line for line in capsys.readouterr().out.splitlines() if "not asked" in line]
    assert [row[:16].strip() for row in rows] == [check.title for check in EXAM[2:]]


def test_after_a_kill_the_next_run_goes_on_after_the_last_finished_check(capsys: Captured) -> None:
    hold = Gate()

    def waits_in_edits(request: Recorded) -> Spoken | Reply:
        answer = perfect(request)
        is_edit = "shop.py" in request.body.decode() and isinstance(answer, Spoken)
        return slowly(answer, hold) if is_edit and not hold.opened.is_set() else answer

    with serving(waits_in_edits) as server:
        process = started(server)
        try:
            assert hold.reached.wait(240)
        finally:
            process.kill()
            process.wait()
        hold.open()
        before = len(server.requests)
        code = exam(server)

        asked_again = "".join(request.body.decode() for request in server.requests[before:])

    assert code == 0
    assert "start.txt" not in asked_again
    assert "shop.py" in asked_again
    captured = capsys.readouterr()
    assert "Going on after 5 of 10 checks." in captured.err
    assert len(json.loads(captured.out)["results"]) == len(EXAM)


def started(server: ScriptedServer) -> "subprocess.Popen[bytes]":
    command = [sys.executable, str(ROOT / "cli.py"), "calibrate", "--url", server.url, "--model", "m"]
    environment = {**os.environ, "ROOST_NO_SETUP": "1"}
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)


def test_anew_asks_everything_again(capsys: Captured) -> None:
    with serving(perfect) as server:
        kept = Calibrations(here().folders.calibrations)
        begun = datetime.now(UTC)
        kept.keep(Report(model="m", url=server.url, begun=begun, results=()))
        exam(server, anew=True)

    assert "Going on" not in capsys.readouterr().err


async def test_a_dead_server_ends_the_exam_and_what_was_found_out_stays() -> None:
    gateway = ScriptedGateway(say("one, two, three, four, five"), GatewayUnavailable("No answer."))
    reports = list[Report]()

    with pytest.raises(GatewayUnavailable):
        await hold(gateway, reports)

    assert [result.check for result in reports[-1].results] == ["answering"]
    assert len(gateway.requests) == 2


async def test_a_server_that_refuses_every_question_ends_the_exam() -> None:
    with pytest.raises(RequestRejected):
        await hold(ScriptedGateway(RequestRejected("401")), [])


async def hold(gateway: ScriptedGateway, reports: list[Report]) -> None:
    way = ModelWay(gateway=gateway, model="m", place="u")
    examiner = Exam(reports.append, lambda number, check: nullcontext())
    await examiner.hold(Examinee(way, nonce="n"), Report(model="m", url="u", begun=NOW))


async def test_a_check_that_runs_out_of_time_is_left_out_not_failed() -> None:
    async def endless(examinee: Examinee) -> Graded:
        await examinee.ask("Hello?")
        raise AssertionError

    gateway = ScriptedGateway([Event()])
    check = Check("endless", "endless", 0.01, endless)

    grade = await graded(check, Examinee(ModelWay(gateway=gateway, model="m", place="u"), nonce="n"))

    assert (grade.verdict, grade.found) == (LEFT_OUT, "it took longer than 0.01 seconds")


async def test_a_needed_check_without_an_answer_in_time_ends_the_exam() -> None:
    async def slow(examinee: Examinee) -> Graded:
        return Graded(verdict="left out", found="it took longer")

    first, second = replace(EXAM[0], run=slow), EXAM[1]
    way = ModelWay(gateway=ScriptedGateway(), model="m", place="u")
    examiner = Exam(lambda report: None, lambda number, check: nullcontext(), (first, second))

    held = await examiner.hold(Examinee(way, nonce="n"), Report(model="m", url="u", begun=NOW))

    assert (held.finished, held.ended, len(held.results)) == (True, "It was too slow to be asked more.", 1)


async def test_a_model_that_falls_silent_is_waited_for_no_longer_than_each_check_may_take() -> None:
    checks = [replace(check, seconds=0.05) for check in EXAM[2:]]
    gateway = ScriptedGateway(*([Event()] for _ in checks))
    way = ModelWay(gateway=gateway, model="m", place="u")
    examiner = Exam(lambda report: None, lambda number, check: nullcontext(), checks)

    held = await examiner.hold(Examinee(way, nonce="n"), Report(model="m", url="u", begun=NOW))

    assert [result.graded.verdict for result in held.results] == [LEFT_OUT] * len(checks)
    assert (held.finished, dict(held.fields), len(gateway.requests)) == (True, {}, len(checks))


def test_once_the_model_is_loaded_the_exam_takes_five_minutes_at_most() -> None:
    assert sum(check.seconds for check in EXAM[1:]) <= 300
