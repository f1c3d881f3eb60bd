"""The second time that the arguments of a tool are wrong: they alone are asked for, held to their schema.

1st failure ─► one line: the exact fault, the expected shape          (flow/executor.py)
2nd failure ─► a note with both, and a reply that the server holds to the schema ─► the arguments of the call
"""

from collections.abc import Iterator
from dataclasses import replace

from core.almost_json import mended_json, plain_object
from core.conversation import Conversation
from core.errors import GatewayError, InvalidArguments
from core.events import NoteAdded, ReplyMended
from core.messages import AssistantMessage, Finish, ToolCall
from core.protocols import ArgumentsOf
from core.records import dataclass
from core.schema import parameters_of, parse_arguments, schema_of, shape_of
from core.tools import AnyTool, Toolbox, ToolSpec
from flow.coercion import fits
from flow.ladder import Scene, with_call
from flow.prompts import prompt


@dataclass(frozen=True)
class _Failed:
    """A call whose arguments are wrong."""

    call: ToolCall
    tool: AnyTool
    fault: str


async def constrained(reply: AssistantMessage, scene: Scene) -> AssistantMessage:
    """The first call that fails for the second time gets arguments that fit, if this server can see to it."""
    failed = next(_failed_again(reply, scene), None) if scene.ways.left() else None
    if failed is None:
        return reply
    call, tool = failed.call, failed.tool
    request = prompt(
        "only_arguments", tool=tool.name, fault=failed.fault, shape=shape_of(parameters_of(tool))
    )
    await scene.tell(NoteAdded(source="arguments", text=request))
    held = await _held_call(tool, scene)
    if held is None:
        return reply
    return with_call(reply, call, replace(call, arguments=held.arguments, extra=held.extra or call.extra))


async def _held_call(tool: AnyTool, scene: Scene) -> ToolCall | None:
    """By the first way that holds; None when there is none, or what holds is wrong all the same."""
    for by in scene.ways.left():
        description, parameters = schema_of(tool.args)
        spec = ToolSpec(name=tool.name, description=description, parameters=parameters)
        try:
            answer = await scene.ask(scene.conversation, ArgumentsOf(tool=spec, by=by))
        except GatewayError:
            answer = None  # refused; a server that is gone says so at the next request
        if answer and answer.finish in (Finish.LENGTH, Finish.REPEATED):
            return None
        call = _call_of(tool, answer) if answer else None
        if call and fits(plain_object(call.arguments), parameters):
            return await _checked(tool, call, f"held to their schema by {by}", scene)
        scene.ways.distrust(by)
        said = f"The server does not hold a reply to a schema by {by}: not used again in this session."
        await scene.tell(ReplyMended(what=said))
    return None


async def _checked(tool: AnyTool, call: ToolCall, how: str, scene: Scene) -> ToolCall | None:
    """What fits a schema may still break a rule that no schema of ours tells, the least number say."""
    if _fault(tool, call.arguments):
        return None
    await scene.tell(ReplyMended(what=f"The arguments of {tool.name} were asked for alone, {how}."))
    return call


def _failed_again(reply: AssistantMessage, scene: Scene) -> Iterator[_Failed]:
    """What was cut by a limit would be cut again."""
    for call in reply.calls if reply.finish is not Finish.LENGTH else ():
        tool = _known(scene.tools, call.name)
        if tool and (fault := _fault(tool, call.arguments)) and _failed_before(tool, scene.conversation):
            yield _Failed(call, tool, fault)


def _failed_before(tool: AnyTool, conversation: Conversation) -> bool:
    """Whether the newest call of this tool, in this turn, had wrong arguments too."""
    turn = conversation.messages[conversation.turn_start :]
    replies = (message for message in reversed(turn) if isinstance(message, AssistantMessage))
    calls = (call for reply in replies for call in reversed(reply.calls) if call.name == tool.name)
    newest = next(calls, None)
    return newest is not None and bool(_fault(tool, newest.arguments))


def _fault(tool: AnyTool, arguments: str) -> str:
    """What is wrong with them, in a sentence; empty when nothing is."""
    try:
        parse_arguments(tool, arguments)
    except InvalidArguments as error:
        return str(error.args[0])
    return ""


def _known(tools: Toolbox, name: str) -> AnyTool | None:
    try:
        return tools.find(name)
    except InvalidArguments:
        return None


def _call_of(tool: AnyTool, answer: AssistantMessage) -> ToolCall | None:
    """The call in an answer, its arguments in JSON; None when they are none."""
    call = next((call for call in answer.calls if call.name == tool.name), None)
    arguments = mended_json(call.arguments) if call and call.arguments.strip() else None
    return replace(call, arguments=arguments) if call and arguments is not None else None
