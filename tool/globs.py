"""File name patterns, in the dialect of .gitignore.

They come from models and from repositories, so no pattern may take long: what stands between two
wildcards is matched at the first place where it fits and never tried again, which is enough for globs.
"""

import re
from collections.abc import Callable, Iterator
from itertools import islice

from core.errors import ToolError

TOKEN = re.compile(r"/\*\*$|\*+|\[[!^]?[^/][^\]]*\]|\\.|.", re.DOTALL)
ANY_FOLDERS = re.compile(r"(?:^|(?<=/))\*\*/")
MOST_CHARS = 200
MOST_ALTERNATIVES = 64


def matcher(glob: str) -> Callable[[str], object]:
    """Whether a relative path is meant by `glob`, which may have {alternatives}. Raises ToolError."""
    globs = list(islice(_alternatives(glob[:MOST_CHARS]), MOST_ALTERNATIVES + 1))
    if len(glob) > MOST_CHARS or len(globs) > MOST_ALTERNATIVES:
        raise ToolError("The glob is too long, or has too many alternatives.", hint="Use a simpler glob.")
    try:
        return re.compile("|".join(map(glob_regex, globs)), re.DOTALL).fullmatch
    except re.error as error:
        raise ToolError(f"{glob!r} is no glob: {error}.", hint="Use *, ** and ?.") from error


def glob_regex(glob: str) -> str:
    """A regular expression for the relative paths that `glob` means.

    Without a slash it is compared with the last name of a path, else with the whole of it.
    """
    within, *below = map(_block, ANY_FOLDERS.split(glob if "/" in glob else f"**/{glob}"))
    if not below:
        return within.removeprefix("/")
    *between, last = below
    return f"{within}{''.join(f'(?>(?:.*?/)??{block})' for block in between)}(?:.*/)?{last}".removeprefix("/")


def _alternatives(glob: str) -> Iterator[str]:
    """`*.{ts,tsx}` as `*.ts` and `*.tsx`."""
    found = re.search(r"\{([^{}]*,[^{}]*)\}", glob)
    if found is None:
        yield glob
        return
    for part in found[1].split(","):
        yield from _alternatives(glob[: found.start()] + part + glob[found.end() :])


def _block(glob: str) -> str:
    """A part of a glob without `**/`: always the same number of names."""
    regex, fixed = "", ""
    after_star = False
    for token in [*TOKEN.findall(glob), ""]:
        is_star = token.startswith("*")
        if not is_star and token not in ("", "/", "/**"):
            fixed += _regex_of(token)
            continue
        regex += _run(fixed, after_star=after_star, before_star=is_star)
        regex += {"/": "/", "/**": "/.+"}.get(token, "")
        fixed, after_star = "", is_star
    return regex


def _run(fixed: str, *, after_star: bool, before_star: bool) -> str:
    """What stands between two stars, or between a star and the end of a name."""
    if not after_star:
        return fixed
    return f"(?>[^/]*?{fixed})" if before_star else f"[^/]*{fixed}"


def _regex_of(token: str) -> str:
    if token == "?":
        return "[^/]"
    if token.startswith("[") and len(token) > 1:
        inside = token[1:-1]
        negated = inside[0] in "!^"
        members = re.sub(r"([\[\]&~|])", r"\\\1", inside[negated:].replace("\\", "\\\\"))
        return f"(?!/)[{'^' if negated else ''}{members}]"
    return re.escape(token[-1])
