"""Runs skills: one warm Python in the sandbox for all of a session, a fork of it for each call."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.masking import Masking
from core.sandbox import SandboxBackend
from core.skill_shelf import SkillOutcome
from core.skills import Contract
from core.values import plain
from tool.capture import Capture
from tool.output_text import without_controls
from tool.python_process import Broken, PythonProcess

CALL_SECONDS, MEMORY_BYTES = 60.0, 1 << 30
GRACE_SECONDS = 15.0
"""For what the process does beside the call itself: it imports once, and it kills."""
PRINTED_CHARS = 2_000


@dataclass
class SandboxedSkills:
    sandbox: SandboxBackend
    root: Path
    masking: Masking = field(default_factory=Masking)
    seconds: float = CALL_SECONDS
    memory_bytes: int = MEMORY_BYTES
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    def __post_init__(self) -> None:
        self._process = PythonProcess(self.sandbox, self.root, ("skills",))

    async def call(self, contract: Contract, arguments: Mapping[str, Any]) -> SkillOutcome:
        asked = {"arguments": arguments, "members": plain(contract.signature.members)}
        answer, printed = await self._ask(contract, asked)
        match answer:
            case {"fault": str(fault)}:
                return SkillOutcome(fault=fault, refused=bool(answer.get("refused")), printed=printed)
            case {"returned": str(text)}:
                try:
                    return SkillOutcome(returned=json.loads(text), printed=printed)
                except (ValueError, RecursionError):
                    pass
        return SkillOutcome(fault="its process answered nonsense", printed=printed)

    async def faults(self, contract: Contract) -> Sequence[str]:
        asked = {"examples": contract.examples, "doctests": contract.has_doctests}
        answer, _ = await self._ask(contract, asked)
        match answer:
            case {"faults": [*faults]}:
                return [str(fault) for fault in faults]
            case {"fault": str(fault)}:
                return [fault]
        return ["its process answered nonsense"]

    async def aclose(self) -> None:
        await self._process.aclose()

    async def _ask(self, contract: Contract, asked: Mapping[str, Any]) -> tuple[Mapping[str, Any], str]:
        request = {
            "name": contract.name,
            "function": contract.function,
            "source": contract.source,
            "imports": contract.imports,
            "seconds": self.seconds,
            "memory_bytes": self.memory_bytes,
            **asked,
        }
        capture = Capture(PRINTED_CHARS, None, lambda text: None, self.masking)
        async with self._turn:
            try:
                answer = await self._process.ask(request, capture, self.seconds + GRACE_SECONDS)
            except Broken as error:
                answer = {"fault": str(error).rstrip(".")}
            finally:
                capture.close()
        return answer, without_controls(capture.head + capture.tail).strip()
