"""The page of a session: prompts, replies and cards in their order, and a list of the prompts to jump to.

It brings its style with it and no script, and tells the browser to fetch nothing. Cards are drawn by the same
functions as on a screen, and are folded by <details>.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from pathlib import Path

from core.events import Event, ModelReplied, NoteAdded, Record, ToolFinished, ToolStarted, TurnStarted
from core.messages import AssistantMessage, ToolCall
from core.values import value
from core.views import FileChange
from flow.masking import mapped
from servr.cards.cards import card_lines
from servr.cards.sheet import Sheet
from servr.drawing import first_line, lines_of
from servr.html.markup import code_html, line_html, lines_html, markdown_html, text_html
from servr.spans import Style
from servr.themes import DARK, DARK_BEHIND, LIGHT, LIGHT_BEHIND, Rgb

WIDTH = 120
"""Cells, where a title has to be cut."""
MOST_OPEN_LINES = 60
"""Of a change of a file: a longer one is folded like all other cards."""
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
MOST_TITLE_CHARS = 90


@value
class PageHead:
    session: str
    root: str
    model: str
    created: datetime


def html_page(head: PageHead, records: Iterable[Record], masked: Callable[[str], str] = str) -> Iterator[str]:
    """The page, piece by piece; `masked` takes secrets out of all that is shown."""
    events = [(record.at, mapped(record.event, masked)) for record in records]
    prompts = [event.prompt.text for _, event in events if isinstance(event, TurnStarted)]
    title = _shortened(masked(prompts[0])) if prompts else f"Session {head.session}"
    yield (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{escape(title)}</title>\n<style>\n{_style()}</style>\n</head>\n<body>\n"
    )
    yield _header(head, title, masked)
    yield _list_of_prompts(prompts)
    story = _Story()
    for at, event in events:
        yield from story.of(at, event)
    yield "<footer><hr>Exported from Roost.</footer>\n</body>\n</html>\n"


@dataclass
class _Story:
    turns: int = 0
    calls: dict[str, ToolCall] = field(default_factory=dict)

    def of(self, at: datetime, event: Event) -> Iterator[str]:
        match event:
            case TurnStarted(prompt=prompt):
                self.turns += 1
                yield (
                    f'<section class="prompt" id="turn-{self.turns}"><time datetime="{at.isoformat()}">'
                    f"{at:%Y-%m-%d %H:%M} UTC</time><div>{text_html(prompt.text)}</div></section>\n"
                )
            case ModelReplied(reply=reply):
                self.calls |= {call.id: call for call in reply.calls}
                yield from _reply(reply)
            case ToolStarted(call=call):
                self.calls[call.id] = call
            case ToolFinished(call_id=call_id):
                yield _card(self.calls.get(call_id), event)
            case NoteAdded(source="steering", text=text):
                yield f'<section class="prompt"><div>{text_html(text)}</div></section>\n'
            case _:
                yield from (f'<p class="remark">{line_html(line)}</p>\n' for line in lines_of(event))


def _reply(reply: AssistantMessage) -> Iterator[str]:
    if thinking := reply.thinking.strip():
        yield (
            f'<details class="thinking"><summary>thought, {len(thinking):,} characters</summary>'
            f"<div>{text_html(thinking)}</div></details>\n"
        )
    if text := reply.text.strip():
        yield f'<section class="reply">\n{markdown_html(text)}</section>\n'


def _card(call: ToolCall | None, event: ToolFinished) -> str:
    sheet = Sheet(WIDTH, opened=True, tinted=True)
    title, *body = card_lines(call, event, sheet)
    opened = " open" if isinstance(event.view, FileChange) and len(body) <= MOST_OPEN_LINES else ""
    arguments = _arguments(call) if call else ""
    shown = f"<pre>{lines_html(body)}</pre>\n" if body else ""
    return f"<details{opened}><summary>{line_html(title)}</summary>\n{shown}{arguments}</details>\n"


def _arguments(call: ToolCall) -> str:
    """What the model asked for, word for word."""
    try:
        text = json.dumps(json.loads(call.arguments or "{}"), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        text = call.arguments
    return f"<details><summary>arguments</summary>{code_html(text, 'json')}</details>\n"


def _header(head: PageHead, title: str, masked: Callable[[str], str]) -> str:
    rows = {
        "Session": head.session,
        "Workspace": head.root,
        "Model": head.model,
        "Begun": f"{head.created:%Y-%m-%d %H:%M} UTC",
    }
    terms = "".join(f"<dt>{name}</dt><dd>{text_html(masked(text))}</dd>" for name, text in rows.items())
    return f"<header><h1>{escape(title)}</h1>\n<dl>{terms}</dl></header>\n"


def _list_of_prompts(prompts: Sequence[str]) -> str:
    if len(prompts) < 2:
        return ""
    items = "".join(
        f'<li><a href="#turn-{number}">{escape(_shortened(text))}</a></li>\n'
        for number, text in enumerate(prompts, 1)
    )
    return f"<nav><ol>\n{items}</ol></nav>\n"


def _shortened(text: str) -> str:
    line = first_line(text)
    return line if len(line) <= MOST_TITLE_CHARS else f"{line[: MOST_TITLE_CHARS - 1]}…"


def _style() -> str:
    """The style sheet, with the colours of the themes."""
    sheet = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
    names = "".join(
        f".{style} {{ color: var(--{style}); }}\n" for style in DARK if style is not Style.COMMENT
    )
    names += "".join(f".{style} {{ background: var(--{style}); }}\n" for style in DARK_BEHIND)
    light, dark = _variables({**LIGHT, **LIGHT_BEHIND}), _variables({**DARK, **DARK_BEHIND})
    dark = f"@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n"
    return f"{sheet}{names}:root {{ {light} }}\n{dark}@media print {{ :root {{ {light} }} }}\n"


def _variables(palette: Mapping[Style, Rgb]) -> str:
    return " ".join("--{}: rgb({} {} {});".format(style, *rgb) for style, rgb in palette.items())
