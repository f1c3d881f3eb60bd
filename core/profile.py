"""Numbers about one model that everything else is fitted to."""

from typing import Literal

from core.values import value

Size = Literal["tiny", "small", "normal"]

TINY_WINDOW, SMALL_WINDOW = 8_192, 20_000


@value
class ModelProfile:
    name: str = "default"
    size: Size = "normal"
    window_tokens: int | None = None
    """The window that is really served; None until the server names it."""
    output_chars: int = 8_000
    """The longest answer of a tool."""
    read_lines: int = 250
    """The longest window of a file in one answer."""


def profile_for(window_tokens: int | None) -> ModelProfile:
    """The profile whose tools and answers fit a window; an unknown window counts as a normal one."""
    if window_tokens is None or window_tokens >= SMALL_WINDOW:
        return ModelProfile(window_tokens=window_tokens)
    if window_tokens > TINY_WINDOW:
        return ModelProfile(size="small", window_tokens=window_tokens, output_chars=4_000, read_lines=150)
    return ModelProfile(size="tiny", window_tokens=window_tokens, output_chars=2_000, read_lines=80)
