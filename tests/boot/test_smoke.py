import subprocess
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from boot.smoke import CHECKS, Bench, Check, missing_in, report, wrong_versions


def test_there_are_enough_checks_and_each_has_its_own_title_and_a_mend() -> None:
    assert len({check.title for check in CHECKS}) == len(CHECKS) >= 14
    assert all(check.mend for check in CHECKS)


def test_a_check_without_a_complaint_is_ok(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    failed = report(3, Check("the sun shines", lambda bench: "", "wait"), Bench(tmp_path))

    assert not failed
    assert capsys.readouterr().out == " 3 the sun shines: ok\n"


def test_a_failed_check_says_what_is_wrong_and_how_to_mend_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    failed = report(12, Check("the sun shines", lambda bench: "it rains", "wait"), Bench(tmp_path))

    assert failed
    assert capsys.readouterr().out == "12 the sun shines: FAILED: it rains (wait)\n"


def test_only_what_is_locked_for_another_extra_may_be_missing() -> None:
    here = {"httpx": "0.28.1", "typer": "0.1"}

    def version(name: str) -> str:
        if name not in here:
            raise PackageNotFoundError(name)
        return here[name]

    assert wrong_versions("# these\nhttpx==0.28.1\n\n# beside\ntorch==2.13.0\n", version) == ""
    assert wrong_versions("httpx==0.29.0\n\ntyper==0.2\n", version) == "httpx is 0.28.1, typer is 0.1"
    with pytest.raises(PackageNotFoundError):
        wrong_versions("numpy==2.1\n", version)


def test_a_check_that_breaks_is_a_failed_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def breaks(bench: Bench) -> str:
        raise FileNotFoundError("no sun")

    failed = report(1, Check("the sun shines", breaks, "wait"), Bench(tmp_path))

    assert failed
    assert "FAILED: FileNotFoundError: no sun (wait)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("finished", "wrong"),
    [
        (subprocess.CompletedProcess([], 0, "Roost 1", ""), ""),
        (subprocess.CompletedProcess([], 0, "Raven", ""), "'roost' is not in 'Raven'"),
        (subprocess.CompletedProcess([], 70, "Roost", "a\nboom\n"), "exit status 70: boom"),
    ],
)
def test_output_is_judged_by_status_and_words(finished: subprocess.CompletedProcess[str], wrong: str) -> None:
    assert missing_in(finished, "roost") == wrong
