import json
import os
import sys
from pathlib import Path

import pytest

from boot.stamp import Checkout


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """Looks like one that was set up with the extras shell and web."""
    checkout = Checkout(str(tmp_path))
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "constraints.txt").write_text("httpx==1.0\n")
    Path(checkout.python).parent.mkdir(parents=True)
    Path(checkout.python).touch()
    (tmp_path / ".venv/pyvenv.cfg").touch()
    fields = {"lock": checkout.lock_hash(), "python": "3.11", "extras": ["shell", "web"]}
    Path(checkout.stamp_file).write_text(json.dumps(fields))
    return checkout


def test_a_stamp_of_this_lock_with_more_extras_than_needed_is_current(checkout: Checkout) -> None:
    assert checkout.is_current("shell")


def test_a_stamp_without_the_extra_is_not_current(checkout: Checkout) -> None:
    assert not checkout.is_current("dev")


def test_a_changed_lock_makes_the_stamp_stale(checkout: Checkout) -> None:
    Path(checkout.lock_file).write_text("httpx==1.1\n")

    assert not checkout.is_current("shell")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"lock": 1}', '{"lock": "", "python": "", "extras": 3}']
)
def test_a_stamp_that_cannot_be_read_is_none(checkout: Checkout, text: str) -> None:
    Path(checkout.stamp_file).write_text(text)

    assert checkout.stamp() is None
    assert not checkout.is_current("shell")


@pytest.mark.parametrize(
    "part", [Path("roost-stamp.json"), Path("pyvenv.cfg"), Path(Checkout("").python).relative_to(".venv")]
)
def test_a_venv_that_lost_a_part_is_not_current(checkout: Checkout, part: Path) -> None:
    Path(checkout.venv, part).unlink()

    assert not checkout.is_current("shell")


def test_an_installed_package_is_never_set_up(tmp_path: Path) -> None:
    assert not Checkout(str(tmp_path)).wants_set_up()


@pytest.mark.parametrize(("value", "wants"), [("", True), ("0", True), ("1", False)])
def test_the_environment_can_forbid_set_up(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch, value: str, wants: bool
) -> None:
    monkeypatch.setenv("ROOST_NO_SETUP", value)

    assert checkout.wants_set_up() is wants


def test_only_the_interpreter_of_the_venv_is_the_running_one(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here/.venv").symlink_to(os.path.realpath(sys.prefix))

    assert Checkout(str(tmp_path / "here")).is_running()
    assert not Checkout(str(tmp_path)).is_running()
