"""The picture of a chat in the docs is of the chat as it is."""

import shutil

import pytest

from tests.servr.recording import PICTURE, picture, recorded, text_of

pytestmark = [pytest.mark.server, pytest.mark.slow]


@pytest.mark.skipif(not (shutil.which("tmux") and shutil.which("bwrap")), reason="needs tmux and bubblewrap")
def test_the_picture_in_the_docs_shows_what_is_shown_now() -> None:
    """`python -m tests.servr.recording` makes it anew."""
    assert text_of(picture(recorded())) == text_of(PICTURE.read_text(encoding="utf-8"))
