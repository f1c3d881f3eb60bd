"""Whatever a request is, it is answered in one clear sentence: what is wrong with it, and where."""

import json
from pathlib import Path
from typing import Any

import pytest

from core.tools import ToolSpec
from servr.native.api.bodies import json_object
from servr.native.api.fields import HARMLESS, ChatFields, CompletionFields, CountFields, EmbeddingFields
from servr.native.parts import Abilities, Held
from servr.native.scripted import ScriptedEngine, says
from tests.servr.native.doubles import BytePrompts, NoGrammars, client_of, talking

HELLO = {"role": "user", "content": "Hello."}
CALL = {"id": "c1", "type": "function", "function": {"name": "ls", "arguments": "{}"}}
CALLED = {"role": "assistant", "content": None, "tool_calls": [CALL]}
LS = {
    "type": "function",
    "function": {"name": "ls", "description": "List.", "parameters": {"type": "object"}},
}


async def refused(**fields: Any) -> tuple[int, str, str]:
    return await answered(json.dumps({"messages": [HELLO], **fields}).encode())


async def answered(body: bytes, page: str = "/v1/chat/completions") -> tuple[int, str, str]:
    async with client_of(talking(ScriptedEngine([says("Hi.")]))) as client:
        answer = await client.post(page, content=body)
    error = answer.json()["error"]
    return answer.status_code, error["param"], error["message"]


@pytest.mark.parametrize(
    ("fields", "param", "sentence"),
    [
        ({"temprature": 1}, "temprature", "'temprature' is not supported. Did you mean temperature?"),
        ({"functions": []}, "functions", "functions is not supported. Use tools."),
        ({"n": 2}, "n", "n can only be 1 here: one reply is written for a request."),
        ({"n": True}, "n", "n can only be 1 here: one reply is written for a request."),
        (
            {"logit_bias": {"5": 1}},
            "logit_bias",
            "logit_bias can only be {} here: tokens are not biased.",
        ),
        ({"temperature": "hot"}, "temperature", "temperature should be a number, not 'hot'."),
        ({"temperature": -1}, "temperature", "temperature should be at least 0.0."),
        ({"max_tokens": 0}, "max_tokens", "max_tokens should be at least 1."),
        ({"max_tokens": True}, "max_tokens", "max_tokens should be a whole number, not True."),
        (
            {"max_tokens": 1, "max_completion_tokens": 2},
            "max_completion_tokens",
            "max_tokens is 1 and max_completion_tokens is 2: say one of them.",
        ),
        ({"stream": "yes"}, "stream", "stream should be true or false, not 'yes'."),
        ({"stream_options": {}}, "stream_options", "stream_options needs stream to be true."),
        (
            {"stream": True, "stream_options": {"continuous": True}},
            "stream_options.continuous",
            "'stream_options.continuous' is not supported.",
        ),
        ({"top_logprobs": 3}, "top_logprobs", "top_logprobs needs logprobs to be true."),
        ({"stop": [""]}, "stop", "stop should be up to 16 texts that are not empty."),
        ({"stop": 5}, "stop", "stop should be up to 16 texts that are not empty."),
        ({"repetition_penalty": 1e-300}, "repetition_penalty", "repetition_penalty should be at least 0.01."),
        ({"top_p": 0}, "top_p", "top_p should be more than 0.0."),
        ({"seed": 2**63}, "seed", f"seed should be at most {2**63 - 1}."),
        (
            {"tools": [LS], "tool_choice": False},
            "tool_choice",
            "tool_choice should be auto, none, required or a function.",
        ),
        (
            {"tools": [LS], "tool_choice": ""},
            "tool_choice",
            "tool_choice should be auto, none, required or a function.",
        ),
        ({"model": "gpt"}, "model", "The model 'gpt' does not exist here; 'scripted' is served."),
        (
            {"chat_template_kwargs": {"think": False}},
            "chat_template_kwargs.think",
            "chat_template_kwargs.think: the model's template looks at enable_thinking, reasoning_effort.",
        ),
        (
            {"response_format": {"type": "xml"}},
            "response_format.type",
            "response_format.type should be text, json_object or json_schema, not 'xml'.",
        ),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "x"}}},
            "response_format.json_schema.schema",
            "response_format.json_schema.schema is missing.",
        ),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"schema": {"unheard": 1}}}},
            "response_format",
            "unheard cannot be enforced.",
        ),
        ({"tools": {}}, "tools", "tools should be a list, not {}."),
        ({"tools": [{"type": "web"}]}, "tools[0].type", "tools[0].type should be 'function', not 'web'."),
        ({"tools": [LS, LS]}, "tools[1].function.name", "tools[1].function.name: there are two tools 'ls'."),
        (
            {"tools": [{"type": "function", "function": {"name": "a b"}}]},
            "tools[0].function.name",
            "tools[0].function.name should be 1 to 128 letters, digits, dots, lines or dashes.",
        ),
        ({"tool_choice": "required"}, "tool_choice", "tool_choice is required, but there are no tools."),
        ({"tool_choice": "any"}, "tool_choice", "tool_choice should be auto, none, required or a function."),
        (
            {"tools": [LS], "tool_choice": {"type": "function", "function": {"name": "rm"}}},
            "tool_choice.function.name",
            "tool_choice.function.name: there is no tool 'rm' in tools.",
        ),
    ],
)
async def test_a_field_that_cannot_be_met_is_refused_by_its_name(
    fields: dict[str, Any], param: str, sentence: str
) -> None:
    status, named, said = await refused(**fields)

    assert (status, named, said) == (404 if param == "model" else 400, param, sentence)


