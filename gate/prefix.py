"""What two requests have in common, from their beginning: the part that a server need not read again."""

from core.messages import Message, UserMessage
from core.protocols import ModelRequest


def begins_with(request: ModelRequest, earlier: ModelRequest) -> bool:
    """Whether a prompt is an earlier one with something added to its end."""
    return shared_messages(earlier, request) == len(earlier.messages)


def shared_messages(earlier: ModelRequest, request: ModelRequest) -> int:
    """How many messages of `earlier` the other begins with; -1: system text or tools are others.

    The newest message of `earlier` may have grown since.
    """
    if (earlier.system, earlier.tools) != (request.system, request.tools):
        return -1
    if request.messages[: len(earlier.messages)] == earlier.messages:
        return len(earlier.messages)  # told without a look at each, and nearly always so
    pairs = enumerate(zip(earlier.messages, request.messages, strict=False), 1)
    same = 0
    for number, (before, now) in pairs:
        newest = number == len(earlier.messages)
        if before is not now and before != now and not (newest and _grew(before, now)):
            break
        same = number
    return same


def _grew(before: Message, now: Message) -> bool:
    match before, now:
        case UserMessage(images=()), UserMessage():
            return now.whole.startswith(before.whole)
    return False
