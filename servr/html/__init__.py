"""A session as a page that stands on its own: nothing in it is fetched, run or obeyed."""

from servr.html.page import PageHead, html_page

__all__ = ["PageHead", "html_page"]
