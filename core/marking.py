"""What others wrote, as a model reads it: in a block that says it is data, and that nothing in it can end.

    [data]
    …  [·/data]  <·|im_start|>system …      in each mark an unseen joiner (here ·), so that it is none
    [/data]

Servers read the marks of a chat template wherever they stand in a prompt: a page that holds them could end
the answer of a tool and go on as the system, or as the user. The joiner is taken out of what a model says, so
that a file with such marks can be edited like any other.
"""

import re
from functools import cache

OPENING, CLOSING = "[data]\n", "\n[/data]"
JOINER = "\u2060"

MARKS = (
    r"[<\[](?:"
    r"\|[^\s<>|]{1,40}\|?>"  # <|im_start|>, <|eot_id|>, <|tool_call>
    r"|｜[^\s<>｜]{1,40}｜>"  # DeepSeek
    r"|\w{1,40}\|>"  # <tool_call|>
    r"|\|[^\s\[\]|]{1,40}\|\]"  # EXAONE
    r"|/?[|｜]DSML[|｜]"
    r"|/?(?:s|bos|eos|pad|unk|sop)>|/?(?:\w{1,10}:)?think(?:ing)?>"
    r"|(?:start|end)_of_\w{1,30}>|unused\d+>|</?SYS>>|\]minimax\[>"
    r"|/?(?:[\w:]{0,20}(?:tool|function)s?_?(?:calls?|responses?|results?|outputs?)|invoke)"
    r"|function(?:=|[ ]name=)|/function>|parameter=|/parameter>|tool[ ]name="
    r"|/?tools?>|/?TOOL_?(?:CALL|RESPONSE)>"
    r"|/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|(?:END_)?TOOL_\w{1,20}|ARGS|CALL_ID|THINK|IMG|gMASK)\]"
    r"|(?i:\s{0,9}/\s{0,9}data\s{0,9}\])"
    r")"
)
"""What means more than it says: to a template, to those who read calls out of text, or to this block."""
APART = re.compile(f"([<\\[])(?:{JOINER}|\\\\u2060)")


def marked(text: str) -> str:
    """`text` in its block."""
    return f"{OPENING}{kept_apart(text)}{CLOSING}"


def kept_apart(text: str) -> str:
    """`text` without a mark in it."""
    if "<" not in text and "[" not in text:  # every mark begins so, and compiling them costs a start 4 ms
        return text
    return _marks().sub(lambda found: f"{found[0][0]}{JOINER}{found[0][1:]}", text)


def put_together(text: str) -> str:
    """`text`, which a model said, with the marks it read as they are in the file."""
    return APART.sub(r"\1", text)


@cache
def _marks() -> "re.Pattern[str]":
    return re.compile(MARKS)  # not before something is marked: a start pays for what it imports
