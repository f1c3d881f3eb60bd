"""What skills cost: `python -m bench.skills [CALLS]`: to promote and to call one, beside plain Python.

Each back-end in turn with none. A cold call starts the process that the later, warm ones fork from.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median

from boot.confinement import policy_for
from boot.paths import user_folders
from core.profile import ActiveProfile, ModelProfile
from core.sandbox import SandboxBackend
from core.schema import parse_arguments
from core.skill_shelf import Skills
from core.skills import kept_contract
from core.tools import ToolContext, ToolServices
from core.workspace import Workspace
from flow.nobody import Nobody
from gate.web import DirectWebClient
from store.skill_files import SkillFiles
from store.skill_record import SkillRecord
from store.skill_shelf import SkillShelf
from tool.promote_skill import PromoteSkill, PromoteSkillArgs
from tool.sandbox_bubblewrap import BubblewrapBackend, bubblewrap_program
from tool.sandbox_landlock import LEAST_VERSION, LandlockBackend, landlock_version
from tool.sandbox_none import PlainBackend
from tool.skill_runner import SandboxedSkills
from tool.skill_tool import skill_tool

CONTEXT = ToolContext(call_id="call-1")
PRICES = [100 + (number * 37 % 11) / 10 for number in range(250)]
RSI = '''{imports}def calculate_rsi(prices: list[float], period: int = 14) -> list[float]:
    """The relative strength index of a series of prices."""
    changes = [after - before for before, after in zip(prices, prices[1:])]
    found = []
    for end in range(period, len(changes) + 1):
        window = changes[end - period : end]
        gain = sum(change for change in window if change > 0)
        loss = -sum(change for change in window if change < 0)
        found.append(100.0 if loss == 0 else 100 - 100 / (1 + gain / loss))
    return {returned}
'''
SOURCES = {
    "standard library": RSI.format(imports="", returned="found"),
    "with numpy": RSI.format(imports="import numpy as np\n\n", returned="np.array(found)"),
}
EXAMPLE = "calculate_rsi([1.0, 2.0, 1.0, 2.0], 2) == [50.0, 50.0]"


def backends(project: Path) -> Sequence[SandboxBackend]:
    policy = policy_for(project, user_folders(os.environ))
    found: list[SandboxBackend] = [PlainBackend(policy=policy)]
    if program := bubblewrap_program():
        found.append(BubblewrapBackend(program, policy))
    if landlock_version() >= LEAST_VERSION:
        found.append(LandlockBackend(policy))
    return found


async def measured(folder: Path, backend: SandboxBackend, source: str, calls: int) -> dict[str, float]:
    """Milliseconds of each act."""
    project = folder / "project"
    shelf = SkillShelf(SkillFiles(project, ".roost/skills"), SkillRecord(folder / "record"))
    runner = SandboxedSkills(backend, project)
    services = ToolServices(
        workspace=Workspace(project),
        artifacts=project / ".roost/artifacts",
        sandbox=backend,
        asker=Nobody(),
        web=DirectWebClient(),
        active=ActiveProfile(ModelProfile()),
    )
    services = replace(services, skills=Skills(shelf=shelf, runner=lambda: runner))
    (project / "rsi.py").write_text(source)
    taken: dict[str, float] = {}

    asked = PromoteSkillArgs(
        file_path="rsi.py", function_name="calculate_rsi", tool_name="calculate_rsi", examples=[EXAMPLE]
    )
    for name in ("promote, cold", "promote, warm"):
        began = time.perf_counter()
        await PromoteSkill(services).run(asked, CONTEXT)
        taken[name] = (time.perf_counter() - began) * 1e3
    await runner.aclose()

    tool, arguments = skill_tool(services, "calculate_rsi"), json.dumps({"prices": PRICES})
    each: list[float] = []
    for _ in range(calls + 1):
        began = time.perf_counter()
        await tool.run(parse_arguments(tool, arguments), CONTEXT)
        each.append((time.perf_counter() - began) * 1e3)
    await backend.aclose()
    return taken | {"call, cold": each[0], "call, warm": median(each[1:])}


def plain(source: str, calls: int) -> dict[str, float]:
    """The function called in this very process, and in a Python started for it."""
    names: dict[str, object] = {}
    exec(source, names)
    function = names["calculate_rsi"]
    assert callable(function)
    within, started = list[float](), list[float]()
    for _ in range(calls):
        began = time.perf_counter()
        function(PRICES)
        within.append((time.perf_counter() - began) * 1e3)
    for _ in range(5):
        began = time.perf_counter()
        command = [sys.executable, "-c", f"{source}\nprint(calculate_rsi({PRICES}))"]
        subprocess.run(command, check=True, capture_output=True)
        started.append((time.perf_counter() - began) * 1e3)
    return {"plain function": median(within), "python -c": median(started)}


def compiled(source: str, calls: int) -> float:
    taken: list[float] = []
    for _ in range(calls):
        began = time.perf_counter()
        kept_contract(source, "calculate_rsi")
        taken.append((time.perf_counter() - began) * 1e3)
    return median(taken)


def main(calls: int) -> None:
    for title, source in SOURCES.items():
        beside = plain(source, calls)
        print(f"{title}: {calls} calls with {len(PRICES)} prices; milliseconds")
        print(f"  {'compile':<16}{compiled(source, calls):8.2f}")
        print("".join(f"  {name:<16}{taken:8.2f}\n" for name, taken in beside.items()), end="")
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name).resolve()
            (folder / "project").mkdir()
            for backend in backends(folder / "project"):
                found = asyncio.run(measured(folder, backend, source, calls))
                shown = "".join(f"  {act} {taken:.1f}" for act, taken in found.items())
                print(f"  {backend.name:<16}{shown}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
