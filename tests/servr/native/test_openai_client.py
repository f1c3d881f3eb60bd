"""What the `openai` client gets from a real model of random weights: chats, streams, calls, JSON and numbers."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from openai import AsyncOpenAI, BadRequestError

from core.errors import ContextOverflow
from gate.dialects import Scanner
from gate.dialects.table import THOUGHTS
from gate.dialects.writing import reply_form
from gate.errors_of import Refusal, error_of
from servr.native.asking import Asked, Counts, Engine, ModelFacts, Told
from servr.native.engine.loading import Wanted, engine, load
from servr.native.grammars.grammars import MaskingGrammars
from servr.native.parts import Talking
from servr.native.prompts.prompts import TemplatePrompts
from servr.native.replies import reply_readers
from tests.servr.native.brief import Brief
from tests.servr.native.doubles import served_at
from tests.servr.native.models import Made

pytestmark = [pytest.mark.slow, pytest.mark.server]

HELLO: Any = [{"role": "user", "content": "What is in docs/decisions?"}]
PLACE = {
    "type": "object",
    "properties": {"path": {"enum": ["docs", "tests"]}, "deep": {"type": "boolean"}},
    "required": ["path", "deep"],
    "additionalProperties": False,
}
TOOLS: Any = [
    {"type": "function", "function": {"name": "list_files", "parameters": PLACE, "strict": True}},
    {"type": "function", "function": {"name": "go", "parameters": PLACE}},
]
WINDOW = 2_048
NAME = "qwen3"
SEEDS, MOST_TOKENS = 6, 600
"""Tokens enough for any such call, also where every blank is written that may be."""


@dataclass
class Lasting:
    """An engine that outlives the servers before it."""

    inner: Engine

    @property
    def facts(self) -> ModelFacts:
        return self.inner.facts

    def ask(self, asked: Asked) -> AsyncGenerator[Told, None]:
        return self.inner.ask(asked)

    def counts(self) -> Counts:
        return self.inner.counts()

    async def close(self) -> None:
        """Whoever made it does that."""


@pytest.fixture(scope="module")
def model(model_folder: Callable[[Made], Path]) -> Iterator[Talking]:
    loaded = load(Wanted(str(model_folder(Made())), dtype="float32", window_tokens=WINDOW, slots=4))
    brief = replace(loaded, model=Brief(loaded.model, loaded.tokenizer))
    facts, working = loaded.facts, engine(brief)
    grammars = MaskingGrammars(
        loaded.tokenizer.backend_tokenizer.to_str(),
        reply_form("hermes"),
        vocabulary=facts.vocabulary,
        end_tokens=facts.end_tokens,
    )
    readers = reply_readers(
        lambda tools, thinking: Scanner(tools, "hermes", thinking=thinking), thoughts=dict(THOUGHTS)
    )
    yield Talking(Lasting(working), TemplatePrompts(loaded.tokenizer), grammars, readers, "hermes")
    asyncio.run(working.close())


@pytest.fixture
async def client(model: Talking) -> AsyncIterator[AsyncOpenAI]:
    async with served_at(model) as url, AsyncOpenAI(base_url=url, api_key="none", max_retries=0) as client:
        yield client


def all_said(said: Any) -> str:
    """Thoughts and text. Where a model closes a thought that it never opened, they depend on what came at once."""
    return (getattr(said, "reasoning_content", None) or "") + (said.content or "")


async def test_a_stream_says_what_an_answer_in_one_piece_says(client: AsyncOpenAI) -> None:
    asked: Any = {"model": NAME, "messages": HELLO, "max_tokens": 60, "temperature": 0.8, "seed": 5}

    whole = await client.chat.completions.create(**asked)
    stream = await client.chat.completions.create(
        **asked, stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]

    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    assert "".join(map(all_said, deltas)) == all_said(whole.choices[0].message) != ""
    assert whole.usage.completion_tokens == chunks[-1].usage.completion_tokens <= 60
    assert whole.usage.prompt_tokens == chunks[-1].usage.prompt_tokens
    assert chunks[-1].usage.prompt_tokens_details.cached_tokens > 0
    assert chunks[-1].timings["predicted_n"] == whole.usage.completion_tokens


@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "go"}}])
async def test_a_call_that_is_wanted_comes_and_fits_its_schema(client: AsyncOpenAI, choice: Any) -> None:
    for seed in range(SEEDS):
        stream = await client.chat.completions.create(
            model=NAME,
            messages=HELLO,
            tools=TOOLS,
            tool_choice=choice,
            parallel_tool_calls=False,
            seed=seed,
            max_tokens=MOST_TOKENS,
            stream=True,
        )
        chunks = [chunk async for chunk in stream]
        pieces = [piece for chunk in chunks for piece in chunk.choices[0].delta.tool_calls or ()]
        assert chunks[-1].choices[0].finish_reason == "tool_calls"
        assert_fits("".join(piece.function.arguments or "" for piece in pieces))
        assert pieces[0].function.name in (("go",) if isinstance(choice, dict) else ("list_files", "go"))
        assert [piece.id[:5] for piece in pieces if piece.id] == ["call_"]


def assert_fits(text: str) -> None:
    place = json.loads(text)
    assert place.keys() == {"path", "deep"}
    assert (place["path"] in ("docs", "tests"), type(place["deep"])) == (True, bool)


async def test_a_call_and_its_answer_go_on_from_what_was_read(client: AsyncOpenAI) -> None:
    asked: Any = {"model": NAME, "tools": TOOLS, "seed": 3, "max_tokens": 40}
    first = await client.chat.completions.create(messages=HELLO, **asked)
    call = {"id": "c1", "type": "function", "function": {"name": "go", "arguments": '{"path": "docs"}'}}
    called = {"role": "assistant", "content": first.choices[0].message.content, "tool_calls": [call]}
    answer = {"role": "tool", "tool_call_id": "c1", "content": "0001-dependencies.md"}

    second = await client.chat.completions.create(messages=[*HELLO, called, answer], **asked)

    assert second.usage.prompt_tokens > first.usage.prompt_tokens
    assert second.usage.prompt_tokens_details.cached_tokens >= first.usage.prompt_tokens - 8


async def test_what_the_client_has_parsed_may_be_sent_back(client: AsyncOpenAI) -> None:
    function = {"name": "go", "arguments": '{"path": "docs"}', "parsed_arguments": {"path": "docs"}}
    call = {"id": "c1", "type": "function", "function": function}
    called = {"role": "assistant", "content": "{}", "parsed": {}, "tool_calls": [call]}
    answer: Any = {"role": "tool", "tool_call_id": "c1", "content": "0001-dependencies.md"}

    reply = await client.chat.completions.create(
        model=NAME, messages=[*HELLO, called, answer], tools=TOOLS, max_tokens=1
    )

    assert reply.usage.completion_tokens == 1


async def test_json_fits_its_schema(client: AsyncOpenAI) -> None:
    wanted: Any = {"type": "json_schema", "json_schema": {"name": "place", "schema": PLACE, "strict": True}}

    answers = [
        await client.chat.completions.create(
            model=NAME, messages=HELLO, response_format=wanted, seed=seed, max_tokens=MOST_TOKENS
        )
        for seed in range(SEEDS)
    ]

    assert [one.choices[0].finish_reason for one in answers] == ["stop"] * SEEDS
    for one in answers:
        assert_fits(one.choices[0].message.content)


async def test_log_probabilities_are_of_the_tokens_that_were_written(client: AsyncOpenAI) -> None:
    answer = await client.chat.completions.create(
        model=NAME, messages=HELLO, logprobs=True, top_logprobs=3, max_tokens=12, temperature=0
    )

    told = answer.choices[0].logprobs.content
    assert "".join(one.token for one in told) == answer.choices[0].message.content
    assert answer.usage.completion_tokens - len(told) in (0, 1)  # the end of the turn is none of the text
    assert all(one.token == one.top_logprobs[0].token for one in told)
    assert all(one.logprob == one.top_logprobs[0].logprob <= 0 for one in told)


async def test_a_text_goes_on_until_a_text_that_stops_it(client: AsyncOpenAI) -> None:
    asked: Any = {"model": NAME, "prompt": "The index", "max_tokens": 40, "temperature": 0}
    whole = (await client.completions.create(**asked)).choices[0].text
    stop = whole[10:13]

    stopped = (await client.completions.create(**asked, stop=stop)).choices[0]

    assert (stopped.text, stopped.finish_reason) == (whole[: whole.index(stop)], "stop")


async def test_a_count_is_that_of_the_prompt(client: AsyncOpenAI) -> None:
    answer = await client.chat.completions.create(model=NAME, messages=HELLO, tools=TOOLS, max_tokens=1)

    counted = await client.post(
        str(client.base_url).replace("/v1/", "/tokenize"),
        body={"messages": HELLO, "tools": TOOLS},
        cast_to=object,
    )

    assert (counted["count"], counted["max_model_len"]) == (answer.usage.prompt_tokens, WINDOW)


async def test_what_does_not_fit_is_refused_in_words_that_our_client_knows(client: AsyncOpenAI) -> None:
    with pytest.raises(BadRequestError) as refused:
        await client.chat.completions.create(
            model=NAME, messages=[{"role": "user", "content": "word " * WINDOW}]
        )

    answer = refused.value.response
    error = error_of(Refusal(url=str(client.base_url), status=answer.status_code, body=answer.text))
    assert (type(error), refused.value.code) == (ContextOverflow, "context_length_exceeded")
    assert error.limit_tokens == WINDOW
