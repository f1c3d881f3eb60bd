"""HTML as plain Markdown by the standard library: what `fetch` uses when no extractor is installed."""

import re
from html.parser import HTMLParser
from urllib.parse import urljoin

SKIPPED = frozenset(
    {"script", "style", "nav", "noscript", "template", "svg", "head", "title", "footer", "iframe", "select"}
)
BLOCKS = frozenset(
    {"address", "article", "aside", "blockquote", "br", "dd", "div", "dl", "dt", "fieldset", "figcaption"}
    | {"figure", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "ol", "p", "pre"}
    | {"section", "table", "tbody", "td", "th", "thead", "tr", "ul"}
)
HEADINGS = {f"h{level}": "#" * level + " " for level in range(1, 7)}
FENCE = "```"
CHUNK_CHARS = 131_072
LONGEST_TAG_CHARS = 1_000_000
LONGEST_UNCLOSED_CHARS = 4_096
"""A tag or comment that never ends is scanned with each chunk, and many times at the end: for hours."""
MOST_NESTED = 50


def markdown_of(html: str, url: str = "") -> str:
    """The readable text of a page: headings, paragraphs, lists, tables, code and absolute links."""
    parser = _Markdown(url)
    for start in range(0, len(html), CHUNK_CHARS):
        parser.feed(html[start : start + CHUNK_CHARS])
        if len(parser.rawdata) > LONGEST_TAG_CHARS:
            break
    if len(parser.rawdata) < LONGEST_UNCLOSED_CHARS:
        parser.close()
    return parser.text()


class _Markdown(HTMLParser):
    def __init__(self, url: str) -> None:
        super().__init__(convert_charrefs=True)
        self._url = url
        self._blocks: list[str] = []
        self._line: list[str] = []
        self._prefix = ""
        self._skipping: list[str] = []
        self._lists: list[int | None] = []
        """For each open list its next number, or None when it has none."""
        self._in_pre = False
        self._link: tuple[str, int] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("main", "article", "body"):
            self._skipping.clear()  # whatever came before was not closed
        if tag in SKIPPED and len(self._skipping) < MOST_NESTED:
            self._skipping.append(tag)
        if self._skipping:
            return
        if self._in_pre:
            self._line.append("\n" if tag == "br" else "")
            return
        if tag in BLOCKS and tag not in ("td", "th"):
            self._end_block()
        self._open(tag, dict(attrs))

    def handle_endtag(self, tag: str) -> None:
        if tag in self._skipping:
            del self._skipping[self._skipping.index(tag) :]
            return
        if self._skipping or (self._in_pre and tag != "pre"):
            return
        self._close(tag)

    def handle_data(self, data: str) -> None:
        if not self._skipping:
            self._line.append(data if self._in_pre else re.sub(r"\s+", " ", data))

    def text(self) -> str:
        self._end_block()
        return re.sub(r"\n{3,}", "\n\n", "\n".join(self._blocks)).strip()

    def _open(self, tag: str, attributes: dict[str, str | None]) -> None:
        match tag:
            case "ul" | "ol":
                self._lists.append(1 if tag == "ol" else None)
            case "li":
                self._prefix = self._bullet()
            case "pre":
                self._in_pre = True
            case "a" if href := attributes.get("href"):
                self._link = (href, len(self._line))
            case "code":
                self._line.append("`")
            case "hr":
                self._blocks += ["", "---", ""]
            case _ if tag in HEADINGS:
                self._prefix = HEADINGS[tag]

    def _close(self, tag: str) -> None:
        match tag:
            case "ul" | "ol" if self._lists:
                self._end_block()
                self._lists.pop()
            case "pre" if self._in_pre:
                self._end_code()
            case "a" if self._link:
                self._end_link(*self._link)
            case "code":
                self._line.append("`")
            case "td" | "th":
                self._line.append(" | ")
            case _ if tag in BLOCKS:
                self._end_block()

    def _bullet(self) -> str:
        indent = "  " * min(max(0, len(self._lists) - 1), MOST_NESTED // 5)
        if not self._lists or (number := self._lists[-1]) is None:
            return f"{indent}- "
        self._lists[-1] = number + 1
        return f"{indent}{number}. "

    def _end_block(self) -> None:
        text = re.sub(r" +", " ", "".join(self._line)).strip().removesuffix("|").rstrip()
        self._line.clear()
        self._link = None
        if not text:
            return
        is_row = "|" in text or self._prefix.endswith(("- ", ". "))
        self._blocks += [self._prefix + text] if is_row else ["", self._prefix + text, ""]
        self._prefix = ""

    def _end_code(self) -> None:
        self._in_pre = False
        code = "".join(self._line).strip("\n")
        self._line.clear()
        self._blocks += ["", FENCE, code, FENCE, ""]

    def _end_link(self, href: str, start: int) -> None:
        text = "".join(self._line[start:]).strip()
        self._link = None
        if not text or href.startswith(("#", "javascript:")):
            return
        before = " " if "".join(self._line[start:]).startswith(" ") else ""
        self._line[start:] = [f"{before}[{text}]({_absolute(self._url, href)})"]


def _absolute(url: str, href: str) -> str:
    try:
        return urljoin(url, href)
    except ValueError:
        return href
