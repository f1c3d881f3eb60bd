import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from boot.confinement import policy_for
from boot.paths import Folders
from core.sandbox import SandboxBackend, SandboxPolicy
from tests.tool.sandbox.area import why_not
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
