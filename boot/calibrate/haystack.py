"""A long text with codes hidden in it, to find out how much of a prompt a model really reads.

Drawers stand in the paragraphs 1, 2, 4, 8, … so that a longer text begins with every shorter one, which
the server has read already, and so that its beginning, its middle and its end are asked for alike.
"""

from collections.abc import Sequence
from hashlib import sha256

FILLER = (
    "The harbour was quiet in the early morning, and the boats lay side by side with their sails down.",
    "Nobody in the street could say when the old bridge had been built, or who had paid for the stone.",
    "She put the letters back into the box, closed the lid, and went to look for the key in the kitchen.",
    "In summer the river is so low that children walk across it and hardly get their feet wet.",
    "The train was late again, so they sat down under the clock and shared what was left of the bread.",
    "Along the wall grew apple trees that nobody had cut for years, and the grass stood high between them.",
    "He had promised to mend the roof before the rain came, and now it was raining.",
    "The baker opens at six, the post office at eight, and the library whenever somebody is there.",
)
SENTENCES = 8
"""In one paragraph."""
PARAGRAPH_CHARS = SENTENCES * sum(map(len, FILLER)) // len(FILLER)


def haystack(nonce: str, paragraphs: int) -> str:
    """The text; with another `nonce` it differs from its first words on, so that no server has read it."""
    return "\n\n".join([f"Notes {nonce}.", *(_paragraph(nonce, at) for at in range(1, paragraphs + 1))])


def drawers(paragraphs: int) -> tuple[int, ...]:
    """Those to ask for: the first, one in the middle, the last."""
    last = 1 << (paragraphs.bit_length() - 1)
    return tuple(dict.fromkeys((1, max(1, last // 2), last)))


def code(nonce: str, drawer: int) -> str:
    return str(1_000 + int(sha256(f"{nonce}/{drawer}".encode()).hexdigest(), 16) % 9_000)


def found(text: str, nonce: str, asked: Sequence[int]) -> tuple[int, ...]:
    """Those of the drawers asked for whose codes a reply names."""
    plain = text.replace(",", "")
    return tuple(drawer for drawer in asked if code(nonce, drawer) in plain)


def _paragraph(nonce: str, at: int) -> str:
    sentences = [FILLER[(at * 3 + step) % len(FILLER)] for step in range(SENTENCES)]
    if at & (at - 1) == 0:
        sentences[SENTENCES // 2] = f"The code of drawer {at} is {code(nonce, at)}."
    return " ".join([f"{at}.", *sentences])
