"""By which means this server can be made to hold a reply to a schema.

What servers of a kind can do is known (`core/endpoint.py`); whether this one does is seen from its answers.
A way that gave what does not fit is not tried again. On a server that nobody knows none is tried: some
refuse a field that they do not know, some break at it, and a task is no place to find that out.
"""

from collections.abc import Callable
from dataclasses import field

from core.endpoint import Constraint, ServerFacts
from core.records import dataclass


def nobody_known() -> ServerFacts | None:
    return None


@dataclass
class ServerWays:
    """Lives as long as a session; another server in mid-session begins with all that it claims."""

    server: Callable[[], ServerFacts | None] = nobody_known
    """What is known of the server that is asked now."""
    _broken: set[tuple[str, Constraint]] = field(default_factory=set)

    def left(self) -> tuple[Constraint, ...]:
        """Those it claims and has not failed at, the best first."""
        facts = self.server()
        return tuple(by for by in facts.constrains if (facts.url, by) not in self._broken) if facts else ()

    def distrust(self, by: Constraint) -> None:
        """Not to be tried again on this server."""
        if facts := self.server():
            self._broken.add((facts.url, by))
