"""What a sandbox adds to a command: `python -m bench.sandbox [COMMANDS]`, each back-end in turn with none.

Every command is `bash -c true` in a git repository, started the way the shell tool does it.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from statistics import median, quantiles

from boot.confinement import policy_for
from boot.paths import user_folders
from core.sandbox import Command, Limits, SandboxBackend
from tool.sandbox_bubblewrap import BubblewrapBackend, bubblewrap_program
from tool.sandbox_landlock import LEAST_VERSION, LandlockBackend, landlock_version
from tool.sandbox_none import PlainBackend

LIMITS = Limits(wall_seconds=60, kept_chars=1_000)


async def measured(project: Path, commands: int) -> dict[str, list[float]]:
    """Seconds of each command, by back-end; taken in turn, so that all are under one load."""
    policy = policy_for(project, user_folders(os.environ))
    backends: list[SandboxBackend] = [PlainBackend(policy=policy)]
    if program := bubblewrap_program():
        backends.append(BubblewrapBackend(program, policy))
        with_hosts = replace(policy, hosts=("pypi.org",))
        backends.append(BubblewrapBackend(program, with_hosts, name="bubblewrap, hosts"))
    if landlock_version() >= LEAST_VERSION:
        backends.append(LandlockBackend(policy))
    command = Command(argv=("bash", "-c", "true"), cwd=project, report=True)
    taken: dict[str, list[float]] = {backend.name: [] for backend in backends}
    for round_ in range(commands + 3):
        for backend in backends:
            result = await backend.run(command, backend.policy, LIMITS)
            assert result.exit_code == 0, result
            if round_ >= 3:  # the runner is started, and files are read, once
                taken[backend.name].append(result.seconds)
    for backend in backends:
        await backend.aclose()
    return taken


def main(commands: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
        taken = asyncio.run(measured(Path(folder).resolve(), commands))
    base = taken.pop("none")
    print(f"{'none':<20} median {median(base) * 1e3:6.1f} ms of {commands} commands")
    for name, seconds in taken.items():
        added = sorted((one - other) * 1e3 for one, other in zip(seconds, base, strict=True))
        late = quantiles(added, n=20)[-1]
        print(
            f"{name:<20} adds   {median(added):6.1f} ms (budget 30), 95th of 100 {late:6.1f} ms (budget 80)"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
