"""Models that got stuck in their own words: a span said again and again at the end of a text."""

LEAST_CHARS, MOST_CHARS = 20, 200
TIMES = 8
LEAST_LETTERS = 4
"""A line of dashes is no loop."""
WATCHED_CHARS = MOST_CHARS * TIMES + LEAST_CHARS
"""How much of the end of a text decides."""


def repeated_span(text: str) -> str:
    """The span of 20 to 200 characters that `text` ends with eight times in a row, or nothing."""
    if len(text) < LEAST_CHARS * TIMES:
        return ""
    probe = text[-LEAST_CHARS:]
    before = text.rfind(probe, 0, len(text) - 1)
    if before < 0:
        return ""
    period = len(text) - len(probe) - before
    length = period * -(-LEAST_CHARS // period)
    span = text[-length:]
    is_loop = length <= MOST_CHARS and text.endswith(span * TIMES) and len(set(span)) >= LEAST_LETTERS
    return span if is_loop else ""


def without_repetition(text: str) -> str:
    """`text` with the span at its end said once; unchanged when there is none."""
    span = repeated_span(text)
    while span and text.endswith(span * 2):
        text = text[: -len(span)]
    return text
