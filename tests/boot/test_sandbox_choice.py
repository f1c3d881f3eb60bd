import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from boot.paths import Folders, user_folders
from boot.sandbox_choice import (
    ASKED,
    DECLARE,
    KEPT,
    REDUCED,
    UNREACHED,
    Candidate,
    of_this_system,
    sandbox_for,
)
from boot.settings import Settings
from tests.tool.sandbox.area import ROOT, why_not
from tool import sandbox_bubblewrap, sandbox_landlock
from tool.sandbox_none import PlainBackend

CHOOSE = """
import asyncio, os, sys
from pathlib import Path
from boot.paths import user_folders
from boot.sandbox_choice import sandbox_for
from boot.settings import Settings

choice = asyncio.run(sandbox_for(Settings(), Path(sys.argv[1]), user_folders(os.environ)))
print(choice.backend.name, *choice.notices, sep="\\n")
"""


@pytest.fixture
def folders() -> Folders:
    return user_folders(os.environ)


@pytest.fixture
def project(home: Path) -> Path:
    (home / "project").mkdir()
    return home / "project"


async def test_a_declared_machine_is_believed(project: Path, folders: Folders) -> None:
    choice = await sandbox_for(replace(Settings(), sandbox="external"), project, folders)

    assert (choice.backend.name, choice.backend.isolated, choice.notices) == ("external", True, ())


async def test_none_is_what_was_asked_for(project: Path, folders: Folders) -> None:
    choice = await sandbox_for(replace(Settings(), sandbox="none"), project, folders)

    assert (choice.backend.name, choice.backend.isolated, choice.notices) == ("none", False, ())


async def test_the_best_that_stands_its_trial_is_taken(project: Path, folders: Folders) -> None:
    if reason := why_not("bubblewrap", "self"):
        pytest.skip(reason)

    choice = await sandbox_for(Settings(), project, folders)

    assert (choice.backend.name, choice.backend.isolated, choice.notices) == ("bubblewrap", True, ())
    assert choice.backend.policy.writable == (project,)


async def test_a_trial_is_repeated_only_when_something_changed(project: Path, folders: Folders) -> None:
    if reason := why_not("bubblewrap", "self"):
        pytest.skip(reason)
    await sandbox_for(Settings(), project, folders)
    kept = folders.cache / KEPT
    first = kept.stat().st_mtime_ns

    await sandbox_for(Settings(), project, folders)
    second = kept.stat().st_mtime_ns
    kept.write_text(json.dumps({"bubblewrap": ["another kernel"]}))
    await sandbox_for(Settings(), project, folders)

    assert first == second
    assert json.loads(kept.read_text())["bubblewrap"] != ["another kernel"]


async def test_what_fails_its_trial_is_passed_over_openly(project: Path, folders: Folders) -> None:
    unheld = Candidate(name="bubblewrap", make=lambda policy: PlainBackend(policy=policy), mend="Mend it.")
    missing = Candidate(name="Landlock", problem="this kernel has none")

    choice = await sandbox_for(Settings(), project, folders, lambda: (unheld, missing))

    assert (choice.backend.name, choice.backend.isolated) == ("none", False)
    assert choice.notices == (
        "bubblewrap is not used: it reads files of the home and it writes files outside its folder and it"
        " reaches servers on this machine and it ends processes outside and it changes what git runs.",
        "Landlock is not used: this kernel has none.",
        f"{ASKED} Mend it. {DECLARE}",
    )
    assert not (folders.cache / KEPT).exists()


@pytest.mark.slow
def test_without_user_namespaces_the_next_best_is_taken_and_said(project: Path) -> None:
    if reason := why_not("bubblewrap", "self") or why_not("landlock", "self"):
        pytest.skip(reason)
    forbid = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"'
    command = ["unshare", "--user", "--map-root-user", "sh", "-c", forbid, "sh", sys.executable, "-c", CHOOSE]

    ran = subprocess.run([*command, str(project)], cwd=ROOT, capture_output=True, text=True, timeout=60)

    name, *notices = ran.stdout.splitlines()
    assert name == "landlock (reduced)", ran.stderr
    assert notices[0].startswith("bubblewrap is not used: commands do not run in it: ")
    assert notices[1:] == [REDUCED]