@pytest.mark.parametrize(
    ("messages", "param", "sentence"),
    [
        (None, "messages", "messages is missing."),
        ([], "messages", "messages should hold one message at least."),
        ("Hello", "messages", "messages should be a list, not 'Hello'."),
        ([5], "messages[0]", "messages[0] should be an object, not 5."),
        (
            [{"role": "bot", "content": "x"}],
            "messages[0].role",
            "messages[0].role should be system, developer, user, assistant or tool, not 'bot'.",
        ),
        ([{"role": "user"}], "messages[0].content", "messages[0].content is missing."),
        ([{"role": "assistant"}], "messages[0].content", "messages[0].content is missing."),
        (
            [{"role": "user", "content": 5}],
            "messages[0].content",
            "messages[0].content should be text or a list of parts, not 5.",
        ),
        (
            [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,"}}]}],
            "messages[0].content[0].image_url",
            "messages[0].content[0].image_url: this model reads text only, no 'image_url'.",
        ),
        (
            [HELLO, {"role": "tool", "tool_call_id": "c9", "content": "x"}],
            "messages[1].tool_call_id",
            "messages[1].tool_call_id: no assistant message before it has a call 'c9'.",
        ),
        (
            [HELLO, CALLED, {"role": "tool", "content": "x"}],
            "messages[2].tool_call_id",
            "messages[2].tool_call_id is missing.",
        ),
        (
            [HELLO, {"role": "user", "content": "x", "contents": "y"}],
            "messages[1].contents",
            "'messages[1].contents' is not supported. Did you mean content?",
        ),
        (
            [HELLO, {**CALLED, "tool_calls": [{"id": "c1", "function": {"name": "ls", "arguments": {}}}]}],
            "messages[1].tool_calls[0].function.arguments",
            "messages[1].tool_calls[0].function.arguments should be text, not {}.",
        ),
        ([{"role": "assistant", "content": "x"}], "messages", "The template wants a user first."),
    ],
)
async def test_a_message_that_no_template_could_say_is_refused_with_its_place(
    messages: object, param: str, sentence: str
) -> None:
    assert await refused(messages=messages) == (400, param, sentence)


@pytest.mark.parametrize(
    ("body", "param", "sentence"),
    [
        (b"", "body", "The body is no JSON: Expecting value: line 1 column 1 (char 0)."),
        (b"[]", "body", "The body should be a JSON object."),
        (b'{"messages": NaN}', "body", "The body is no JSON: NaN is no number of JSON."),
        (b'{"seed": 1e999}', "seed", "seed is a number too large to be one."),
        (
            b'{"messages": [{"role": "user", "content": "\\ud83d"}]}',
            "messages[0].content",
            "messages[0].content holds \\ud83d, which is half of a character.",
        ),
        (
            b'{"n": 1, "max_tokens": 1, "max_tokens": 2}',
            "max_tokens",
            "'max_tokens' is there twice in one object.",
        ),
        (b'{"\\ud83d": 1}', "body", "A name holds \\ud83d, which is half of a character."),
        (
            b'{"a": ' + b"[" * 10**5 + b"]" * 10**5 + b"}",
            "body",
            "The body is nested more than 64 levels deep.",
        ),
        (b'{"a": ' + b"[" * 70 + b"]" * 70 + b"}", "a", "a is nested more than 64 levels deep."),
        (
            b"\xff",
            "body",
            "The body is no JSON: 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte.",
        ),
    ],
)
async def test_a_body_that_could_do_harm_is_refused(body: bytes, param: str, sentence: str) -> None:
    assert await answered(body) == (400, param, sentence)


@pytest.mark.parametrize(
    "values",
    [b"[]," * 150_000, b"1," * 300_000, b'"\\\\",' * 300_000, b'{"a":[{}]},' * 75_000, b'","," ' * 300_000],
    ids=["lists", "numbers", "texts", "objects", "texts of commas"],
)
async def test_more_values_than_can_be_made_in_passing_are_refused_before_they_are(values: bytes) -> None:
    body = b'{"messages": [' + values

    assert await answered(body) == (400, "body", "The body holds more than 300,000 values.")


@pytest.mark.parametrize("text", [",[{" * 200_000, '"' * 400_000, "\\" * 400_000, '",' * 400_000])
def test_a_text_may_hold_any_number_of_signs(text: str) -> None:
    assert json_object(json.dumps({"a": text}).encode()) == {"a": text}


def test_a_window_of_tokens_may_be_sent_as_numbers() -> None:
    tokens = [7] * 262_144

    assert json_object(json.dumps({"prompt": tokens}).encode()) == {"prompt": tokens}


async def test_a_text_without_an_end_is_read_once() -> None:
    status, param, said = await answered(b'{"a": "' + b'\\",' * 1_000_000)

    assert (status, param, said[:42]) == (400, "body", "The body is no JSON: Unterminated string s")


async def test_a_body_that_is_too_long_is_refused() -> None:
    status, _, said = await answered(b" " * (8 * 2**20 + 1))

    assert (status, said) == (413, "The request has 8,388,609 bytes; 8,388,608 are the most that are read.")


async def test_a_refusal_stays_short_whatever_it_quotes() -> None:
    _, param, said = await answered(b'{"' + b"k" * 10**6 + b'": 1}')
    _, _, number = await refused(max_tokens=10**4000)

    assert max(map(len, (param, said, number))) <= 2_000


@pytest.mark.parametrize(
    ("fields", "param", "sentence"),
    [
        ({"prompt": "a", "tools": [LS]}, "tools", "tools says nothing of a prompt."),
        (
            {"prompt": "a", "reasoning_effort": "low"},
            "reasoning_effort",
            "reasoning_effort says nothing of a prompt.",
        ),
        (
            {"messages": [HELLO], "add_special_tokens": True},
            "add_special_tokens",
            "add_special_tokens says nothing of messages.",
        ),
        ({"messages": [HELLO], "prompt": "a"}, "prompt", "Say either prompt or messages."),
    ],
)
async def test_a_count_ignores_nothing(fields: dict[str, Any], param: str, sentence: str) -> None:
    assert await answered(json.dumps(fields).encode(), "/tokenize") == (400, param, sentence)


async def test_a_model_that_shows_no_tools_is_not_given_any() -> None:
    prompts = BytePrompts(abilities=Abilities(tools=False, reasoning=False))
    async with client_of(talking(ScriptedEngine([says("Hi.")]), prompts)) as client:
        answer = await client.post("/v1/chat/completions", json={"messages": [HELLO], "tools": [LS]})

    error = answer.json()["error"]
    assert error["param"] == "tools"
    assert error["message"] == "'scripted' does not support tools: its chat template shows the model none."


async def test_messages_reach_the_template_even() -> None:
    prompts, grammars = BytePrompts(), NoGrammars()
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b", "cache_control": {}}]
    messages = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": parts, "name": "Ada"},
        {**CALLED, "reasoning": "Hm.", "refusal": None},
        {"role": "tool", "tool_call_id": "c1", "content": "x"},
    ]
    asked = {
        "messages": messages,
        "tools": [LS, {"type": "function", "function": {"name": "go", "strict": True}}],
        "tool_choice": {"type": "function", "function": {"name": "go"}},
        "parallel_tool_calls": False,
        "chat_template_kwargs": {"enable_thinking": False},
        "reasoning_effort": "low",
        "user": "ada",
        "store": False,
        "logit_bias": None,
    }

    async with client_of(talking(ScriptedEngine([says("Hi.")]), prompts, grammars)) as client:
        answer = await client.post("/v1/chat/completions", json=asked)

    assert answer.status_code == 200
    (chat,) = prompts.chats
    assert list(chat.messages) == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "a\nb", "name": "Ada"},
        {"role": "assistant", "content": "", "reasoning_content": "Hm.", "tool_calls": [CALL]},
        {"role": "tool", "content": "x", "tool_call_id": "c1"},
    ]
    assert chat.template == {"enable_thinking": False, "reasoning_effort": "low"}
    tools = [
        ToolSpec(name="ls", description="List.", parameters={"type": "object"}),
        ToolSpec(name="go", description="", parameters={"type": "object", "properties": {}}),
    ]
    assert grammars.held == [Held(tools=tools, choice="go", strict=frozenset({"go"}), parallel=False)]


