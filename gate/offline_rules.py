"""What plain requests mean, without a model: wordings become tool calls.

Each rule looks at the whole request and answers with a plan or not at all; the first plan counts.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

WORDS = re.IGNORECASE | re.DOTALL
QUOTES = "`'\"“”‘’"
NOTES = "notes.md"
LONGEST_REQUEST = 4_000

POLITE = re.compile(
    r"^(?:please|could you|can you|would you|will you|kindly|now|then|ok(?:ay)?|hey|hi|hello|let'?s"
    r"|i want(?: you)? to|i(?:'d| would) like(?: you)? to)\b[\s,:!]*",
    WORDS,
)
ASIDE = re.compile(r"[\s,]*\b(?:please|for me|thanks|thank you)\s*[.!?]*$", WORDS)

PATH = re.compile(
    r"[\w./~-]*\w\.[A-Za-z]\w{0,7}\b(?!/)|[\w./-]*\b(?:Makefile|Dockerfile|LICENSE|README)\b|\B\.\w+"
)
TABLE = re.compile(r"[\w./~-]+\.(?:csv|tsv|jsonl|parquet)\b", WORDS)
URL = re.compile(r"https?://[^\s<>`'\"]+", WORDS)
TESTS = re.compile(r"(?:run|execute|start)\b[\w ]*\btests?(?: suite)?\W*$", WORDS)
COMMAND = re.compile(
    r"(?:[!$]|(?:run|execute)\b(?:\s+the)?(?:\s+shell)?(?:\s+command)?:?\s)\s*(?P<text>.+)", WORDS
)
ASKED_SUM = re.compile(r"^(?:what(?:'s| is)|calculate|compute|evaluate|how much is)\s+", WORDS)
SUM = re.compile(r"[-+(\s]*\d[\d\s.()]*(?:[-+*/%]+[\s(]*\d[\d\s.()]*)+")
QUOTED_TO = re.compile(
    rf"(?:write|save|put|add|store)\s+[{QUOTES}](?P<text>.+)[{QUOTES}]\s+(?:in)?to\b(?P<place>.*)", WORDS
)
WRITTEN = re.compile(
    r"(?:write|save|put|add|make|create|take|leave|note)\b(?P<place>[^:]*?)"
    r"(?::|\b(?:saying|that says|containing|with(?: the)? (?:text|contents?):?))\s*(?P<text>.+)",
    WORDS,
)
NOTED = re.compile(r"(?:note|remember)(?: down)?(?: that)?\s+(?P<text>.+)", WORDS)
SEARCH = re.compile(
    r"(?:search|grep|look|find|where (?:is|are|do we use))\b"
    r"(?:\s+(?:all|every|each|places?|where|lines? with|occurrences? of|for|in (?:all |the )*files for))*"
    r"(?:\s+the (?:text|word|string|function|class))?\s+(?P<text>.+)",
    WORDS,
)
SEARCH_END = re.compile(
    r"\s+(?:in|within|across|through)\s+(?:all\s+|the\s+|this\s+|my\s+|these\s+|our\s+|every\s+|current\s+)*"
    r"(?:files?|folder|directory|project|code|codebase|repo(?:sitory)?|workspace|sources?)\W*$"
    r"|\s+(?:used|defined|called|mentioned|declared)\W*$",
    WORDS,
)
READ = re.compile(
    r"(?:read|show|open|cat|print|display|view|see|what|look at|summari[sz]e|explain|type|head)\b", WORDS
)
LIST = re.compile(
    r"(?:ls|dir|tree|list)\b|find (?:all |every |the |my )*(?:\w+ )?files?\W*$"
    r"|(?:show|what|which|see|display|look|give|tell|are there)\b.*"
    r"\b(?:files?|folders?|director(?:y|ies)|contents?|here|workspace|project|repo(?:sitory)?)\b",
    WORDS,
)
FOLDER = re.compile(
    rf"(?:\b(?:in|of|under|inside|folder|directory)|^(?:ls|dir|tree|list))\s+(?:the\s+)?(?:folder\s+|directory\s+)?"
    rf"[{QUOTES}]?(?P<path>[\w.~-]+(?:/[\w.-]+)*)",
    WORDS,
)
HERE = re.compile(
    r"(?:the|this|my|our|your|all|current|working|files?|folders?|director(?:y|ies)|here|there|project|workspace|repo(?:sitory)?|it|me)$",
    WORDS,
)


@dataclass(frozen=True)
class Plan:
    """A tool call that answers a request."""

    tool: str
    arguments: Mapping[str, str]


def plan(request: str) -> Plan | None:
    """The call that a request asks for; None for what no rule knows."""
    wish = plain_wish(request[:LONGEST_REQUEST])
    return next((found for rule in RULES if (found := rule(wish))), None)


def plain_wish(request: str) -> str:
    """The request without its politeness."""
    wish, before = request.strip(), ""
    while wish != before:
        before, wish = wish, ASIDE.sub("", POLITE.sub("", wish))
    return wish


def _run(wish: str) -> Plan | None:
    if TESTS.match(wish):
        return Plan("shell", {"command": "python3 -m pytest -q"})
    said = COMMAND.match(wish)
    return Plan("shell", {"command": said["text"].strip().strip("`")}) if said else None


def _fetch(wish: str) -> Plan | None:
    url = URL.search(wish)
    return Plan("fetch", {"url": url[0].rstrip(".,;:!?)")}) if url else None


def _calculate(wish: str) -> Plan | None:
    said = ASKED_SUM.sub("", wish).rstrip("=?! .")
    said = re.sub(r"(\d)\s*(?:%|percent)\s+of\s+", r"\1/100*", said.replace("^", "**"), flags=WORDS)
    for word, sign in (("times|x|×", "*"), ("plus", "+"), ("minus|−", "-"), ("divided by|÷", "/")):
        said = re.sub(rf"(?<=[\d)\s])(?:{word})(?=[\d(\s])", sign, said, flags=WORDS)
    said = re.sub(r"(?<=\d),(?=\d{3}\b)", "", said)
    return Plan("pyexe", {"code": said.strip()}) if SUM.fullmatch(said) else None


def _write(wish: str) -> Plan | None:
    said = QUOTED_TO.match(wish) or WRITTEN.match(wish) or NOTED.match(wish)
    if not said:
        return None
    place = PATH.search(said.groupdict().get("place") or "")
    text = said["text"].strip().strip(QUOTES)
    return Plan("write_file", {"path": place[0] if place else NOTES, "content": f"{text}\n"})


def _table(wish: str) -> Plan | None:
    path = TABLE.search(wish)
    return Plan("data_view", {"path": path[0]}) if path else None


def _read(wish: str) -> Plan | None:
    path = PATH.search(wish)
    named = path and (READ.match(wish) or path[0] == wish.strip(QUOTES))
    return Plan("read_file", {"path": path[0]}) if path and named else None


def _list(wish: str) -> Plan | None:
    if not LIST.match(wish):
        return None
    folders = (found["path"] for found in FOLDER.finditer(wish))
    return Plan("list_files", {"path": next((path for path in folders if not HERE.match(path)), ".")})


def _search(wish: str) -> Plan | None:
    said = SEARCH.match(wish)
    if not said:
        return None
    text = SEARCH_END.sub("", said["text"].rstrip(".?!")).strip(QUOTES + " ")
    return Plan("find_text", {"pattern": re.sub(r"([.^$*+?{}\[\]\\|()])", r"\\\1", text)}) if text else None


RULES = (_run, _fetch, _calculate, _write, _table, _read, _list, _search)
