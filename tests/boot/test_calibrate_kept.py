"""What a calibration leaves on the disk, and what sessions make of it."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from boot.calibrate.kept import Calibrations, Learned
from boot.calibrate.report import Graded, Report, Result
from boot.layers import here
from boot.settings import Settings
from boot.wiring import open_session
from core.profile import ModelProfile
from tests.scripted_server.replies import say
from tests.scripted_server.serving import ScriptedServer

URL, MODEL = "http://127.0.0.1:8080/v1", "devstral:24b"
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
FIELDS = {"calls": "text", "dialect": "hermes", "edit_format": "write_file", "window_tokens": 9_000}


def finished(url: str = URL, **fields: object) -> Report:
    grade = Graded(verdict="works with help", found="so so", fields=fields or FIELDS)
    result = Result(check="calls", title="calls tools", graded=grade, seconds=1.5)
    return Report(model=MODEL, url=url, begun=NOW, finished=True, results=(result,))


@pytest.fixture
def kept(tmp_path: Path) -> Calibrations:
    return Calibrations(tmp_path / "calibrations")


def test_nothing_is_learned_where_there_was_no_exam(kept: Calibrations) -> None:
    assert kept.learned(URL, MODEL) == Learned()


def test_a_finished_exam_is_learned_from(kept: Calibrations) -> None:
    kept.keep(finished())

    assert kept.learned(URL, MODEL) == Learned(fields=FIELDS, calibrated=True)
    assert kept.learned("http://other/v1", MODEL) == kept.learned(URL, "other") == Learned()


def test_an_unfinished_exam_is_gone_on_with_and_not_learned_from(kept: Calibrations) -> None:
    report = replace(finished(), finished=False)
    kept.keep(report)

    assert kept.learned(URL, MODEL) == Learned()
    assert kept.unfinished(URL, MODEL, NOW) == report


def test_a_finished_exam_stays_until_the_next_one_is_finished(kept: Calibrations) -> None:
    kept.keep(finished())
    kept.keep(replace(finished(calls="native"), finished=False))

    assert kept.learned(URL, MODEL).fields == FIELDS


def test_an_exam_of_yesterday_is_begun_anew(kept: Calibrations) -> None:
    kept.keep(replace(finished(), finished=False))

    assert kept.unfinished(URL, MODEL, NOW + timedelta(days=1, seconds=1)) is None


def test_an_unfinished_exam_that_is_damaged_is_begun_anew(kept: Calibrations) -> None:
    kept.keep(replace(finished(), finished=False))
    (part,) = kept.folder.iterdir()
    part.write_text(part.read_text()[:-9])

    assert kept.unfinished(URL, MODEL, NOW) is None


def test_names_that_no_file_may_have_are_kept_apart(kept: Calibrations) -> None:
    names = ["../../etc/passwd", "A/b", "a b", "a:b", "模型", "x" * 900, ""]

    paths = [kept.path(URL, name) for name in names]

    assert len(set(paths)) == len(names)
    assert {path.parent for path in paths} == {kept.folder}
    assert all(len(path.name) < 100 for path in paths)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("", "cannot be read"),
        ("[]", "is of another version of Roost."),
        ('{"format": 2, "profile": {}}', "is of another version of Roost."),
        ('{"format": 1}', "has no profile."),
        ('{"format": 1, "profile": {"calls": "loud"}}', "calls is 'loud'."),
        ('{"format": 1, "profile": {"hosted": true}}', "there is no key 'hosted'."),
        ('{"format": 1, "profile": {"window_tokens": -1}}', "window_tokens is -1."),
        ('{"format": 1, "profile": {"dialect": "klingon"}}', "There is no dialect 'klingon'."),
        ("[" * 9_999, "cannot be read"),
        ("\x00\xff", "cannot be read"),
    ],
)
def test_a_damaged_calibration_is_ignored_with_a_warning(kept: Calibrations, written: str, said: str) -> None:
    kept.keep(finished())
    kept.path(URL, MODEL).write_text(written, encoding="latin-1")

    learned = kept.learned(URL, MODEL)

    assert (dict(learned.fields), learned.calibrated) == ({}, False)
    assert said in learned.warning
    assert learned.warning.endswith("It is ignored; roost calibrate makes a new one.")


async def profile_in_a_session(server: ScriptedServer, folder: Path, **given: int) -> ModelProfile:
    settings = Settings(model_url=server.url, model=MODEL, workspace=str(folder), **given)
    async with open_session(settings) as opened:
        return opened.session.log.header.profile


@pytest.fixture
def server() -> ScriptedServer:
    return ScriptedServer([say("Hello.")])


@pytest.fixture
def calibrated(server: ScriptedServer) -> Calibrations:
    kept = Calibrations(here().folders.calibrations)
    kept.keep(finished(server.url))
    return kept


@pytest.mark.server
@pytest.mark.usefixtures("calibrated")
async def test_a_new_session_gets_what_was_found_out(server: ScriptedServer, tmp_path: Path) -> None:
    with server:
        profile = await profile_in_a_session(server, tmp_path)

    assert (profile.name, profile.size) == ("devstral", "small")
    assert {name: getattr(profile, name) for name in FIELDS} == FIELDS


@pytest.mark.server
@pytest.mark.usefixtures("calibrated")
async def test_a_setting_of_the_user_comes_first(server: ScriptedServer, tmp_path: Path) -> None:
    with server:
        profile = await profile_in_a_session(server, tmp_path, window_tokens=30_000)

    assert profile.window_tokens == 30_000


@pytest.mark.server
@pytest.mark.usefixtures("calibrated")
async def test_what_a_file_of_the_user_says_comes_first_even_if_it_is_the_usual(
    server: ScriptedServer, tmp_path: Path
) -> None:
    profiles = here().folders.config / "profiles"
    profiles.mkdir(parents=True)
    (profiles / "own.toml").write_text('family = "devstral"\nedit_format = "edit_file"\n')

    with server:
        profile = await profile_in_a_session(server, tmp_path)

    assert (profile.edit_format, profile.calls) == ("edit_file", "text")


@pytest.mark.server
async def test_a_session_says_that_a_damaged_calibration_is_ignored(
    server: ScriptedServer, calibrated: Calibrations, tmp_path: Path
) -> None:
    calibrated.path(server.url, MODEL).write_text("{")
    settings = Settings(model_url=server.url, model=MODEL, workspace=str(tmp_path))

    with server:
        async with open_session(settings) as opened:
            notices = opened.notices

    assert [notice for notice in notices if "roost calibrate makes a new one" in notice]


def test_the_file_can_be_read_by_people(kept: Calibrations) -> None:
    kept.keep(finished())

    written = kept.path(URL, MODEL).read_text()

    assert kept.path(URL, MODEL).name.startswith("devstral-24b-")
    assert json.loads(written)["profile"] == FIELDS
    assert written.splitlines()[1] == '  "profile": {'
