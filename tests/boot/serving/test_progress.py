import io

from boot.serving.progress import Progress
from tests.clocks import Clock


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_one_line_tells_how_much_how_fast_and_how_long_still() -> None:
    out, clock = Terminal(), Clock()
    with Progress("coder", 16_000_000_000, 4_000_000_000, out, clock) as progress:
        clock.now = 10
        progress.add(1_000_000_000)

    assert out.getvalue().split("\r")[-1] == (
        "coder  ███████░░░░░░░░░░░░░░░░░  5.0 GB of 16.0 GB, 100 MB/s, 2 min left\x1b[K\n"
    )


def test_without_a_terminal_a_line_comes_at_each_tenth() -> None:
    out, clock = io.StringIO(), Clock()
    with Progress("coder", 1_000_000_000, 0, out, clock) as progress:
        for _ in range(100):
            clock.now += 1
            progress.add(10_000_000)

    lines = out.getvalue().splitlines()
    assert len(lines) == 10
    assert lines[4] == "coder: 0.5 GB of 1.0 GB, 10 MB/s, 50 s left"


def test_bytes_that_have_to_come_again_are_taken_back() -> None:
    out, clock = io.StringIO(), Clock()
    with Progress("coder", 1_000_000_000, 0, out, clock) as progress:
        progress.add(500_000_000)
        progress.add(-500_000_000)

    assert progress.text == "0.0 MB of 1.0 GB"
