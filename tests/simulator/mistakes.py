"""The mistakes of weak models: each spoils what was about to be said, or does not fit it.

What comes out are the pieces of a reply as a server would stream them, so that all that reads, mends
and refuses them is met on the way.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from core.deltas import CallDelta, Delta, FinishDelta, TextDelta, ThinkingDelta
from core.messages import AssistantMessage, Finish, ToolCall
from core.protocols import ModelRequest
from core.tools import ToolSpec
from gate.dialects.writing import FORMS, written_calls
from tests.simulator.edits import misremembered, respaced
from tests.simulator.knowledge import Knowledge
from tests.simulator.plan import Act, Call
from tests.simulator.spelling import broken_json, other_types, other_words, wrong_name

Reply = tuple[Delta, ...]
LONGEST_PIECE = 24


@dataclass(frozen=True)
class Moment:
    """What the model was about to do, and what it may go by."""

    right: Act
    known: Knowledge
    request: ModelRequest
    random: Random

    @property
    def call(self) -> Call | None:
        return self.right if isinstance(self.right, Call) else None


def spoken(act: Act, random: Random) -> Reply:
    """The act as it should be."""
    if isinstance(act, str):
        return said(act, random)
    return called(act.name, json.dumps(act.arguments, ensure_ascii=False), random)


def said(text: str, random: Random, finish: Finish = Finish.DONE) -> Reply:
    return (*(TextDelta(text=piece) for piece in pieces(text, random)), FinishDelta(finish=finish))


def called(name: str, arguments: str, random: Random, finish: Finish = Finish.CALLS) -> Reply:
    identity = f"call_{random.randrange(16**8):08x}"
    rest = (CallDelta(index=0, arguments=piece) for piece in pieces(arguments, random))
    return (CallDelta(index=0, id=identity, name=name), *rest, FinishDelta(finish=finish))


def said_again(reply: Reply, random: Random) -> Reply:
    """The same, but for the id of its call."""
    identity = f"call_{random.randrange(16**8):08x}"
    return tuple(
        replace(delta, id=identity) if isinstance(delta, CallDelta) and delta.id else delta for delta in reply
    )


def pieces(text: str, random: Random) -> Sequence[str]:
    found, at = [], 0
    while at < len(text):
        end = at + random.randint(1, LONGEST_PIECE)
        found.append(text[at:end])
        at = end
    return found


def written(call: Call, family: str) -> str:
    """A call in the words of a family."""
    return written_calls([ToolCall(id="", name=call.name, arguments=json.dumps(call.arguments))], family)


def malformed_json(moment: Moment) -> Reply | None:
    if not (call := moment.call):
        return None
    return called(call.name, broken_json(call.arguments, moment.random), moment.random)


def text_dialect(moment: Moment) -> Reply | None:
    if not (call := moment.call):
        return None
    before = moment.random.choice(("", "", f"I use {call.name}.\n\n"))
    return said(before + written(call, moment.random.choice(sorted(FORMS))), moment.random)


def missing_tags(moment: Moment) -> Reply | None:
    if not (call := moment.call):
        return None
    family, tag = moment.random.choice(FORGOTTEN)
    return said(written(call, family).replace(tag, "").strip(), moment.random)


FORGOTTEN = (
    ("hermes", "</tool_call>"),
    ("hermes", "<tool_call>"),
    ("qwen_xml", "</tool_call>"),
    ("qwen_xml", "<tool_call>"),
    ("qwen_xml", "</function>"),
    ("json", "```json\n"),
    ("json", "\n```"),
    ("roost", "</tool>"),
    ("glm", "</tool_call>"),
    ("minimax", "</minimax:tool_call>"),
    ("minimax", "<minimax:tool_call>\n"),
    ("lfm2", "<|tool_call_end|>"),
    ("granite", "<|tool_call|>"),
    ("kimi", "<|tool_calls_section_end|>"),
    ("deepseek", "<｜tool▁calls▁end｜>"),
    ("lm_studio", "[END_TOOL_REQUEST]"),
)
"""Tags that models leave out, and whose."""


def call_in_thoughts(moment: Moment) -> Reply | None:
    """Nothing but thoughts, and in them the call, in the notation of a family or in none."""
    if not (call := moment.call):
        return None
    loosely = f"{call.name}({json.dumps(call.arguments)})"
    said_there = moment.random.choice((written(call, "hermes"), written(call, "qwen_xml"), loosely))
    thoughts = pieces(f"The next step is clear.\n{said_there}", moment.random)
    return (*(ThinkingDelta(text=piece) for piece in thoughts), FinishDelta(finish=Finish.DONE))


def wrong_types(moment: Moment) -> Reply | None:
    if not (call := moment.call):
        return None
    arguments = json.dumps(other_types(call.name, call.arguments, moment.random))
    return called(call.name, arguments, moment.random)


def wrong_tool_name(moment: Moment) -> Reply | None:
    if not (call := moment.call):
        return None
    return called(wrong_name(call.name, moment.random), json.dumps(call.arguments), moment.random)


def wrong_argument_name(moment: Moment) -> Reply | None:
    if not (call := moment.call):
        return None
    return called(call.name, json.dumps(other_words(call.arguments, moment.random)), moment.random)


def cut_call(moment: Moment) -> Reply | None:
    """The reply hits its length limit somewhere within the call."""
    if not (call := moment.call):
        return None
    if moment.random.random() < 0.5:
        arguments = json.dumps(call.arguments)
        cut = arguments[: moment.random.randrange(1, len(arguments))]
        return called(call.name, cut, moment.random, Finish.LENGTH)
    text = written(call, moment.random.choice(("hermes", "qwen_xml", "json")))
    return said(text[: moment.random.randrange(len(text) // 4, len(text) - 1)], moment.random, Finish.LENGTH)


def narrated_intent(moment: Moment) -> Reply | None:
    if not (call := moment.call):
        return None
    deed = DEEDS[call.name].format(**call.arguments)
    return said(moment.random.choice(INTENTS).format(deed=deed), moment.random)


DEEDS = {
    "list_files": "look at the files",
    "find_text": "search for {pattern!r}",
    "find_files": "look for {pattern}",
    "read_file": "read {path}",
    "edit_file": "edit {path}",
    "write_file": "write {path}",
    "shell": "run the checks",
    "data_view": "look into {path}",
}
INTENTS = (
    "I'll now {deed}:",
    "Let me {deed}.",
    "Now I will {deed}.",
    "Next, I'm going to {deed}...",
    "That is what I expected. Let me {deed} to be sure.",
    "First, let's {deed}.",
    "I understand the task.\n\nI will {deed}.",
    "Now I need to {deed}.",
)


def repeated_call(moment: Moment) -> Reply | None:
    """The calls of the newest reply that had any, word for word."""
    replies = [message for message in moment.request.messages if isinstance(message, AssistantMessage)]
    last = next((reply for reply in reversed(replies) if reply.calls), None)
    return called(last.calls[0].name, last.calls[0].arguments, moment.random) if last else None


def empty_reply(moment: Moment) -> Reply | None:
    thought = ThinkingDelta(text="I know what to do.")
    silence = moment.random.choice(((), (TextDelta(text="\n\n"),), (thought,)))
    return (*silence, FinishDelta(finish=Finish.DONE))


def wrong_whitespace(moment: Moment) -> Call | None:
    if not (call := moment.call) or call.name != "edit_file":
        return None
    return Call(call.name, respaced(call.arguments, moment.random))


def stale_edit(moment: Moment) -> Call | None:
    """An edit of what is there no more, or is remembered wrongly; a rewrite of what was never read."""
    return misremembered(moment.right, moment.known, moment.random)


def refused_arguments(moment: Moment) -> Call | None:
    """Arguments of the right names and types that the tool cannot take."""
    if not (call := moment.call):
        return None
    given = {**call.arguments, **moment.random.choice(REFUSED[call.name])}
    return Call(call.name, {name: item for name, item in given.items() if item is not None})


REFUSED: Mapping[str, Sequence[Mapping[str, object]]] = {
    "list_files": ({"path": "nowhere"}, {"path": "../.."}),
    "find_text": ({"path": "nowhere"}, {"pattern": ""}, {"context": -1}, {"pattern": None}),
    "find_files": ({"path": "nowhere"}, {"pattern": None}),
    "read_file": ({"path": "nowhere.py"}, {"start": 9_999}, {"start": 0}, {"path": None}),
    "edit_file": ({"path": "nowhere.py"}, {"old": ""}, {"new": None}, {"old": None}, {"path": "../x.py"}),
    "write_file": ({"content": None}, {"path": None}, {"path": "../x.py"}),
    "shell": ({"command": ""}, {"timeout_seconds": 0}, {"command": None}),
    "data_view": ({"path": "nowhere.csv"}, {"sql": "SELECT nothing FROM nowhere"}),
}
"""For each tool, arguments that are put in the place of the right ones; None: left out."""

Form = Callable[[Moment], Reply | None]
Content = Callable[[Moment], Call | None]

IN_FORM: Mapping[str, Form] = {
    "malformed JSON": malformed_json,
    "text dialect": text_dialect,
    "missing tags": missing_tags,
    "call in thoughts": call_in_thoughts,
    "wrong types": wrong_types,
    "wrong tool name": wrong_tool_name,
    "wrong argument name": wrong_argument_name,
    "cut call": cut_call,
    "narrated intent": narrated_intent,
    "repeated call": repeated_call,
    "empty reply": empty_reply,
}
IN_CONTENT: Mapping[str, Content] = {
    "wrong whitespace": wrong_whitespace,
    "stale edit": stale_edit,
    "refused arguments": refused_arguments,
}
KINDS = (*IN_FORM, *IN_CONTENT)


def mistaken(kind: str, moment: Moment) -> Reply | None:
    """What is said instead; None where the kind does not fit what the model was about to do."""
    if make := IN_FORM.get(kind):
        return make(moment)
    call = IN_CONTENT[kind](moment)
    return spoken(call, moment.random) if call else None


def held(kind: str | None, moment: Moment) -> Reply:
    """All that can be said when the server holds the reply to the arguments of a tool: no form can be wrong."""
    assert moment.request.held_to
    tool = moment.request.held_to.tool
    call = IN_CONTENT[kind](moment) if kind in IN_CONTENT else moment.right
    for meant in (call, moment.right):
        if isinstance(meant, Call) and meant.name == tool.name and not _missing(tool, meant):
            return said(json.dumps(meant.arguments), moment.random)
    return said(json.dumps(dict.fromkeys(tool.parameters.get("required", ()), "")), moment.random)


def _missing(tool: ToolSpec, call: Call) -> set[str]:
    return set(tool.parameters.get("required", ())) - set(call.arguments)
