"""How many tokens of prompts a step reads, so that it takes as long as may be waited for it."""

LEAST = 32
MOST = 4096


class Pace:
    """Learns from each step how long a token takes to read."""

    def __init__(self, *, alone_seconds: float = 0.5, beside_seconds: float = 0.15, first: int = 256) -> None:
        self._alone_seconds = alone_seconds
        """Of a step while nobody writes: how long a person who has gone still costs."""
        self._beside_seconds = beside_seconds
        """Of a step beside replies that are being written: how long each of these stands still."""
        self._seconds_each = alone_seconds / first

    def tokens(self, *, is_beside: bool) -> int:
        """A power of two, so that the shapes of steps are few."""
        seconds = self._beside_seconds if is_beside else self._alone_seconds
        fitting = int(seconds / self._seconds_each)
        return min(MOST, max(LEAST, 1 << max(0, fitting.bit_length() - 1)))

    def learn(self, tokens: int, seconds: float) -> None:
        """Of a step that read `tokens`; steps of few tokens say little about one."""
        if tokens >= LEAST:
            self._seconds_each += (seconds / tokens - self._seconds_each) / 2
