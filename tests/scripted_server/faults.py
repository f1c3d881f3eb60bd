"""The thirteen faults that every agent meets, as scripts that end with a finished task.

The task is always to write `done.txt`; what must never run writes `cut-off…`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain, islice, repeat

from tests.scripted_server.app import Aside
from tests.scripted_server.recorded import Recorded
from tests.scripted_server.replies import (
    OVERFLOWS,
    Reply,
    Spoken,
    Step,
    call,
    call_with,
    dropped,
    failing,
    overflow,
    rate_limited_until,
    refuse,
    say,
    unanswered,
    unfinished,
    written_call,
)

TOLD_WINDOW = 32_768
"""What the server says of its window."""
REAL_WINDOW = 12_000
"""What it takes, where overflow is for good."""
LAST_WORDS = "Everything is done."
GIVES_WAY_AFTER = 3
"""How many steps of an endless fault come before another: enough to be told of it, one too few to be stopped."""
FINISH: tuple[Step, ...] = (call("write_file", path="done.txt", content="done\n"), say(LAST_WORDS))
OPEN_STRING = '{"path": "cut-off.txt", "content": "a string that never en'


@dataclass(frozen=True)
class Fault:
    name: str
    steps: Iterable[Step]
    endless: bool = False
    """The steps never come to an end: the task is not finished."""
    window_tokens: int | None = None
    """Every longer request is refused, one for a summary whatever its length."""

    def __str__(self) -> str:
        return self.name


def filling(count: int) -> tuple[Step, ...]:
    """Calls whose results are some 6 kB each, and all different."""
    return tuple(
        call("shell", command=f'seq -f "part {part}, line %g of what fills the window" 140')
        for part in range(count)
    )


def overflow_here(server: str = "llama-server") -> Callable[[Recorded], Reply]:
    """Refuses whatever comes as a little too long, in the words of that server."""
    return lambda request: overflow(request.tokens, request.tokens * 9 // 10, server)


def _rate_limited_two_seconds(request: Recorded) -> Reply:
    return rate_limited_until(request.date + 2)


FAULTS = (
    Fault("bad-json", (call_with("write_file", OPEN_STRING),)),
    Fault("unknown-tool", (call("write_fil", path="cut-off.txt", content="-"),)),
    Fault("cut-in-call", (dropped(call_with("write_file", OPEN_STRING)),)),
    Fault("cut-in-text", (dropped(say("I have now wri")),)),
    Fault("http-500", (refuse(500, "The server stumbled."),)),
    Fault("http-429", (refuse(429, "Too many requests.", retry_after="1"),)),
    Fault("empty-reply", (say(),)),
    Fault("written-call", (written_call("write_file", path="from-text.txt", content="from text\n"),)),
    Fault("many-lines", (call("shell", command='seq -f "line %g of very many lines of output" 130000'),)),
    Fault("one-line", (call("shell", command="yes word | head -c 5000000 | tr '\\n' ' '"),)),
    Fault("overflow-once", (*filling(8), overflow_here())),
    Fault("overflow-for-good", filling(12), window_tokens=REAL_WINDOW),
    Fault("same-call", repeat(call("list_files", path=".")), endless=True),
)
VARIANTS = (
    Fault("cut-after-arguments", (dropped(call("write_file", path="cut-off.txt", content="-")),)),
    Fault("http-429-date", (_rate_limited_two_seconds,)),
    Fault("unfinished-text", (unfinished(say("I have now wri")),)),
    Fault("error-in-stream", (failing(say("I have now wri"), code=500, message="The server stumbled."),)),
    Fault("error-at-once", (failing(Spoken(), code=503, message="The server is busy."),)),
    Fault("no-answer", (unanswered(),)),
    *(Fault(f"overflow-{server}", (*filling(8), overflow_here(server))) for server in OVERFLOWS),
)
"""Other forms of the same faults."""


def script(*faults: Fault) -> Iterable[Step]:
    """The steps of the faults one after another, then the task; an endless one gives way to those behind it."""
    before = (islice(fault.steps, GIVES_WAY_AFTER) if fault.endless else fault.steps for fault in faults[:-1])
    return chain(*before, *(fault.steps for fault in faults[-1:]), FINISH)


def _asks_for_notes(request: Recorded) -> bool:
    """Whether a client asks for a summary with its usual prompt, tools and all."""
    last = request.messages[-1] if request.messages else {}
    return last.get("role") == "user" and "about to be shortened" in str(last.get("content"))


def aside(*faults: Fault) -> Aside:
    """Answers requests for a summary, and refuses those over the window."""
    windows = [fault.window_tokens for fault in faults if fault.window_tokens]

    def answer(request: Recorded) -> Spoken | Reply | None:
        is_summary = (
            not request.tools or request.json.get("tool_choice") == "none" or _asks_for_notes(request)
        )
        if windows and (is_summary or request.tokens > min(windows)):
            return overflow(max(request.tokens, min(windows) + 1), min(windows))
        return (
            say("So far: the folder was looked at; done.txt is still to be written.") if is_summary else None
        )

    return answer
