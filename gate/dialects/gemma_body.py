"""Bodies in Gemma's own notation: `call:name{key:<escape>text<escape>,n:1}`, or `<|"|>` for `<escape>`."""

import json
import re

from gate.dialects.brackets import GEMMA, Bracketed
from gate.dialects.calls import Heard, Reading
from gate.dialects.json_body import object_call
from gate.dialects.source import Steps

HEAD = re.compile(r"(?:call:)?\s{0,4}(?P<name>[\w.\-]{1,80})\s{0,4}(?=[{(])")
TOKEN = re.compile(
    r"<escape>(?P<escaped>.*?)<escape>|<\|\"\|>(?P<piped>.*?)<\|\"\|>"
    r"|(?P<quoted>\"(?:[^\"\\]++|\\.)*+\")|'(?P<single>(?:[^'\\]++|\\.)*+)'"
    r"|(?<![\w.\-])(?P<key>[A-Za-z_][\w.\-]*+)(?=\s*+:)",
    re.DOTALL,
)


def gemma_body(reading: Reading) -> Steps[list[Heard] | None]:
    """The calls, or None where nothing of the kind stands."""
    source = reading.source
    heard: list[Heard] = []
    while True:
        yield from source.space()
        begun = yield from source.look(HEAD, reach=128)
        if begun is None:
            return heard or None
        head, source.at = source.place, begun.end()
        start = source.place
        brackets = Bracketed(source, GEMMA)
        yield from brackets.scan()
        text = source.between(start, source.place)
        if not brackets.whole and not (yield from reading.ends_here()):
            if heard:
                source.back_to(head)
            return heard or None
        heard.append(object_call(begun["name"], as_json(text), source.place, cut=brackets.cut))


def as_json(text: str) -> str:
    """The same arguments as JSON, as far as they are written by the rules."""
    if text.startswith("("):
        text = "{" + text[1:].removesuffix(")") + "}" * text.endswith(")")
    return TOKEN.sub(_json_token, text)


def _json_token(token: re.Match[str]) -> str:
    if token.lastgroup == "quoted":
        return token[0]
    return json.dumps(token[token.lastgroup or 0], ensure_ascii=False)
