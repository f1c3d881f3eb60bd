"""What is known of one model before it says a word; everything else is fitted to it."""

from dataclasses import field, replace
from typing import Literal

from core.records import dataclass
from core.tokens import CHARS_PER_TOKEN
from core.values import value

Size = Literal["tiny", "small", "normal"]
Calls = Literal["native", "text"]
Reasoning = Literal["none", "think", "brackets"]
ThinkingBack = Literal["never", "always"]
EditFormat = Literal["edit_file", "replace_lines", "write_file"]

OUTPUT_SHARE = 0.15
"""Of the window, for one answer of a tool; but never fewer characters than the least."""
LEAST_OUTPUT_CHARS = 600
TINY_WINDOW, SMALL_WINDOW = 8_192, 20_000
HOSTED_WINDOW = 128_000
"""What is assumed of a hosted model whose server names no window; a refusal teaches better."""


@value
class Sampling:
    """How the next token is drawn. None: nothing is known, and the server decides."""

    temperature: float | None = None
    top_p: float | None = None
    presence_penalty: float | None = None
    top_k: int | None = None
    """From here on no field of the OpenAI interface: never sent to a server that is not known to take it."""
    min_p: float | None = None
    repetition_penalty: float | None = None


@value
class ModelProfile:
    name: str = "default"
    """The family, or the variant of it, that the model belongs to."""
    size: Size = "normal"
    window_tokens: int | None = None
    """The window that is really served; None until the server names it."""
    output_chars: int = 8_000
    """The longest answer of a tool."""
    read_lines: int = 250
    """The longest window of a file in one answer."""
    hosted: bool = False
    """Whether others run it: its window is large, and its sampling is theirs to choose."""
    dialect: str = "any"
    """How it writes a call as text: a family of the dialects, or `any` of them."""
    calls: Calls = "native"
    """Whether tools go to the server as tools, or are told and called in text."""
    parallel_calls: bool = True
    """Whether it may be asked for several calls in one reply."""
    sampling: Sampling = Sampling()
    reasoning: Reasoning = "none"
    """What its thinking stands in where it goes back in the text, for its server has no field for it:
    `<think>`, `[THINK]`, or nothing, and then it stays away."""
    thinking: ThinkingBack = "never"
    """Whether its thinking is sent back to it; the same for a whole session."""
    edit_format: EditFormat = "edit_file"
    """The tool by which it changes a file best: by a passage, by the numbers of lines, or written anew."""
    system_role: bool = True
    """Whether its template knows system messages; if not, that text heads the first user message."""
    alternating_roles: bool = False
    """Whether its template refuses two user messages without a reply in words between them."""


def size_of(window_tokens: int | None) -> Size:
    """An unknown window counts as a normal one."""
    if window_tokens is None or window_tokens >= SMALL_WINDOW:
        return "normal"
    return "small" if window_tokens > TINY_WINDOW else "tiny"


def fitted(profile: ModelProfile, window_tokens: int | None) -> ModelProfile:
    """`profile` with the tools and answers that fit a window, or its own when the server names none."""
    window = window_tokens or profile.window_tokens
    size = size_of(window)
    output_chars, read_lines = _CAPS["hosted" if profile.hosted and size == "normal" else size]
    if window:
        most = max(int(window * OUTPUT_SHARE * CHARS_PER_TOKEN), LEAST_OUTPUT_CHARS)
        output_chars = min(output_chars, most)
    return replace(profile, size=size, window_tokens=window, output_chars=output_chars, read_lines=read_lines)


def as_hosted(profile: ModelProfile) -> ModelProfile:
    """The same model, run by others: they have set its sampling, and their server reads its calls."""
    return replace(
        profile,
        hosted=True,
        calls="native",
        sampling=Sampling(),
        window_tokens=profile.window_tokens or HOSTED_WINDOW,
    )


def profile_for(window_tokens: int | None) -> ModelProfile:
    """What fits a model of which nothing but the window is known."""
    return fitted(ModelProfile(), window_tokens)


_CAPS = {"tiny": (2_000, 80), "small": (4_000, 150), "normal": (8_000, 250), "hosted": (20_000, 600)}
"""Longest answer of a tool in characters, longest window of a file in lines."""


@dataclass
class ActiveProfile:
    """The profile of the model that has the floor; a session may give it to another one between two turns."""

    profile: ModelProfile = field(default_factory=ModelProfile)
