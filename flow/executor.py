"""Runs tool calls: parse, permit, run, answer. Every call gets exactly one `ToolFinished`."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import replace
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING

from core.checkpoints import Checkpoints
from core.errors import PermissionDenied, ToolError
from core.events import PermissionAnswered, PermissionAsked, ToolFinished, ToolProgressed, ToolStarted
from core.messages import ToolCall, ToolStatus
from core.permissions import RISKY, Effect
from core.policies import Approver, PermissionPolicy
from core.protocols import Emit
from core.records import dataclass
from core.schema import parse_arguments
from core.tools import AnyTool, Toolbox, ToolContext, ToolResult, effect_of, preview_of
from core.values import encode, value

if TYPE_CHECKING:
    from pydantic import BaseModel

logger = logging.getLogger(__name__)


class _SaidNo(PermissionDenied):
    """In the person's own words."""


@dataclass(frozen=True)
class _Admitted:
    """A call that may run, with what it runs with."""

    call: ToolCall
    tool: AnyTool
    arguments: "BaseModel"
    plain: Mapping[str, object]
    """The arguments as JSON knows them."""
    effect: Effect


@value
class ToolExecutor:
    toolbox: Toolbox
    permission: PermissionPolicy
    approver: Approver
    checkpoints: Callable[[], Checkpoints]
    """Made when a call first may change something."""
    bounded: Callable[[str], str] = str
    """Clips an answer that its tool has left too long."""

    async def run(self, calls: Sequence[ToolCall], tell: Emit) -> None:
        """Answer all calls, in their order. Neighbours that only read run at the same time."""
        for batch in self._batches(calls):
            answers = [await self._admit(call, tell) for call in batch]
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._finish(answer, tell)) for answer in answers]
            for task in tasks:
                await tell(task.result())

    def _batches(self, calls: Sequence[ToolCall]) -> Iterator[list[ToolCall]]:
        for only_reads, group in groupby(calls, key=self._only_reads):
            neighbours = list(group)
            yield from [neighbours] if only_reads else ([call] for call in neighbours)

    def _only_reads(self, call: ToolCall) -> bool:
        return self.toolbox.effect_of(call.name) is Effect.READ

    async def _admit(self, call: ToolCall, tell: Emit) -> _Admitted | ToolFinished:
        try:
            tool = self.toolbox.find(call.name)
            arguments = parse_arguments(tool, call.arguments)
            plain = arguments.model_dump(mode="json")
            effect = effect_of(tool, arguments)
            judged = encode([call, plain])
            await self._permit(call, effect, plain, tell, preview=partial(preview_of, tool, arguments))
            if encode([call, arguments.model_dump(mode="json")]) != judged:
                said = f"{call.name} was not run: it was changed while it was judged."
                raise PermissionDenied(said, hint="Make the call again.")
        except ToolError as error:
            by_person = isinstance(error, _SaidNo)
            return ToolFinished(call_id=call.id, text=str(error), status=error.status, by_person=by_person)
        await tell(ToolStarted(call=call, effect=effect))
        return _Admitted(call, tool, arguments, plain, effect)

    async def _permit(
        self,
        call: ToolCall,
        effect: Effect,
        plain: Mapping[str, object],
        tell: Emit,
        *,
        preview: Callable[[], str],
    ) -> None:
        question = await self.permission.check(call, effect, plain)
        if question is None:
            return
        question = replace(question, shown=preview())
        asked = PermissionAsked(call=call, reason=question.reason, rule=question.rule, shown=question.shown)
        await tell(asked)
        approval = await self.approver.approve(call, question)
        await tell(PermissionAnswered(call_id=call.id, approval=approval))
        if not approval.allowed:
            because = f", because {approval.note}" if approval.note else ""
            raise _SaidNo(f"The user said no{because}.", hint="Do something else, or ask them.")
        await self.permission.remember(call, plain, approval)

    async def _finish(self, answer: _Admitted | ToolFinished, tell: Emit) -> ToolFinished:
        if isinstance(answer, ToolFinished):
            return answer
        call = answer.call
        try:
            async with (
                self._kept(answer, tell),
                _context_of(call, tell) as context,
            ):
                result = await _run_guarded(answer, context)
        except ToolError as error:
            return ToolFinished(call_id=call.id, text=self.bounded(str(error)), status=error.status)
        text = self.bounded(result.text)
        return ToolFinished(
            call_id=call.id, text=text, view=result.view, status=result.status, by_person=result.by_person
        )

    def _kept(self, admitted: _Admitted, tell: Emit) -> AbstractAsyncContextManager[None]:
        """Within it the call may change files: what it does to them can be taken back."""
        if admitted.effect not in RISKY:
            return nullcontext()
        return self.checkpoints().around(admitted.call, admitted.plain, tell)


async def _run_guarded(admitted: _Admitted, context: ToolContext) -> ToolResult:
    """Run a tool; a bug in it becomes an answer, so that it cannot end the turn."""
    try:
        return await admitted.tool.run(admitted.arguments, context)
    except ToolError:
        raise
    except Exception as error:
        logger.exception("tool %s broke", admitted.tool.name)
        said = f"{admitted.tool.name} broke ({type(error).__name__}: {str(error)[:200]})."
        return ToolResult(f"{said} The fault is in the tool, not in your call.", status=ToolStatus.FAILED)


@asynccontextmanager
async def _context_of(call: ToolCall, tell: Emit) -> AsyncIterator[ToolContext]:
    """A context whose plain `progress("...")` calls become events, in order, while the tool runs.

    They may come from any thread, and the loop takes them one after another, the end behind all others.
    """
    loop, texts = asyncio.get_running_loop(), asyncio.Queue[str | None]()

    async def forward() -> None:
        while (text := await texts.get()) is not None:
            await tell(ToolProgressed(call_id=call.id, text=text))

    def progress(text: str) -> None:
        loop.call_soon_threadsafe(texts.put_nowait, text)

    forwarding = asyncio.create_task(forward())
    try:
        yield ToolContext(call_id=call.id, progress=progress)
    finally:
        loop.call_soon(texts.put_nowait, None)
        await forwarding
