"""A chat becomes the text that the model's template makes of it, and that text's tokens."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer

from core.tools import ToolSpec
from servr.native.parts import Abilities, Chat, Invalid
from servr.native.prompts.prompts import TemplatePrompts
from tests.servr.native.models import FAMILIES, trained

LS = ToolSpec(
    name="ls",
    description="Lists a folder.",
    parameters={"type": "object", "properties": {"path": {"type": "string"}}},
)
THOUGHTS = ("<think>", "[THINK]")


@pytest.fixture(scope="module")
def qwen3() -> TemplatePrompts:
    folder = Path(os.environ["ROOST_QWEN3_TOKENIZER"]).parent
    return TemplatePrompts(AutoTokenizer.from_pretrained(folder), thoughts=THOUGHTS)


def tiny(family: str, **attributes: str | None) -> Any:
    tokenizer = trained(FAMILIES[family], 4_096)
    for name, value in attributes.items():
        setattr(tokenizer, name, value)
    return tokenizer


def prompts(family: str, template: str | None = None) -> TemplatePrompts:
    return TemplatePrompts(
        tiny(family, chat_template=template) if template else tiny(family), thoughts=THOUGHTS
    )


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def reply(text: str = "", *arguments: str, thought: str | None = None) -> dict[str, Any]:
    calls = [
        {"id": f"call-{place}", "type": "function", "function": {"name": "ls", "arguments": one}}
        for place, one in enumerate(arguments)
    ]
    thoughts = {} if thought is None else {"reasoning_content": thought}
    return {"role": "assistant", "content": text, **thoughts, **({"tool_calls": calls} if calls else {})}


def answer(text: str, call: str = "call-0") -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": call, "content": text}


def refusal(
    asked: TemplatePrompts, *messages: dict[str, Any], tools: Sequence[ToolSpec] = (), **template: object
) -> tuple[str, str]:
    with pytest.raises(Invalid) as refused:
        asked.rendered(Chat(messages=messages, tools=tools, template=template))
    return refused.value.field, str(refused.value)


CONVERSATION = (
    {"role": "system", "content": "Be brief."},
    user("What is here?"),
    reply("I look.\n", '{"path": "."}'),
    answer("a.py"),
    reply("One file."),
    user("Thanks."),
)


@pytest.mark.parametrize("family", ["qwen2", "qwen3", "llama", "mistral", "lfm2"])
def test_a_chat_is_rendered_as_transformers_renders_it(family: str) -> None:
    tokenizer = tiny(family)
    asked = TemplatePrompts(tokenizer)
    function = {"name": LS.name, "description": LS.description, "parameters": LS.parameters}
    messages: list[Any] = [dict(one) for one in CONVERSATION]
    call = messages[2]["tool_calls"][0]
    parsed = {**call, "function": {"name": "ls", "arguments": {"path": "."}}}

    found = asked.rendered(Chat(messages=CONVERSATION, tools=(LS,)))

    theirs = tokenizer.apply_chat_template(
        [*messages[:2], {**messages[2], "tool_calls": [parsed]}, *messages[3:]],
        tools=[{"type": "function", "function": function}],
        add_generation_prompt=True,
        tokenize=False,
    )
    assert found == theirs
    assert asked.tokens(found) == tuple(tokenizer(theirs, add_special_tokens=False)["input_ids"])


PIECES = st.sampled_from(
    [
        "Hello",
        " world",
        "\n",
        " ",
        "  ",
        "é",
        "e\u0301",
        "日本",
        "🎉",
        "<",
        "|",
        "<|im",
        "_start|>",
        "▁",
        "\r\n",
        "x=1;",
    ]
)


@pytest.mark.parametrize("family", ["the real one", *FAMILIES])
def test_tokens_are_those_of_the_tokenizer_in_whatever_order_texts_come(
    family: str, qwen3: TemplatePrompts
) -> None:
    asked = qwen3 if family == "the real one" else prompts(family)
    tokenizer = asked.tokenizer
    added = [one.content for one in tokenizer.added_tokens_decoder.values()]

    @settings(max_examples=60)
    @given(texts=st.lists(st.lists(PIECES | st.sampled_from(added)).map("".join), max_size=4))
    def check(texts: list[str]) -> None:
        for text in texts:
            assert asked.tokens(text) == tuple(tokenizer(text, add_special_tokens=False)["input_ids"])

    check()


def test_messages_end_where_their_last_token_ends(qwen3: TemplatePrompts) -> None:
    prompt = qwen3.prompt(Chat(messages=CONVERSATION))

    parts = [
        qwen3.tokenizer.decode(prompt.tokens[start:end])
        for start, end in zip((0, *prompt.message_ends), (*prompt.message_ends, None), strict=False)
    ]
    assert parts[0] == "<|im_start|>system\nBe brief.<|im_end|>"
    assert parts[4].endswith("One file.<|im_end|>")
    assert parts[6] == "\n<|im_start|>assistant\n"
    assert qwen3.tokenizer.decode(prompt.tokens) == qwen3.rendered(Chat(messages=CONVERSATION))


@pytest.mark.parametrize(("family", "ends"), [("llama", 3), ("gemma3", 3), ("mistral", 3), ("lfm2", 3)])
def test_in_every_family_it_is_known_where_messages_end(family: str, ends: int) -> None:
    prompt = prompts(family).prompt(Chat(messages=(user("A"), reply("B"), user("C"))))

    assert len(prompt.message_ends) == ends


def test_a_thought_that_the_template_opens_is_known(qwen3: TemplatePrompts) -> None:
    opens = prompts("qwen3", "{{ messages[0].content }}<assistant>{{ '<think>\n' }}")

    assert opens.prompt(Chat(messages=(user("Hi."),))).in_thought
    assert not qwen3.prompt(Chat(messages=(user("Hi. <think>"),))).in_thought
    assert not qwen3.prompt(Chat(messages=(user("Hi."),), template={"enable_thinking": False})).in_thought


def test_it_is_known_what_a_template_can_do(qwen3: TemplatePrompts) -> None:
    assert qwen3.abilities == Abilities(tools=True, reasoning=True, names=frozenset({"enable_thinking"}))
    assert prompts("gemma3").abilities == Abilities(tools=False, reasoning=False)


def test_a_text_begins_as_the_model_expects() -> None:
    plain = tiny("llama", chat_template=None)

    asked = TemplatePrompts(plain)

    assert asked.beginning + asked.tokens("Once") == tuple(plain("Once")["input_ids"])


STRICT = "{% if messages|length > 1 %}{{ raise_exception('One message only.') }}{% endif %}{{ messages[0].content }}"


@pytest.mark.parametrize(
    ("template", "messages", "refused"),
    [
        (STRICT, (user("A"), user("B")), "The model's chat template refuses this: One message only."),
        ("{{ messages[0].author.name }}", (user("A"),), "The model's chat template refuses this: 'dict object' has no attribute 'author'"),
        ("{{ messages[0].content + 1 }}", (user("A"),), 'The model\'s chat template refuses this: can only concatenate str (not "int") to str'),
        ("{{ messages", (user("A"),), "The model's chat template cannot be read: unexpected end of template, expected 'end of print statement'."),
    ],
)  # fmt: skip
def test_a_template_that_refuses_says_why(
    template: str, messages: Sequence[dict[str, Any]], refused: str
) -> None:
    assert refusal(prompts("qwen2", template), *messages) == ("messages", refused)


def test_a_model_without_a_template_does_not_chat() -> None:
    asked = TemplatePrompts(tiny("llama", chat_template=None))

    assert refusal(asked, user("Hi.")) == (
        "messages",
        "This model has no chat template, so it completes texts but does not chat.",
    )
    assert asked.abilities == Abilities(tools=False, reasoning=False)


def test_what_a_template_would_leave_out_is_refused() -> None:
    gemma = prompts("gemma3")

    assert refusal(gemma, user("Hi."), tools=(LS,)) == ("tools", "The model's chat template knows no tools.")
    assert refusal(gemma, user("Hi."), reply("", "{}")) == (
        "messages[1].tool_calls",
        "The model's chat template knows no calls.",
    )
    assert refusal(gemma, user("Hi."), messages=[]) == (
        "chat_template_kwargs.messages",
        "'messages' is said elsewhere.",
    )


def test_arguments_that_are_no_json_are_refused_where_a_template_needs_an_object() -> None:
    field, words = refusal(prompts("lfm2"), user("Hi."), reply("", '{"path": '))

    assert field == "messages[1].tool_calls[0].function.arguments"
    assert words.startswith("The chat template needs an object here, and this is no JSON: Expecting value")


def test_calls_stand_one_by_one_where_a_template_takes_no_two_at_once() -> None:
    llama, one, other = prompts("llama"), '{"path": "a"}', '{"path": "b"}'
    at_once = [user("Look."), reply("", one, other), answer("A"), answer("B", "call-1")]
    apart = [user("Look."), reply("", one), answer("A"), reply("", other), answer("B")]

    said = llama.rendered(Chat(messages=[*at_once, user("So?")], tools=(LS,)))

    assert said == llama.rendered(Chat(messages=[*apart, user("So?")], tools=(LS,)))


def test_arguments_stand_as_they_were_written_where_the_template_takes_text(qwen3: TemplatePrompts) -> None:
    found = qwen3.rendered(Chat(messages=(user("Hi."), reply("", '{"path":   "."}'), answer("a.py"))))

    assert '"arguments": {"path":   "."}}' in found


def test_ids_are_short_where_a_template_takes_no_others() -> None:
    template = (
        "{% for one in messages %}{% for call in one.tool_calls or [] %}{% if call.id|length != 9 %}"
        "{{ raise_exception('Nine letters.') }}{% endif %}{{ call.id }} {{ call.function.arguments }} {% endfor %}{{ one.tool_call_id }}{% endfor %}"
    )

    found = prompts("qwen2", template).rendered(Chat(messages=(user("A"), reply("", "{}"), answer("B"))))

    first, _, second = found.split()
    assert (first, len(first)) == (second, 9)


def test_a_template_for_tools_is_taken_where_there_is_one() -> None:
    tokenizer = tiny("qwen2")
    tokenizer.chat_template = {"default": "plain", "tool_use": "with {{ tools[0].function.name }}"}
    asked = TemplatePrompts(tokenizer)

    assert asked.rendered(Chat(messages=(user("A"),))) == "plain"
    assert asked.rendered(Chat(messages=(user("A"),), tools=(LS,))) == "with ls"
