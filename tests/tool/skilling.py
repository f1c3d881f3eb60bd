"""Parts of the tests of skills: a shelf in a folder, and functions to put on it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from core.skill_shelf import Skills
from core.skills import Contract, promoted
from core.tools import ToolContext, ToolServices
from store.skill_files import SkillFiles
from store.skill_record import SkillRecord
from store.skill_shelf import SkillShelf
from tests.clocks import ENOUGH_SECONDS
from tests.tool.commanding import plain_backend, services_in
from tool.skill_runner import SandboxedSkills

CONTEXT = ToolContext(call_id="call-1")
TAKEN = ("read_file", "shell", "pyexe", "use_skill", "promote_skill")
RSI = '''def calculate_rsi(prices: list[float], period: int = 14) -> list[float]:
    """The relative strength index of a series of prices.

    Args:
        prices: Closing prices, the oldest first.
        period: How many changes are averaged.
    """
    if period < 1:
        raise ValueError("period must be at least 1")
    changes = [after - before for before, after in zip(prices, prices[1:])]
    found = []
    for end in range(period, len(changes) + 1):
        window = changes[end - period : end]
        gain = sum(change for change in window if change > 0)
        loss = -sum(change for change in window if change < 0)
        found.append(100.0 if loss == 0 else 100 - 100 / (1 + gain / loss))
    return found
'''
RSI_EXAMPLE = "calculate_rsi([1.0, 2.0, 1.0, 2.0], 2) == [50.0, 50.0]"


def shelf_in(workspace: Path, data: Path, *, allowed: Sequence[str] = ()) -> SkillShelf:
    files = SkillFiles(workspace.resolve(), ".roost/skills")
    return SkillShelf(files, SkillRecord(data), allowed=allowed, taken=set(TAKEN))


@asynccontextmanager
async def skill_services(
    folder: Path, *, seconds: float = ENOUGH_SECONDS, memory_bytes: int = 1 << 30
) -> AsyncIterator[ToolServices]:
    """Services with a shelf in `folder`/work, whose record is beside it."""
    work = folder / "work"
    work.mkdir(exist_ok=True)
    async with plain_backend() as backend:
        runner = SandboxedSkills(backend, work, seconds=seconds, memory_bytes=memory_bytes)
        skills = Skills(shelf=shelf_in(work, folder / "data"), runner=lambda: runner, taken=TAKEN)
        yield replace(services_in(work, backend), skills=skills)


def rsi(*examples: str) -> Contract:
    return promoted(RSI, "calculate_rsi", "calculate_rsi", examples or (RSI_EXAMPLE,))


def one_line(name: str, body: str = "return x") -> Contract:
    return promoted(f'def {name}(x: int) -> int:\n    """Do {name}."""\n    {body}\n', name, name)
