"""A session as a document: Markdown, or a page that stands on its own."""

from collections.abc import Callable
from pathlib import Path, PurePath
from typing import Literal, get_args

from core.visible import visible
from store.session_log import read_header, read_records

Format = Literal["markdown", "html"]
FORMATS: tuple[Format, ...] = get_args(Format)


def format_of(name: str | None) -> Format:
    """What the name of a file asks for."""
    return "html" if PurePath(name or "").suffix.lower() in (".html", ".htm") else "markdown"


def document_of(log: Path, form: Format, masked: Callable[[str], str]) -> str:
    """The session in `log` without secrets, for it may be older than what is known to be secret.

    Raises:
        StoreError: the log cannot be read.
    """
    header, records = read_header(log), read_records(log)
    if form == "html":
        from servr.html import PageHead, html_page

        head = PageHead(session=header.session, root=header.root, model=header.model, created=header.created)
        return "".join(html_page(head, records, masked))
    from store.markdown import markdown

    return visible(masked("".join(markdown(header, records))))
