import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from boot.confinement import policy_for
from boot.paths import Folders
from core.errors import ToolError
from core.sandbox import Command, SandboxBackend, SandboxPolicy
from tests.tool.commanding import limits
from tests.tool.sandbox.area import why_not
from tool import sandbox_landlock
from tool.sandbox_bubblewrap import BubblewrapBackend, bubblewrap_program
from tool.sandbox_landlock import LandlockBackend
from tool.sandbox_none import PlainBackend
from tool.sandbox_trial import trial


def in_home(make: Callable[[SandboxPolicy], SandboxBackend]) -> Callable[[Path, Path], SandboxBackend]:
    def backend(project: Path, home: Path) -> SandboxBackend:
        folders = Folders(data=home / "data", config=home / "config", cache=home / "cache")
        return make(policy_for(project, folders, {"HOME": str(home), "PATH": "/usr/bin:/bin"}))

    return backend


async def test_where_nothing_holds_commands_every_attempt_is_found(tmp_path: Path) -> None:
    found = await trial(in_home(lambda policy: PlainBackend(policy=policy)), tmp_path)

    assert found == (
        "it reads files of the home",
        "it writes files outside its folder",
        "it reaches servers on this machine",
        "it ends processes outside",
        "it changes what git runs",
    )


@pytest.mark.parametrize("name", ["bubblewrap", "landlock"])
async def test_a_sandbox_stands_its_trial(name: str, tmp_path: Path) -> None:
    if reason := why_not(name, "self"):
        pytest.skip(reason)
    program = bubblewrap_program() or Path("missing")

    found = await trial(
        in_home(
            lambda policy: (
                BubblewrapBackend(program, policy) if name == "bubblewrap" else LandlockBackend(policy)
            )
        ),
        tmp_path,
    )

    assert found == ()


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
async def test_a_sandbox_that_runs_nothing_does_not_stand_its_trial(tmp_path: Path) -> None:
    found = await trial(in_home(lambda policy: BubblewrapBackend(Path("/usr/bin/false"), policy)), tmp_path)

    assert found == ("commands do not run in it: no word from them",)


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
async def test_a_sandbox_that_cannot_be_started_does_not_stand_its_trial(tmp_path: Path) -> None:
    found = await trial(in_home(lambda policy: BubblewrapBackend(Path("/missing/bwrap"), policy)), tmp_path)

    assert len(found) == 1
    assert found[0].startswith("commands do not run in it: ")


def test_a_program_that_others_can_change_is_no_sandbox(tmp_path: Path) -> None:
    loose = tmp_path / "bwrap"
    loose.write_text("")
    loose.chmod(0o777)

    assert bubblewrap_program([str(tmp_path / "missing"), str(loose), str(tmp_path)]) is None


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
async def test_a_sandbox_that_cannot_be_put_up_is_told(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    failing = tmp_path / "bwrap"
    failing.write_text("#!/bin/sh\necho 'bwrap: no permission'; exit 1\n")
    failing.chmod(0o755)
    backend = in_home(lambda policy: BubblewrapBackend(failing, policy))(tmp_path / "project", tmp_path)

    with pytest.raises(ToolError, match="The sandbox could not be put up: bwrap: no permission"):
        await backend.run(
            Command(argv=("true",), cwd=tmp_path / "project"),
            backend.policy,
            limits(),
        )
    await backend.aclose()


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
async def test_a_kernel_without_landlock_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "project").mkdir()
    monkeypatch.setattr(sandbox_landlock, "CREATE_RULESET", 100_000)
    backend = in_home(LandlockBackend)(tmp_path / "project", tmp_path)

    assert sandbox_landlock.landlock_version() == 0
    with pytest.raises(ToolError, match="The sandbox could not be put up: Function not implemented"):
        await backend.run(
            Command(argv=("true",), cwd=tmp_path / "project"),
            backend.policy,
            limits(),
        )
    await backend.aclose()
