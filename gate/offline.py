"""No model at all: built-in rules that turn plain requests into real tool calls.

With it the whole agent can be tried, tested and shown on any machine; it says honestly what it is.
"""

import json
import re
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from core.deltas import CallDelta, Delta, FinishDelta, TextDelta
from core.messages import AssistantMessage, Finish, Message, ToolMessage, ToolStatus, UserMessage
from core.protocols import ModelRequest
from gate.call_pieces import CallIds
from gate.offline_rules import plain_wish, plan

M = TypeVar("M", UserMessage, ToolMessage)

WHAT_I_AM = (
    "I am Roost's offline mode: built-in rules, no language model. For real work start a model server, "
    "such as `ollama serve`, LM Studio or `llama-server -m model.gguf`, and start Roost again, "
    "or name one with `--url`."
)
EXAMPLES = {
    "list_files": "What files are in the current directory?",
    "read_file": "Read the README.md file",
    "find_text": "Search for TODO",
    "shell": "Run git status",
    "write_file": "Write a note to todo.md: buy milk",
    "data_view": "Show data.csv",
    "pyexe": "Calculate 12 * 7",
    "fetch": "Fetch https://example.com",
}
GREETING = re.compile(
    r"(?:hi|hello|hey|howdy|greetings|good (?:morning|afternoon|evening|day))(?: there| roost| all)?[\s,!.]*"
    r"(?:how are you\W*)?",
    re.IGNORECASE,
)
FAREWELL = re.compile(
    r"(?:thanks?(?: you)?(?: (?:a lot|very much))?|bye|goodbye|see you|cheers)\W*", re.IGNORECASE
)
QUESTION = re.compile(
    r"(?:help|what can you do|what do you do|who are you|what are you|are you (?:an? )?(?:ai|model|bot|real)"
    r"|how do you work|which model|what model)\b.*|\?+",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True)
class OfflineGateway:
    """Answers a request by at most one tool call and what came of it."""

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Delta, None]:
        if answers := _newest(request.messages, ToolMessage):
            text, call = "\n\n".join(map(_told, answers)), None
        else:
            wishes = [message.text for message in _newest(request.messages, UserMessage)]
            text, call = _response(wishes, request)
        for line in text.splitlines(keepends=True):
            yield TextDelta(text=line)
        if call:
            yield call
        yield FinishDelta(finish=Finish.CALLS if call else Finish.DONE)


def _newest(messages: Sequence[Message], kind: type[M]) -> Sequence[M]:
    """The messages of this kind that the conversation ends with."""
    newest: list[M] = []
    for message in reversed(messages):
        if not isinstance(message, kind):
            break
        newest.insert(0, message)
    return newest


def _told(answer: ToolMessage) -> str:
    if answer.status is ToolStatus.OK:
        return answer.text or "Done; there was nothing to show."
    return f"That did not work: {answer.text}"


def _response(wishes: Sequence[str], request: ModelRequest) -> tuple[str, CallDelta | None]:
    """What to say, and the call to make, about the first of `wishes` that is understood."""
    offered = [tool.name for tool in request.tools]
    for wish in wishes:
        if GREETING.fullmatch(wish.strip()):
            return f"Hello! {WHAT_I_AM}\n\n{_examples(offered)}", None
        if FAREWELL.fullmatch(wish.strip()):
            return "You are welcome.", None
        if QUESTION.match(plain_wish(wish)):
            return f"{WHAT_I_AM}\n\n{_examples(offered)}", None
        if found := plan(wish):
            if found.tool not in offered:
                return f"That needs the tool {found.tool}, which is not offered here.", None
            return "", _call(found.tool, found.arguments, request)
    return f"No built-in rule knows this request. {WHAT_I_AM}\n\n{_examples(offered)}", None


def _examples(offered: Sequence[str]) -> str:
    known = [f"- {EXAMPLES[name]}" for name in EXAMPLES if name in offered]
    return (
        "\n".join(["This is what I understand:", *known]) if known else "No tool is offered, so this is all."
    )


def _call(name: str, arguments: object, request: ModelRequest) -> CallDelta:
    replies = (message for message in request.messages if isinstance(message, AssistantMessage))
    ids = CallIds(frozenset(call.id for reply in replies for call in reply.calls))
    return CallDelta(index=0, id=ids.own(), name=name, arguments=json.dumps(arguments, ensure_ascii=False))
