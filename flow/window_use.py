"""What fills the window, by kind: for people who want to see where it went."""

from collections import Counter
from collections.abc import Sequence
from typing import Literal, assert_never

from core.messages import PERSONS, AssistantMessage, Message, ToolMessage, UserMessage
from core.protocols import ModelRequest
from core.tokens import CountSource, Tally, length_of, weight
from core.values import value
from flow.context import head_chars

Kind = Literal["system", "tools", "user", "assistant", "thinking", "tool results", "notes"]
KINDS: tuple[Kind, ...] = ("system", "tools", "user", "assistant", "thinking", "tool results", "notes")
"""In the order of a bar: `notes` is whatever a user message holds that no person wrote."""


@value
class KindUse:
    kind: Kind
    tokens: int


@value
class WindowUse:
    tokens: int
    """Of the whole prompt; the kinds add up to it."""
    source: CountSource
    """Who counted them."""
    kinds: tuple[KindUse, ...]
    """Every kind that takes any, in the order of `KINDS`."""
    window_tokens: int | None = None

    @property
    def free_tokens(self) -> int | None:
        """None when nobody knows the window."""
        return None if self.window_tokens is None else max(0, self.window_tokens - self.tokens)


def window_use(
    head: ModelRequest,
    messages: Sequence[Message],
    *,
    window_tokens: int | None = None,
    thinking: bool = False,
    counted: int | None = None,
) -> WindowUse:
    """How a prompt fills its window.

    Args:
        head: system text and tools of the session.
        messages: the conversation; what its replies say of their usage calibrates the count.
        window_tokens: the window that is really served, if it is known.
        thinking: whether the thinking of earlier replies is sent back.
        counted: the server's own count of it, if it was asked for one.
    """
    tally = Tally(head_chars(head), thinking)
    tally.count(messages)
    if counted:
        tally.told(counted)
    count = tally.count(messages)
    held: Counter[Kind] = Counter({"system": len(head.system), "tools": head_chars(head) - len(head.system)})
    for message in messages:
        held.update(_bytes_by_kind(message, thinking=thinking))
    return WindowUse(
        tokens=count.tokens,
        source=count.source,
        kinds=tuple(
            KindUse(kind=kind, tokens=tokens) for kind, tokens in _shared_out(held, count.tokens) if tokens
        ),
        window_tokens=window_tokens,
    )


def _bytes_by_kind(message: Message, *, thinking: bool) -> dict[Kind, int]:
    length = length_of(message, thinking=thinking, length=weight)
    match message:
        case UserMessage(source=source, head=head):
            said = length - weight(head)
            return {"user": said, "notes": weight(head)} if source in PERSONS else {"notes": length}
        case AssistantMessage(thinking=thoughts):
            thought = weight(thoughts) if thinking else 0
            return {"assistant": length - thought, "thinking": thought}
        case ToolMessage():
            return {"tool results": length}
        case _:
            assert_never(message)


def _shared_out(held: Counter[Kind], tokens: int) -> list[tuple[Kind, int]]:
    """`tokens` by the share of each kind in the bytes, and not one more or fewer in all."""
    total, before = max(1, held.total()), 0
    shares: list[tuple[Kind, int]] = []
    for kind in KINDS:
        after = before + held[kind]
        shares.append((kind, tokens * after // total - tokens * before // total))
        before = after
    return shares
