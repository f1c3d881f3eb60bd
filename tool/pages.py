"""From the bytes of a web answer to a text a model can read."""

import codecs
import html
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass

from core.tools import WebResponse
from tool.html_text import markdown_of

HTML = ("text/html", "application/xhtml+xml")
TEXT = re.compile(
    r"text/.*|[\w.-]+/(.*[+-])?(json|xml|yaml|toml|javascript|ecmascript|sh|sql|graphql|ndjson|jsonl|csv)(-seq)?"
)
UNNAMED = ("", "application/octet-stream", "binary/octet-stream")
LONGEST_EXTRACTED_CHARS = 1_000_000
"""A longer page is read by the plain parser: an extractor would take many seconds."""
LEAST_EXTRACTED_CHARS = 2_000
"""Of a shorter page nothing has to be left out, and an extractor would lose its headings."""
LEAST_SHARE = 0.1
"""An extractor that keeps less of the page's text took a list of links for decoration."""

NO_CHARSETS = ("punycode", "idna", "unicode-escape", "raw-unicode-escape")
"""Encodings of Python that no page has: reading a long text in one takes hours, or runs its escapes."""

Extract = Callable[[str, str], str]
"""From HTML and its address to Markdown; empty when it found nothing."""


@dataclass(frozen=True)
class Page:
    text: str
    title: str = ""
    is_text: bool = True


def page_of(url: str, response: WebResponse) -> Page:
    """What a person would read there; of what is no text, one line with its type and size."""
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in UNNAMED and b"\0" not in response.body[:4096]:
        is_page = re.match(rb"\s*<(!doctype html|html)", response.body[:256], re.IGNORECASE)
        kind = "text/html" if is_page else "text/plain"
    if kind in HTML:
        source = decoded(response)
        return Page(readable(source, url, extractor()), title_of(source))
    if TEXT.fullmatch(kind):
        return Page(decoded(response))
    size = response.headers.get("content-length", "")
    size_bytes = int(size) if size.isdecimal() and len(size) < 16 else len(response.body)
    return Page(f"{url} is no text: {kind}, {size_bytes:,} bytes.", is_text=False)


def readable(source: str, url: str, extract: Extract | None) -> str:
    """A page as Markdown: by `extract` where there is one and it does well, else by the plain parser."""
    plain = markdown_of(source, url)
    if extract is None or len(source) > LONGEST_EXTRACTED_CHARS or len(plain) < LEAST_EXTRACTED_CHARS:
        return plain
    extracted = extract(source, url)
    return extracted if len(extracted) > LEAST_SHARE * len(plain) else plain


def extractor() -> Extract | None:
    """The one of the extra `web`, or None when it is not installed."""
    try:
        import trafilatura
    except ImportError:
        return None
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # a page without text is no error of ours

    def extract(source: str, url: str) -> str:
        found = trafilatura.extract(
            source,
            url=url,
            output_format="markdown",
            include_links=True,
            include_comments=False,
            favor_recall=True,
        )
        return found or ""

    return extract


def title_of(source: str) -> str:
    found = re.search(r"<title[^>]*>([^<]*)", source[:100_000], re.IGNORECASE)
    return " ".join(html.unescape(found[1]).split()) if found else ""


def decoded(response: WebResponse) -> str:
    body = response.body
    try:
        charset = codecs.lookup(_charset(body, response.headers.get("content-type", ""))).name
        return body.decode("utf-8" if charset in NO_CHARSETS else charset, errors="replace")
    except (LookupError, ValueError):
        return body.decode("utf-8", errors="replace")


def _charset(body: bytes, content_type: str) -> str:
    """As browsers choose: a byte order mark, the header, the page's own word, UTF-8."""
    marks = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
    if mark := next((name for mark, name in marks.items() if body.startswith(mark)), ""):
        return mark
    if named := re.search(r"charset\s*=\s*[\"']?([\w.:-]+)", content_type, re.IGNORECASE):
        return named[1]
    meta = re.search(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?([\w.:-]+)", body[:2048], re.IGNORECASE)
    return meta[1].decode("ascii", "replace") if meta else "utf-8"
