"""Markdown as it comes, drawn for a terminal."""

from servr.markdown.stream import MarkdownStream

__all__ = ["MarkdownStream"]
