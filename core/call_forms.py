"""How a family of models writes its replies, as data: what writes calls and what holds to them share it."""

import json
from typing import Literal

from core.values import value


@value
class CallForm:
    """The texts around the arguments of calls. NAME stands for the tool's name."""

    before: str
    after: str
    kind: Literal["json", "tags", "python", "gemma"] = "json"
    """How arguments are written: one JSON object, each between tags, or in the notation of a language."""
    argument: str = ""
    """Of tags: each one, with KEY and VALUE, and IS_TEXT for `true` or `false`."""
    quote: str = ""
    """Of Gemma: what stands around a text."""
    begin: str = ""
    between: str = "\n"
    end: str = ""
    """Before, between and behind all calls of a reply."""

    def named(self, name: str) -> str:
        """`before`, for the tool of this name."""
        return self.before.replace("NAME", json.dumps(name, ensure_ascii=False)[1:-1])


@value
class ReplyForm:
    calls: CallForm
    mark: str
    """What opens a call, wherever it stands; empty when calls have no mark and are all of the reply."""
    plain: CallForm
    """For tools whose arguments cannot be held to their schema in the family's own form."""
    plain_mark: str
    thoughts: tuple[tuple[str, str], ...]
    """What opens and closes thoughts, in families that have them."""
    answer: str = ""
    """What opens an answer."""