async def test_a_home_cannot_be_kept_from_commands_that_work_in_it(home: Path, folders: Folders) -> None:
    choice = await sandbox_for(Settings(), home, folders)

    assert (choice.backend.name, choice.backend.isolated) == ("none", False)
    assert choice.notices == (
        f"No sandbox can protect {str(home)!r} from commands that work in {str(home)!r}.",
        f"{ASKED} Start in the folder of a project.",
    )


@pytest.mark.parametrize("leads", [False, True], ids=["there", "by a link"])
async def test_a_reduced_sandbox_is_not_used_where_roosts_own_folders_are_in_the_workspace(
    leads: bool, home: Path, project: Path, folders: Folders
) -> None:
    (project / "own").mkdir()
    (home / "link").symlink_to(project / "own")
    inside = replace(folders, config=home / "link" if leads else project / "own")
    reduced = Candidate(name="Landlock", make=lambda policy: PlainBackend(name="reduced"), reduced=REDUCED)

    choice = await sandbox_for(Settings(), project, inside, lambda: [reduced])

    passed_over = f"Landlock is not used: it cannot hide {str(project / 'own')!r} in the workspace."
    assert (choice.backend.name, choice.notices[0]) == ("none", passed_over)


async def test_hosts_that_commands_may_reach_are_those_of_the_settings(
    project: Path, folders: Folders
) -> None:
    if reason := why_not("bubblewrap", "self"):
        pytest.skip(reason)
    settings = replace(Settings(), sandbox_hosts="pypi.org *.b.org", private_hosts="mirror.corp")

    choice = await sandbox_for(settings, project, folders)

    assert (choice.backend.policy.hosts, choice.notices) == (("pypi.org", "*.b.org"), ())
    assert choice.backend.policy.private_hosts == ("mirror.corp",)


async def test_a_reduced_sandbox_says_that_hosts_cannot_be_reached(project: Path, folders: Folders) -> None:
    if reason := why_not("landlock", "self"):
        pytest.skip(reason)
    settings = replace(Settings(), sandbox_hosts="pypi.org")

    choice = await sandbox_for(settings, project, folders, lambda: list(of_this_system())[1:])

    assert (choice.backend.name, choice.notices) == ("landlock (reduced)", (REDUCED, UNREACHED))


FORBID = """
import ctypes, os, struct, sys
from tool.sandbox_filter import Family, filter_program
program = filter_program(frozenset(Family))  # as containers do: no namespaces, no mounts
held = ctypes.create_string_buffer(program, len(program))
libc = ctypes.CDLL(None)
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, struct.pack("@HP", len(program) // 8, ctypes.addressof(held)), 0, 0) == 0
os.execv(sys.executable, [sys.executable, "-c", *sys.argv[1:]])
"""


@pytest.mark.slow
def test_in_a_container_that_forbids_namespaces_by_a_filter_the_next_best_is_taken(project: Path) -> None:
    if reason := why_not("bubblewrap", "self") or why_not("landlock", "self"):
        pytest.skip(reason)

    ran = subprocess.run(
        [sys.executable, "-c", FORBID, CHOOSE, str(project)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )

    name, *notices = ran.stdout.splitlines()
    assert name == "landlock (reduced)", ran.stderr
    assert notices[0].startswith("bubblewrap is not used: commands do not run in it: ")
    assert notices[1:] == [REDUCED]


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
def test_what_is_not_there_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox_bubblewrap, "bubblewrap_program", lambda: None)
    monkeypatch.setattr(sandbox_landlock, "landlock_version", lambda: 3)

    bubblewrap, landlock = of_this_system()

    assert (bubblewrap.problem, bubblewrap.mend) == (
        "it is not installed",
        "Install bubblewrap (apt install bubblewrap).",
    )
    assert landlock.problem == "it needs version 6 (Linux 6.12), and this kernel has version 3"


async def test_a_trial_that_cannot_be_held_is_not_stood(home: Path, project: Path) -> None:
    (home / "file").write_text("")
    folders = Folders(data=home / "data", config=home / "config", cache=home / "file/cache")
    unheld = Candidate(name="bubblewrap", make=lambda policy: PlainBackend(policy=policy))

    choice = await sandbox_for(Settings(), project, folders, lambda: (unheld,))

    assert choice.backend.name == "none"
    assert choice.notices[0].startswith("bubblewrap is not used: it could not be tried: ")
