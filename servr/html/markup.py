"""Text, lines and Markdown as HTML in which everything is escaped."""

from collections.abc import Iterable
from functools import cache
from html import escape
from typing import TYPE_CHECKING

from core.visible import COMMANDING, visible
from servr.markdown.code import Highlighter, language_of
from servr.spans import Line, Style

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

SCHEMES = ("http://", "https://", "mailto:")


def text_html(text: str) -> str:
    return escape(visible(text))


def lines_html(lines: Iterable[Line]) -> str:
    return "\n".join(map(line_html, lines))


def line_html(line: Line) -> str:
    return "".join(_part_html(part.text, part.styles) for part in line.parts)


def _part_html(text: str, styles: Iterable[Style]) -> str:
    names = " ".join(style.value for style in styles if style is not Style.PLAIN)
    return f'<span class="{names}">{escape(text)}</span>' if names else escape(text)


def code_html(code: str, language: str = "") -> str:
    """A block of code in colours."""
    colours = Highlighter(language)
    lines = visible(code).removesuffix("\n").split("\n")
    return f"<pre><code>{lines_html(map(colours.line, lines))}</code></pre>\n"


def markdown_html(text: str) -> str:
    rendered: str = _parser().render(visible(text))
    return COMMANDING.sub(lambda found: text_html(found[0]), rendered)  # an entity may have been anything


@cache
def _parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt
    from markdown_it.renderer import RendererHTML
    from markdown_it.token import Token
    from markdown_it.utils import EnvType, OptionsDict

    def code(_: RendererHTML, tokens: list[Token], place: int, options: OptionsDict, env: EnvType) -> str:
        return code_html(tokens[place].content, language_of(tokens[place].info))

    def image(_: RendererHTML, tokens: list[Token], place: int, options: OptionsDict, env: EnvType) -> str:
        """No picture is fetched: whoever opens the page tells nobody that they do."""
        token = tokens[place]
        return f"[image: {escape(token.content)}] ({escape(str(token.attrs.get('src', '')))})"

    def link(
        renderer: RendererHTML, tokens: list[Token], place: int, options: OptionsDict, env: EnvType
    ) -> str:
        tokens[place].attrs["rel"] = "noopener noreferrer nofollow"
        return renderer.renderToken(tokens, place, options, env)

    parser = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["strikethrough", "table"])
    parser.validateLink = may_be_followed  # type: ignore[method-assign, assignment]
    for name, rule in (("fence", code), ("code_block", code), ("image", image), ("link_open", link)):
        parser.add_render_rule(name, rule)
    return parser


def may_be_followed(address: str) -> bool:
    """Whether an address leads to a page or a mailbox; all others stay text."""
    return address.strip().lower().startswith(SCHEMES)
