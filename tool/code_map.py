"""A map of a project: the definitions that the rest of it leans on most, as many as there is room for.

    a file that uses a name ──▶ the files that define it        who is used by the important is important

Files are ranked as web pages are by their links (PageRank); the walk begins at the files that matter now.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.code import CodeIndex, Definition
from core.text import clip, printable
from core.tokens import CHARS_PER_TOKEN, weight

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DAMPING, ROUNDS = 0.85, 30
MOST_DEFINERS = 8
"""A name that more files define says nothing about any of them."""
LEAST_NAME_CHARS = 4
PRIVATE, PLAIN, INNER = 0.1, 0.05, 0.5
"""How much less a use counts of a name that begins with an underscore; that is a plain word, which stands in
many texts and means something else there; that is of a method."""
UNSAID = 1.0
"""What a file keeps for itself, so that few and doubtful uses do not count for all of it."""
BEYOND_USE = 0.2
"""Of a file's rank, shared out among all that it defines, used or not."""
LINE_CHARS = 110


def map_of(index: CodeIndex, *, below: str, tokens: float, weights: Mapping[str, float] | None = None) -> str:
    """The definitions in files at or below a path, in the order of paths and lines.

    Args:
        index: what is known of the project.
        below: "" is all of it.
        tokens: of the map, at most, as `core/tokens.py` guesses them.
        weights: of the files that matter now, by path; the others count as one together.
    """
    definitions = index.definitions()
    scores = _scores(definitions, index.uses(), weights or {})
    inside = [place for place, each in enumerate(definitions) if _is_below(each.path, below)]
    inside.sort(key=lambda place: (-scores[place], place))
    return "\n".join(
        _drawn([definitions[place] for place in _fitting(definitions, inside, tokens * CHARS_PER_TOKEN)])
    )


def _is_below(path: str, below: str) -> bool:
    return not below or path == below or path.startswith(f"{below}/")


def _fitting(definitions: Sequence[Definition], ranked: Sequence[int], room: float) -> list[int]:
    """The best of them that fit, in the order of files and lines."""
    taken, files = list[int](), set[str]()
    for place in ranked:
        each = definitions[place]
        room -= weight(_line(each)) + 1 + (0 if each.path in files else weight(printable(each.path)) + 1)
        if room < 0:
            break
        taken.append(place)
        files.add(each.path)
    return sorted(taken)


def _drawn(definitions: Sequence[Definition]) -> Iterator[str]:
    path = None
    for each in definitions:
        if each.path != path:
            path = each.path
            yield printable(path)
        yield _line(each)


def _line(definition: Definition) -> str:
    indent = "  " * (1 + definition.name.count("."))
    return printable(f"{indent}{definition.number} {clip(definition.line, LINE_CHARS)}")


@dataclass(frozen=True)
class _Links:
    """From the files that use a name to the definitions of it."""

    users: "NDArray[np.int64]"
    definitions: "NDArray[np.int64]"
    weights: "NDArray[np.float64]"


def _scores(
    definitions: Sequence[Definition], uses: Mapping[str, Sequence[str]], weights: Mapping[str, float]
) -> Sequence[float]:
    """How much each definition matters."""
    import numpy as np

    files = {path: place for place, path in enumerate(sorted({*uses, *(each.path for each in definitions)}))}
    if not files:
        return []
    links = _links(definitions, uses, files)
    homes = np.array([files[each.path] for each in definitions], dtype=np.int64)  # (definitions,)
    start = np.full(len(files), 1.0 / len(files))
    for path, more in weights.items():
        if path in files:
            start[files[path]] += more
    rank = _rank(links, homes, start / start.sum())
    flow = _flow(links, rank, len(files))
    scores = np.bincount(links.definitions, weights=flow, minlength=len(definitions))
    shares = rank[homes] / np.bincount(homes, minlength=len(files))[homes]  # (definitions,)
    found: list[float] = (scores + BEYOND_USE * shares).round(12).tolist()
    return found


def _links(
    definitions: Sequence[Definition], uses: Mapping[str, Sequence[str]], files: Mapping[str, int]
) -> _Links:
    import numpy as np

    places: dict[str, list[int]] = defaultdict(list)
    for place, each in enumerate(definitions):
        name = each.name.replace("::", ".").rpartition(".")[2]
        if len(name) >= LEAST_NAME_CHARS and not name.startswith("__"):
            places[name].append(place)
    told = {
        name: (found, [files[definitions[one].path] for one in found])
        for name, found in places.items()
        if len(found) <= MOST_DEFINERS
    }
    users, targets, weights = list[int](), list[int](), list[float]()
    for path in sorted(uses):
        user = files[path]
        for name in sorted(told.keys() & uses[path]):
            found, homes = told[name]
            if user not in homes:
                users += [user] * len(found)
                targets += found
                weights += [_telling(definitions[one].name, name) / len(found) for one in found]
    return _Links(
        np.array(users, dtype=np.int64),
        np.array(targets, dtype=np.int64),
        np.array(weights, dtype=np.float64),
    )


def _telling(qualified: str, name: str) -> float:
    """How certainly a text that has this name means this definition."""
    weight = INNER if qualified != name else 1.0
    if name.startswith("_"):
        return weight * PRIVATE
    return weight * PLAIN if name.islower() and "_" not in name else weight


def _flow(links: _Links, rank: "NDArray[np.float64]", count: int) -> "NDArray[np.float64]":
    """What goes along each link: a file's rank is shared out among what it uses."""
    import numpy as np

    given = UNSAID + np.bincount(links.users, weights=links.weights, minlength=count)
    flow: NDArray[np.float64] = rank[links.users] * links.weights / given[links.users]
    return flow


def _rank(links: _Links, homes: "NDArray[np.int64]", start: "NDArray[np.float64]") -> "NDArray[np.float64]":
    import numpy as np

    rank = start
    for _ in range(ROUNDS):
        came = np.bincount(
            homes[links.definitions] if len(homes) else links.definitions,
            weights=_flow(links, rank, len(start)),
            minlength=len(start),
        )
        lost = 1.0 - came.sum()  # of files that use nothing, and of those who begin anew
        rank = DAMPING * came + (1.0 - DAMPING * (1.0 - lost)) * start
    return rank
