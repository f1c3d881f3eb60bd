"""What fills the window, by kind."""

from hypothesis import given
from hypothesis import strategies as st

from core.messages import (
    AssistantMessage,
    Message,
    Thinking,
    ToolCall,
    ToolMessage,
    Usage,
    UserMessage,
)
from core.protocols import ModelRequest
from core.tools import ToolSpec
from flow.window_use import KINDS, WindowUse, window_use

HEAD = ModelRequest(
    system="Be brief. " * 30,
    messages=(),
    tools=(ToolSpec(name="ls", description="List files.", parameters={"type": "object"}),),
)
CALL = ToolCall(id="c1", name="ls", arguments="{}")
HISTORY: tuple[Message, ...] = (
    UserMessage(text="What is here?", head="Date: today."),
    AssistantMessage(parts=(Thinking(text="Hm. " * 50), CALL), usage=Usage(prompt_tokens=150)),
    ToolMessage(call_id="c1", text="a.txt\n" * 100),
    UserMessage(text="A file changed.", source="files"),
)


def tokens(use: WindowUse) -> dict[str, int]:
    return {part.kind: part.tokens for part in use.kinds}


def test_each_kind_has_its_share_and_what_is_left_is_free() -> None:
    use = window_use(HEAD, HISTORY, window_tokens=4_000, thinking=True)

    shares = tokens(use)
    assert list(shares) == list(KINDS)
    assert shares["tool results"] > shares["thinking"] > shares["notes"] > 0
    assert use.source == "usage"
    assert use.free_tokens == 4_000 - use.tokens


def test_thinking_that_is_not_sent_back_takes_no_room() -> None:
    assert "thinking" not in tokens(window_use(HEAD, HISTORY))


def test_a_script_with_few_characters_a_token_has_its_share() -> None:
    said = UserMessage(text="x" * 900)

    plain, wide = (
        tokens(window_use(HEAD, [said, ToolMessage(call_id="c", text=letter * 900)]))["tool results"]
        for letter in "x改"
    )

    assert round(wide / plain) == 3


def test_the_server_has_the_last_word() -> None:
    use = window_use(HEAD, HISTORY, counted=321)

    assert (use.tokens, use.source, sum(tokens(use).values())) == (321, "server", 321)


def test_of_an_unknown_window_nobody_knows_what_is_free() -> None:
    assert window_use(HEAD, HISTORY).free_tokens is None


def test_an_overfull_window_has_nothing_free() -> None:
    assert window_use(HEAD, HISTORY, window_tokens=10).free_tokens == 0


@given(st.lists(st.sampled_from(HISTORY), max_size=12), st.booleans())
def test_the_kinds_add_up_to_the_whole(messages: list[Message], thinking: bool) -> None:
    use = window_use(HEAD, messages, thinking=thinking)

    assert sum(part.tokens for part in use.kinds) == use.tokens
