"""What was done in a session, as far as skills can be drafted of it: code and commands that worked."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Literal

from core.events import ModelReplied, Record, ToolFinished
from core.messages import ToolCall, ToolStatus
from core.values import value
from core.views import CodeResult, CommandOutput

TEXTS = {"pyexe": "code", "shell": "command"}
"""By tool: the argument that says what was done."""


SECRET = re.compile(
    r"\[masked |-----BEGIN|\bBearer\s+\S{8}|://[^/\s:@]+:[^/\s@]+@"
    r"|--(?:password|passwd|token|secret|api-key)[= ]\S"
    r"|\b(?:sk|pk|rk|ghp|gho|ghs|ghu|github_pat|glpat|hf|xox[abps]|AKIA|ASIA|AIza|eyJ)[-_]?[-_A-Za-z0-9]{16}"
    r"|(?i:passw(?:or)?d|token|secret|api_?key)(?:=[^\s$'\"=()]{6}|['\"]?\]?\s*[=:,]\s*['\"][^\s'\"]{6})"
)
"""What looks like a key or a password: a draft lies in the project, and is soon in its repository."""


@value
class Deed:
    session: str
    kind: Literal["code", "command"]
    text: str
    answer: str
    """What the model read of it."""


def deeds_of(records: Iterable[Record]) -> Iterator[Deed]:
    """In their order; what failed is left out, and what looks as if it held a secret."""
    calls: dict[str, ToolCall] = {}
    for record in records:
        match record.event:
            case ModelReplied(reply=reply):
                calls |= {call.id: call for call in reply.calls if call.name in TEXTS}
            case ToolFinished(call_id=call_id) as finished if call_id in calls and _worked(finished):
                call = calls[call_id]
                kind: Literal["code", "command"] = "code" if call.name == "pyexe" else "command"
                text = _text(call.arguments, TEXTS[call.name])
                if text and not SECRET.search(f"{text}\n{finished.text}"):
                    yield Deed(session=record.session, kind=kind, text=text, answer=finished.text)
            case _:
                pass


def _worked(finished: ToolFinished) -> bool:
    if finished.status is not ToolStatus.OK:
        return False
    match finished.view:
        case CodeResult(failed=failed):
            return not failed
        case CommandOutput(exit_code=exit_code):
            return exit_code == 0
        case _:
            return False


def _text(arguments: str, name: str) -> str:
    try:
        found = json.loads(arguments)
    except ValueError:
        return ""
    text = found.get(name) if isinstance(found, dict) else None
    return text if isinstance(text, str) else ""
