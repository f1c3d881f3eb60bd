"""Markdown by chance: pieces that begin, end and cross everything, put together."""

from hypothesis import strategies as st

PIECES = (
    *("# ", "## ", "- ", "* ", "1. ", "2) ", "> ", "```", "```py\n", "~~~", "\n", "\n\n", "    ", "  ", "\t"),
    *(
        "**",
        "*",
        "_",
        "__",
        "~~",
        "`",
        "``",
        "[",
        "]",
        "](",
        "http://x.y/z",
        ")",
        "![",
        "|",
        "|---|---|",
        "---",
    ),
    *(
        "===",
        "***",
        "word",
        "two words ",
        "日本語、テキスト。",
        "e\u0301",
        "👨‍👩‍👧",
        "\\",
        "<b>",
        "&lt;",
        "&#27;",
        "&#x202e;",
    ),
    *("\x1b[2J", "\r\n", "\r", "x" * 120, " " * 110, "-" * 105, "a|b", "| a | b |\n|---|---|\n", "\u202e"),
    *(
        "def f(): '''\n",
        "a" * 1500,
        "(*",
        "*)",
        "snake_case_name ",
        "2 * 3 * 4 ",
        " ",
        "  \n",
        ": ",
        "1986. ",
    ),
)
texts = st.lists(st.sampled_from(PIECES), max_size=50).map("".join)
spoken = st.lists(st.sampled_from((*PIECES, *[" word "] * 30)), max_size=40).map(
    lambda pieces: "".join(
        f" q{place}w " if piece == " word " else piece for place, piece in enumerate(pieces)
    )
)
"""The same, with words in it that are told apart."""
