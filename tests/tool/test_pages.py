"""What is made of the bytes of a web answer."""

import pytest

from core.tools import WebResponse
from tool.pages import Page, decoded, extractor, page_of, readable

ARTICLE = (
    "<html><head><title> A &amp; B </title></head><body><nav><a href='/x'>Menu</a></nav><article><h1>Heading</h1>"
    + "".join(
        f"<p>Paragraph {number} says something <a href='/p'>worth</a> reading.</p>" for number in range(40)
    )
    + "</article><footer>Legal</footer></body></html>"
)


def answer(body: bytes, content_type: str = "", **headers: str) -> WebResponse:
    return WebResponse(
        status=200, headers={"content-type": content_type, **headers}, body=body, complete=True
    )


@pytest.mark.parametrize("extract", [None, extractor()], ids=["plain", "extra web"])
def test_an_article_is_readable_with_and_without_the_extractor(extract: object) -> None:
    text = readable(ARTICLE, "https://example.com/a", extract)

    assert "# Heading" in text
    assert "Paragraph 8 says something [worth](https://example.com/p) reading." in text
    assert "Menu" not in text
    assert "<p>" not in text


def test_an_extractor_is_installed_where_these_tests_run() -> None:
    assert extractor() is not None


def test_an_extractor_that_drops_most_of_a_page_is_not_believed() -> None:
    text = readable(ARTICLE, "https://example.com/a", lambda source, url: "Too little.")

    assert "Paragraph 8" in text


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/plain; charset=utf-8", "é"),
        ("application/json", '{"a": 1}'),
        ("application/vnd.github+json", "{}"),
        ("text/markdown", "# é"),
        ("image/svg+xml", "<svg/>"),
        ("application/octet-stream", "plain after all"),
        ("", "no type"),
    ],
)
def test_text_of_any_kind_is_shown_as_it_is(kind: str, body: str) -> None:
    assert page_of("https://e.com/f", answer(body.encode(), kind)) == Page(body)


def test_a_page_has_its_title() -> None:
    assert page_of("https://e.com", answer(ARTICLE.encode(), "text/html")).title == "A & B"


def test_html_without_a_type_is_known_by_its_beginning() -> None:
    assert page_of("https://e.com", answer(b"<!DOCTYPE html><p>Hi", "")).text == "Hi"


@pytest.mark.parametrize(
    ("kind", "body", "headers", "said"),
    [
        ("application/pdf", b"%PDF", {"content-length": "1234567"}, "application/pdf, 1,234,567 bytes"),
        ("application/pdf", b"%PDF", {"content-length": "9" * 5_000}, "application/pdf, 4 bytes"),
        ("image/png", b"\x89PNG", {}, "image/png, 4 bytes"),
        ("application/octet-stream", b"\0\1", {}, "application/octet-stream, 2 bytes"),
    ],
)
def test_what_is_no_text_is_one_line_with_type_and_size(
    kind: str, body: bytes, headers: dict[str, str], said: str
) -> None:
    page = page_of("https://e.com/f", answer(body, kind, **headers))

    assert page == Page(f"https://e.com/f is no text: {said}.", is_text=False)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("é".encode("latin-1"), "text/html; charset=ISO-8859-1"),
        ("é".encode("latin-1"), 'text/html; charset="latin1"'),
        ("é".encode(), "text/html"),
        (b"\xef\xbb\xbf" + "é".encode(), "text/html; charset=latin-1"),
        ("é".encode("utf-16"), "text/html"),
        ("é".encode(), "text/html; charset=no-such-charset"),
        ("é".encode(), "text/html; charset=hex"),
    ],
)
def test_the_charset_is_found_as_browsers_find_it(body: bytes, kind: str) -> None:
    assert decoded(answer(body, kind)) == "é"


def test_a_page_may_name_its_own_charset() -> None:
    body = b"<meta charset='windows-1251'>" + "Привет".encode("windows-1251")

    assert decoded(answer(body, "text/html")).endswith("Привет")
