"""Runs rows of shell text under one back-end, as whoever started it: a line of JSON for each, and for what came of it.

Started by path with any Python from 3.11 on; needs only what of the project stands on the standard library.
"""

import asyncio
import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from boot.confinement import policy_for
from boot.paths import user_folders
from core.errors import ToolError
from core.sandbox import Ceilings, Command, Limits, SandboxBackend, SandboxPolicy
from tool.processes import Processes
from tool.sandbox_bubblewrap import BubblewrapBackend, bubblewrap_program
from tool.sandbox_landlock import LandlockBackend
from tool.sandbox_none import PlainBackend

KEPT_CHARS = 60_000
CEILINGS = Ceilings(
    memory_bytes=500 << 20, processes=100, file_bytes=64 << 20, cpu_seconds=2, open_files=1024
)


def backend(name: str, policy: SandboxPolicy, processes: Processes) -> SandboxBackend:
    if name == "none":
        return PlainBackend(policy=policy, processes=processes)
    if name == "landlock":
        return LandlockBackend(policy, processes=processes)
    program = bubblewrap_program()
    assert program
    return BubblewrapBackend(program, policy, processes=processes)


async def ran(row: dict[str, Any], processes: Processes) -> dict[str, Any]:
    """Its commands, one after another in one session; `seconds` are those of the last."""
    environment = row["environment"]
    policy = policy_for(Path(row["project"]), user_folders(environment), os.environ | environment)
    if row["tight"]:
        policy = replace(policy, ceilings=CEILINGS)
    sandbox = backend(sys.argv[1], policy, processes)
    limits = Limits(wall_seconds=row["seconds"], kept_chars=KEPT_CHARS)
    told: dict[str, Any] = {"output": "", "code": -1, "seconds": 0, "note": ""}
    if "python" in row:
        return told | {"output": await said_by_python(row["python"], sandbox, policy, row)}
    for script in (*row.get("first", ()), row["script"]):
        command = Command(
            argv=("bash", "-c", script),
            cwd=Path(row["project"]),
            environment=environment
            | {"PYTHON": sys.executable, "AGENT": str(os.getpid()), "ROOST": sys.path[0]},
        )
        try:
            result = await sandbox.run(command, policy, limits)
        except ToolError as error:
            told["output"] += f"ToolError: {error}"
            continue
        told["output"] += result.head + result.tail
        told["note"] += result.note
        told |= {"code": result.exit_code, "seconds": result.seconds}
    return told


async def said_by_python(
    code: str, sandbox: SandboxBackend, policy: SandboxPolicy, row: dict[str, Any]
) -> str:
    """All that the process of pyexe says, until the code is done and the process is ended."""
    own = {"AGENT": str(os.getpid()), "ROOST": sys.path[0]}
    command = Command(
        argv=(sys.executable, str(Path(sys.path[0], "tool/python_worker.py"))),
        cwd=Path(row["project"]),
        environment=row["environment"] | own,
    )
    worker = await sandbox.start(command, policy)
    said = ""
    try:
        async with asyncio.timeout(row["seconds"]):
            await worker.send(json.dumps({"code": f"import os\n{code}"}))
            while (line := await worker.receive()) is not None and "done" not in json.loads(line):
                said += line
    except (ToolError, TimeoutError) as error:
        said += repr(error)
    await worker.aclose()
    return said


async def main() -> None:
    processes = Processes()
    for line in sys.stdin:
        print(json.dumps(await ran(json.loads(line), processes)), flush=True)  # noqa: T201
    await processes.aclose()


asyncio.run(main())
