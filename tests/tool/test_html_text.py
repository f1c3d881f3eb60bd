"""HTML as Markdown by the standard library."""

import pytest

from tool.html_text import markdown_of

PAGE = """<!doctype html><html><head><title>Ignored</title><style>p {color: red}</style></head><body>
<nav><a href="/">Home</a></nav>
<h1>The <em>title</em></h1>
<p>Read <a href="/docs?a=1">the docs</a>, not <a href="javascript:x()">this</a>.<br>Or &lt;that&gt;.</p>
<ul><li>one</li><li>two <code>x</code><ol><li>deep<li>deeper</ol></li></ul>
<pre><code class="language-python">def f():
    return 1 &lt; 2
</code></pre>
<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>
<script>document.write("<p>no</p>")</script><footer>Legal</footer></body></html>"""


def test_a_page_becomes_headings_links_lists_code_and_rows() -> None:
    text = markdown_of(PAGE, "https://example.com/start")

    assert text == (
        "# The title\n\n"
        "Read [the docs](https://example.com/docs?a=1), not this.\n\n"
        "Or <that>.\n\n"
        "- one\n"
        "- two `x`\n"
        "  1. deep\n"
        "  2. deeper\n\n"
        "```\ndef f():\n    return 1 < 2\n```\n\n"
        "a | b\n"
        "1 | 2"
    )


@pytest.mark.parametrize("page", ["", "   ", "<html></html>", "<script>x</script>", "<!-- a comment -->"])
def test_a_page_without_text_is_empty(page: str) -> None:
    assert markdown_of(page) == ""


def test_navigation_that_is_never_closed_hides_nothing_of_the_article() -> None:
    assert markdown_of("<body><nav><a>menu</a><main><p>Text</p></main>") == "Text"


@pytest.mark.slow
@pytest.mark.parametrize("piece", ["<!--", "<a ", "<a b='", "</", "<![CDATA[", "<nav>", "<ul>", "<"])
def test_a_page_built_to_be_slow_is_read_in_time(piece: str) -> None:
    page = piece * (1_000_000 // len(piece))

    text = markdown_of(page)

    assert len(text) <= len(page)
