"""What a model meant, told from what it wrote."""

from dataclasses import dataclass, field

from core.conversation import Conversation
from core.events import Event, NoteAdded, ReplyMended
from core.messages import AssistantMessage, Finish, Text, Thinking, ToolCall
from flow.prompts import prompt
from flow.repair import ReplyRepair
from tool.registry import Registry

EMPTY = AssistantMessage(parts=(Thinking(text="Hm."),))
DONE = AssistantMessage(parts=(Text(text="Done."),))
ASKED_AGAIN = ReplyMended(what="The reply was empty: asked again.")


@dataclass
class Model:
    """Gives these replies when it is asked again, and remembers what was told."""

    replies: list[AssistantMessage] = field(default_factory=list)
    told: list[Event] = field(default_factory=list)

    async def ask(self, conversation: Conversation) -> AssistantMessage:
        return self.replies.pop(0)

    async def tell(self, event: Event) -> None:
        self.told.append(event)

    async def mended(self, reply: AssistantMessage) -> AssistantMessage:
        return await ReplyRepair().mend(reply, Conversation(), Registry([]), self.ask, self.tell)


async def test_a_reply_that_is_in_order_stays_as_it_is() -> None:
    model, reply = Model(), calling('{"path": "a"}')

    assert await model.mended(reply) == reply
    assert model.told == []


async def test_an_empty_reply_is_asked_for_again_and_the_second_time_with_a_word() -> None:
    model = Model([EMPTY, DONE])

    assert await model.mended(EMPTY) == DONE
    note = NoteAdded(source="empty_reply", text=prompt("empty_reply"))
    assert model.told == [ASKED_AGAIN, ASKED_AGAIN, note]


async def test_a_model_that_stays_silent_is_not_asked_for_ever() -> None:
    assert await Model([EMPTY, EMPTY]).mended(EMPTY) == EMPTY


async def test_arguments_that_are_almost_json_are_mended_and_that_is_told() -> None:
    model = Model()

    reply = await model.mended(calling("{'path': 'a',}"))

    assert reply == calling('{"path": "a"}')
    assert model.told == [ReplyMended(what="The arguments of look were almost JSON: mended.")]


async def test_what_was_cut_off_is_never_completed() -> None:
    reply = calling('{"content": "half", "path": "a"', finish=Finish.LENGTH)

    assert await Model().mended(reply) == reply


async def test_calls_that_share_an_id_get_ids_of_their_own() -> None:
    reply = await Model().mended(calling("{}", "{}", "{}"))

    assert [call.id for call in reply.calls] == ["c", "c-2", "c-3"]


async def test_of_a_reply_in_circles_each_span_stays_once() -> None:
    model, span = Model(), "I should look at the file again. "
    circles = AssistantMessage(parts=(Thinking(text=span * 8),), finish=Finish.REPEATED)

    reply = await model.mended(circles)

    assert reply == AssistantMessage(parts=(Thinking(text=span),), finish=Finish.REPEATED)
    assert model.told == [ReplyMended(what="The reply went round in circles: cut.")]


def calling(*arguments: str, finish: Finish = Finish.CALLS) -> AssistantMessage:
    calls = tuple(ToolCall(id="c", name="look", arguments=text) for text in arguments)
    return AssistantMessage(parts=calls, finish=finish)