@pytest.mark.parametrize(
    ("choice", "schema"),
    [("auto", {}), ("none", {}), ("required", None), (LS | {"function": {"name": "ls"}}, None)],
)
async def test_a_call_that_is_wanted_comes_instead_of_json(choice: object, schema: object) -> None:
    grammars = NoGrammars()
    asked = {"messages": [HELLO], "tools": [LS], "response_format": {"type": "json_object"}}

    async with client_of(talking(ScriptedEngine([says("Hi.")]), grammars=grammars)) as client:
        await client.post("/v1/chat/completions", json={**asked, "tool_choice": choice})

    assert [held.schema for held in grammars.held] == [schema]


async def test_a_request_says_how_its_reply_is_chosen() -> None:
    engine = ScriptedEngine([says("Hi.")])
    numbers = {"temperature": 0, "top_p": 0.5, "top_k": -1, "min_p": 0.1, "seed": 7}
    penalties = {"presence_penalty": 1, "frequency_penalty": -1, "repetition_penalty": 1.1}
    asked = {"messages": [HELLO], **numbers, **penalties, "stop": "END", "logprobs": True, "top_logprobs": 2}

    async with client_of(talking(engine)) as client:
        await client.post("/v1/chat/completions", json={**asked, "prompt_lookup": False, "max_tokens": 9})

    (got,) = engine.asked
    chosen = got.sampling
    assert {name: getattr(chosen, name) for name in numbers} == {**numbers, "top_k": 0}
    assert {name: getattr(chosen, name) for name in penalties} == penalties
    assert (got.stop, got.alternatives, got.lookup, got.most_tokens) == (("END",), 2, False, 9)


