"""Another model gets the floor in the middle of a session: what was said reaches it, in its own form."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from boot.settings import Settings
from boot.wiring import NEW_SESSION, Choice, Opened, People, open_session
from core.conversation import Conversation
from core.errors import AgentError
from core.events import ContextShrunk, ModelSwitched, Outcome
from tests.fakes import Asked, FakeServer, Page, bodies

NATIVE, TOLD, SHORT = "qwen3-8b", "gemma-3-4b-it", "qwen3-0.6b"
HOSTED = "gemini-2.5-pro"
SIGNATURE = {"google": {"thought_signature": "c2lnbmVk"}}


def said(text: str) -> dict[str, Any]:
    return {"content": text}


def called(name: str, *, extra: Mapping[str, object] | None = None, **arguments: object) -> dict[str, Any]:
    function = {"name": name, "arguments": json.dumps(arguments)}
    vendor = {"extra_content": extra} if extra else {}
    return {"tool_calls": [{"index": 0, "id": "call_1", "function": function, **vendor}]}


class House(FakeServer):
    """A server with several models, which answer in turn with `replies`."""

    def __init__(self, *replies: dict[str, Any]) -> None:
        self.replies = list(replies)
        windows = {NATIVE: 32_768, TOLD: 32_768, SHORT: 4_096}
        models = ({"id": name, "context_length": window} for name, window in windows.items())
        super().__init__({"/v1/models": bodies.listed(*models), "/v1/chat/completions": self._reply})

    @property
    def requests(self) -> list[Asked]:
        return [asked for asked in self.log if asked.path.endswith("/chat/completions")]

    def _reply(self, _: Asked) -> Page:
        delta = self.replies.pop(0)
        finish = "tool_calls" if "tool_calls" in delta else "stop"
        chunk = json.dumps({"choices": [{"delta": delta, "finish_reason": finish}]})
        return Page((f"data: {chunk}\n\ndata: [DONE]\n\n".encode(),), kind="text/event-stream")


def settings_of(server: FakeServer, folder: Path, **more: Any) -> Settings:
    return Settings(model_url=server.url, model=NATIVE, workspace=str(folder), **more)


async def turn(opened: Opened, text: str = "Go on.") -> Outcome:
    return (await opened.session.send(text)).outcome


def roles(asked: Asked) -> list[str]:
    return [message["role"] for message in asked.json["messages"]]


async def test_what_a_native_model_did_is_told_to_another_in_words_and_nothing_is_lost(
    tmp_path: Path,
) -> None:
    (tmp_path / "a.txt").touch()
    with House(
        called("list_files"),
        said("There is a.txt."),
        said('Again.\n<tool name="list_files">{}</tool>'),
        said("Still a.txt."),
        said("Yes."),
    ) as server:
        async with open_session(settings_of(server, tmp_path)) as opened:
            await turn(opened, "What is here?")
            sentences = await opened.models.switch("gemma")
            outcome = await turn(opened, "And now?")
            await opened.models.switch("back")
            await turn(opened, "Sure?")
            events = [record.event for record in opened.session.log.records()]
            conversation = opened.session.conversation

    first, last = server.requests[1], server.requests[4]
    told = server.requests[3].json
    texts = [message["content"] for message in told["messages"]]
    assert sentences == (f"Going on with {TOLD} at {server.url}, with a window of 32,768 tokens.",)
    assert outcome is Outcome.DONE
    assert [asked.json["model"] for asked in server.requests] == [NATIVE, NATIVE, TOLD, TOLD, NATIVE]
    assert "tools" not in told
    assert texts[2:] == [
        '<tool name="list_files">{}</tool>',
        '<tool_result name="list_files">\n[data]\na.txt\n[/data]\n</tool_result>',
        "There is a.txt.",
        "And now?",
        'Again.\n<tool name="list_files">{}</tool>',
        '<tool_result name="list_files">\n[data]\na.txt\n[/data]\n</tool_result>',
    ]
    assert '{"name":"list_files"' in texts[0]
    assert roles(last)[2:] == [
        "assistant",
        "tool",
        "assistant",
        "user",
        "assistant",
        "tool",
        "assistant",
        "user",
    ]
    assert last.body.startswith(first.body.removesuffix(b"]}"))
    assert [event for event in events if isinstance(event, ModelSwitched)] == [
        ModelSwitched(model=TOLD, place=server.url),
        ModelSwitched(model=NATIVE, place=server.url),
    ]
    assert Conversation.replay(events) == conversation


async def test_a_model_that_is_told_of_its_tools_is_sent_each_request_behind_the_bytes_of_the_one_before(
    tmp_path: Path,
) -> None:
    call = said('<tool name="list_files">{}</tool>')
    with House(call, call, said("One."), call, said("Two.")) as server:
        async with open_session(replace(settings_of(server, tmp_path), model=TOLD)) as opened:
            await turn(opened)
            await turn(opened)

    sent = [asked.body for asked in server.requests]
    assert len(sent) == 5
    assert all(after.startswith(before.removesuffix(b"]}")) for before, after in pairwise(sent))


async def test_the_conversation_is_shortened_for_a_smaller_window_before_it_is_asked(tmp_path: Path) -> None:
    long = "word " * 5_000
    with House(said("One."), said("Two."), said("Three.")) as server:
        async with open_session(settings_of(server, tmp_path)) as opened:
            await turn(opened, long)
            await turn(opened)
            await opened.models.switch(SHORT)
            outcome = await turn(opened, "And now?")
            events = [record.event for record in opened.session.log.records()]

    assert outcome is Outcome.DONE
    assert [event.reason for event in events if isinstance(event, ContextShrunk)] == [
        "The window was nearly full."
    ]
    assert len(server.requests[-1].body) < 4_096 * 4
    assert "And now?" in server.requests[-1].json["messages"][-1]["content"]


async def test_how_much_a_tool_may_answer_follows_the_model(tmp_path: Path) -> None:
    (tmp_path / "long.txt").write_text("line\n" * 3_000)
    read = called("read_file", path="long.txt", count=2_000)
    with House(read, said("One."), read, said("Two.")) as server:
        async with open_session(settings_of(server, tmp_path)) as opened:
            await turn(opened)
            await opened.models.switch(SHORT)
            await turn(opened)

    lengths = [len(asked.json["messages"][-1]["content"]) for asked in server.requests[1::2]]
    assert 2_000 < lengths[0] <= 8_000
    assert lengths[1] <= 2_000


async def test_a_long_task_goes_to_gemini_and_comes_back_with_what_it_did(tmp_path: Path) -> None:
    with (
        House(said("One."), said("Two.")) as server,
        House(called("list_files", extra=SIGNATURE), said("Done."), said("Again.")) as gemini,
    ):
        ours = settings_of(server, tmp_path, gemini_url=f"{gemini.root}/v1", gemini_api_key="k")
        async with open_session(ours) as opened:
            await turn(opened)
            listed = await opened.models.servers()
            await opened.models.switch("gemini")
            await turn(opened, "Now the long one.")
            profile, model = opened.models.active.profile, opened.models.model
            await opened.models.switch("back")
            await turn(opened)
            await opened.models.switch("GEMINI")
            await turn(opened)

    assert [facts.url for facts in listed] == [server.url, gemini.url]
    assert (model, profile.hosted, profile.output_chars) == (HOSTED, True, 20_000)
    assert [asked.headers.get("authorization") for asked in gemini.requests] == ["Bearer k"] * 3
    assert [asked.headers.get("authorization") for asked in server.requests] == [None, None]
    assert "temperature" not in gemini.requests[0].json
    assert roles(server.requests[1])[-5:] == ["user", "assistant", "tool", "assistant", "user"]
    signed = gemini.requests[2].json["messages"][4]["tool_calls"][0]
    assert signed["extra_content"] == SIGNATURE


async def test_gemini_is_there_also_when_the_local_server_is_gone(tmp_path: Path) -> None:
    with House(said("One.")) as gemini:
        ours = Settings(
            model_url="http://127.0.0.1:1/v1",
            model=NATIVE,
            workspace=str(tmp_path),
            gemini_url=gemini.url,
            gemini_api_key="k",
        )
        async with open_session(ours) as opened:
            await opened.models.switch("gemini")

            assert await turn(opened) is Outcome.DONE
            with pytest.raises(AgentError, match="Is the model server running"):
                await opened.models.switch("back")
            assert opened.models.model == HOSTED


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ("qwen3", f"'qwen3' may be any of these: {NATIVE}, {SHORT}. Give more of the name."),
        ("gema-3-4b", f"There is no model 'gema-3-4b'. Did you mean {TOLD}?"),
        ("zzz", f"There is no model 'zzz'. There are {NATIVE}, {TOLD}, {SHORT}."),
        ("back", "There is no model to go back to. /model lists those there are."),
        ("gemini", "Gemini needs a key. Set GEMINI_API_KEY in the environment or in .env."),
    ],
)
async def test_a_name_that_cannot_be_meant_is_answered_in_a_sentence(
    wanted: str, sentence: str, tmp_path: Path
) -> None:
    with House(said("One.")) as server:
        async with open_session(settings_of(server, tmp_path)) as opened:
            with pytest.raises(AgentError) as raised:
                await opened.models.switch(wanted)

            assert str(raised.value) == sentence
            assert opened.models.model == NATIVE
            assert await turn(opened) is Outcome.DONE


async def test_a_model_that_only_embeds_is_refused(tmp_path: Path) -> None:
    with FakeServer(bodies.LM_STUDIO) as server:
        async with open_session(Settings(model_url=server.url, workspace=str(tmp_path))) as opened:
            with pytest.raises(AgentError, match="only turns texts into numbers"):
                await opened.models.switch("nomic")


async def test_a_server_that_lists_no_models_is_asked_for_any(tmp_path: Path) -> None:
    with House(said("One."), said("Two.")) as server:
        server.pages = {**server.pages, "/v1/models": {"detail": "nothing to see"}}
        async with open_session(settings_of(server, tmp_path)) as opened:
            await turn(opened)
            await opened.models.switch("anything")
            await turn(opened)

    assert [asked.json["model"] for asked in server.requests] == [NATIVE, "anything"]


@dataclass
class Meddler:
    """Is asked a question in the middle of a turn, and tries to switch the model meanwhile."""

    opened: list[Opened] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)

    async def ask(self, question: str, choices: Sequence[str]) -> str:
        try:
            await self.opened[0].models.switch(TOLD)
        except AgentError as error:
            self.refusals.append(str(error))
        return "This one."


@pytest.mark.parametrize(
    ("pages", "sentence"),
    [
        ({"/v1/models": bodies.listed()}, "{url} has no model. /model NAME tries one by its name."),
        ({}, "{url} does not say which models it has. /model NAME tries one by its name."),
    ],
)
async def test_where_there_is_nothing_to_choose_from_it_is_said(
    pages: bodies.Pages, sentence: str, tmp_path: Path
) -> None:
    with FakeServer(pages) as server:
        async with open_session(settings_of(server, tmp_path)) as opened:
            with pytest.raises(AgentError) as raised:
                await opened.models.servers()

    assert str(raised.value) == sentence.format(url=server.url)


async def test_a_server_that_was_started_meanwhile_takes_over_from_the_built_in_rules(tmp_path: Path) -> None:
    with House(said("One.")) as server:
        ours = Settings(workspace=str(tmp_path))
        async with open_session(ours, Choice(model="offline")) as opened:
            opened.models.local_urls = (server.url,)
            await turn(opened, "List the files.")
            await opened.models.switch(NATIVE)
            await turn(opened)
            await opened.models.switch("back")
            await turn(opened, "List the files.")

            assert (opened.models.model, len(server.requests)) == ("offline", 1)


async def test_nobody_switches_while_a_turn_runs(tmp_path: Path) -> None:
    meddler = Meddler()
    with House(called("ask_user", question="Which?"), said("One.")) as server:
        ours = settings_of(server, tmp_path)
        async with open_session(ours, people=People(asker=meddler)) as opened:
            meddler.opened.append(opened)
            await turn(opened)
            model = opened.models.model
            await opened.models.switch(TOLD)

            assert meddler.refusals == ["A turn is running. Switch when it has ended."]
            assert (model, opened.models.model) == (NATIVE, TOLD)


async def test_the_model_that_has_the_floor_keeps_it(tmp_path: Path) -> None:
    with House(said("One.")) as server:
        async with open_session(settings_of(server, tmp_path)) as opened:
            await turn(opened)

            assert await opened.models.switch("qwen3-8") == (f"{NATIVE} has the floor already.",)
            assert not [one for one in opened.session.log.records() if isinstance(one.event, ModelSwitched)]


async def test_a_switch_before_the_first_word_leaves_no_file_and_counts_as_the_beginning(
    tmp_path: Path,
) -> None:
    with House(said("One.")) as server:
        async with open_session(settings_of(server, tmp_path)) as opened:
            await opened.models.switch(TOLD)
            log = opened.session.log
            before = log.path.exists()
            await turn(opened)

    assert (before, log.header.model, log.header.profile.name) == (False, TOLD, "gemma3")
    assert server.requests[0].json["model"] == TOLD


RESUMED_AS = Choice(newest=True)
RESUMED = Choice(newest=True, last_model=True)


@pytest.mark.parametrize(
    ("choice", "model", "asked"),
    [
        (RESUMED, NATIVE, TOLD),
        (RESUMED, "", TOLD),
        (Choice(newest=True), NATIVE, NATIVE),
        (Choice(newest=True), SHORT, SHORT),
        (NEW_SESSION, NATIVE, NATIVE),
    ],
)
async def test_a_session_goes_on_with_the_model_it_used_last_unless_another_is_named(
    choice: Choice, model: str, asked: str, tmp_path: Path
) -> None:
    with House(called("list_files"), said("One."), said("Two."), said("Three.")) as server:
        ours = settings_of(server, tmp_path)
        async with open_session(ours) as opened:
            await turn(opened)
            await opened.models.switch(TOLD)
            await turn(opened)
        async with open_session(replace(ours, model=model), choice) as opened:
            await turn(opened)

    assert server.requests[-1].json["model"] == asked
    before, after = server.requests[-2].body, server.requests[-1].body
    assert after.startswith(before.removesuffix(b"]}")) is (asked == TOLD)


@pytest.mark.parametrize(("first", "then"), [(NATIVE, TOLD), (TOLD, NATIVE)])
async def test_a_session_that_is_resumed_with_another_model_is_told_to_it_as_it_takes_it(
    first: str, then: str, tmp_path: Path
) -> None:
    calls = {NATIVE: called("list_files"), TOLD: said('<tool name="list_files">{}</tool>')}
    with House(calls[first], said("One."), calls[then], said("Two.")) as server:
        async with open_session(replace(settings_of(server, tmp_path), model=first)) as opened:
            await turn(opened)
        async with open_session(replace(settings_of(server, tmp_path), model=then), RESUMED_AS) as opened:
            outcome = await turn(opened)

    native = ["user", "assistant", "tool", "assistant"] * 2
    expected = native if then == NATIVE else ["user", "assistant"] * 4
    assert outcome is Outcome.DONE
    assert roles(server.requests[-1])[1:] == expected[:-1]
    assert ("tools" in server.requests[-1].json) is (then == NATIVE)


async def test_a_session_whose_model_is_gone_goes_on_with_the_one_that_is_set_and_says_so(
    tmp_path: Path,
) -> None:
    with House(said("One."), said("Two."), said("Three.")) as server:
        ours = settings_of(server, tmp_path)
        async with open_session(ours) as opened:
            await turn(opened)
            await opened.models.switch(TOLD)
            await turn(opened)
        server.pages = {**server.pages, "/v1/models": bodies.listed({"id": NATIVE})}
        async with open_session(ours, RESUMED) as opened:
            await turn(opened)

    assert f"{TOLD!r}, which it used last, is not there: going on with {NATIVE!r}." in opened.notices
    assert server.requests[-1].json["model"] == NATIVE


async def test_a_session_that_was_left_with_gemini_is_taken_up_there(tmp_path: Path) -> None:
    with House(said("One.")) as server, House(said("Two."), said("Three.")) as gemini:
        ours = settings_of(server, tmp_path, gemini_url=gemini.url, gemini_api_key="k")
        async with open_session(ours) as opened:
            await turn(opened)
            await opened.models.switch("gemini")
            await turn(opened)
        async with open_session(ours, RESUMED) as opened:
            await turn(opened)

    assert [len(one.requests) for one in (server, gemini)] == [1, 2]
    assert opened.model == HOSTED


def names(opened: Opened) -> Sequence[str]:
    return [tool.name for tool in opened.session.loop.tools]


async def test_tools_stay_those_of_the_sessions_beginning(tmp_path: Path) -> None:
    with House(said("One."), said("Two.")) as server:
        async with open_session(
            replace(settings_of(server, tmp_path), model=SHORT, window_tokens=4_096)
        ) as opened:
            await turn(opened)
            await opened.models.switch(NATIVE)
            await turn(opened)

    assert [tool["function"]["name"] for tool in server.requests[0].json["tools"]] == names(opened)
    assert server.requests[1].json["tools"] == server.requests[0].json["tools"]
