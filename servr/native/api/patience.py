"""Connections are not kept for clients who stand still: within a request, or before what they do not read.

opened ─▶ head ─▶ body ─▶ answer ─▶ head …
  ╰─────timer──────╯        ╰── timer, while there is no room for more of it
"""

from asyncio import BaseTransport, TimerHandle

from uvicorn.protocols.http.h11_impl import H11Protocol

PATIENCE_SECONDS = 60.0


class PatientProtocol(H11Protocol):
    """Uvicorn's own waits for ever, but for the next request on a connection."""

    asking_seconds = reading_seconds = PATIENCE_SECONDS
    _asking: TimerHandle | None = None
    """Until the head of a request is whole, or more of its body comes."""
    _reading: TimerHandle | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]
        self._wait_for_request()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop(self._asking, self._reading)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._wait_for_request()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._reading = self.loop.call_later(self.reading_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stop(self._reading)

    def _wait_for_request(self) -> None:
        """A head has its time as a whole, for it is short; of a body each piece has."""
        is_between = self.cycle is None or self.cycle.response_complete
        if is_between and self._asking is not None:
            return
        self._stop(self._asking)
        self._asking = None
        if is_between or self.cycle.more_body:
            self._asking = self.loop.call_later(self.asking_seconds, self.transport.close)

    def _stop(self, *timers: TimerHandle | None) -> None:
        for timer in timers:
            if timer is not None:
                timer.cancel()