async def test_a_reply_may_fill_the_window_when_nobody_says_how_long_it_may_be() -> None:
    engine = ScriptedEngine([says("Hi.")])

    async with client_of(talking(engine)) as client:
        await client.post("/v1/chat/completions", json={"messages": [HELLO]})

    assert engine.asked[0].most_tokens == 4096 - len("user: Hello.\n")


@pytest.mark.parametrize(
    ("prompt", "param", "sentence"),
    [
        (["a", "b"], "prompt", "prompt holds several prompts: one reply is written for a request."),
        ([1, 256], "prompt[1]", "prompt[1] should be a token, 0 to 255, not 256."),
        ([True], "prompt[0]", "prompt[0] should be a token, 0 to 255, not True."),
        ([], "prompt", "prompt should hold one token at least."),
        (None, "prompt", "prompt is missing."),
    ],
)
async def test_a_prompt_that_is_none_is_refused(prompt: object, param: str, sentence: str) -> None:
    body = json.dumps({"prompt": prompt}).encode()

    assert await answered(body, "/v1/completions") == (400, param, sentence)


@pytest.mark.parametrize(
    ("prompt", "tokens"), [("ab", (1, 97, 98)), (["ab"], (1, 97, 98)), ([97], (97,)), ([[97]], (97,))]
)
async def test_a_completion_goes_on_from_its_text(prompt: object, tokens: tuple[int, ...]) -> None:
    engine = ScriptedEngine([says("c")])

    async with client_of(talking(engine)) as client:
        await client.post("/v1/completions", json={"prompt": prompt, "echo": False, "best_of": 1})

    assert (engine.asked[0].prompt, engine.asked[0].most_tokens) == (tokens, 16)


def test_every_field_is_on_the_page_of_the_api() -> None:
    page = (Path(__file__).parents[3] / "docs" / "api.md").read_text(encoding="utf-8")
    kinds = (ChatFields, CompletionFields, CountFields, EmbeddingFields)
    names = {name for kind in kinds for name in kind.model_fields} | HARMLESS

    assert {name for name in names if f"`{name}`" not in page} == set()
