"""What a reply said, calls and all, and whose way of writing calls it may be in."""

from core.errors import ConfigError
from core.messages import ToolCall
from core.values import value
from gate.dialects import table


@value
class Parsed:
    """What a reply says."""

    content: str
    reasoning: str
    calls: tuple[ToolCall, ...]
    partial: str = ""
    """The words of a call in which the text broke off; it is no call, and they are not in `content`."""
    repairs: tuple[str, ...] = ()
    """What was mended, without a change of meaning."""


def known_family(family: str | None) -> str | None:
    if family is None or family == "any":
        return None
    if family not in table.families():
        named = ", ".join(table.families())
        raise ConfigError(f"There is no dialect {family!r}.", hint=f"Name one of these, or 'any': {named}.")
    return family
