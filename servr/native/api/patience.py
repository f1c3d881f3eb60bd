"""Connections are not kept for clients who stand still: within a request, or before what they do not read.

opened ─▶ head ─▶ body ─▶ answer ─▶ head …
  ╰─────timer──────╯        ╰── timer, while there is no room for more of it and nothing of it is read
"""

from asyncio import BaseTransport, TimerHandle

import h11
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

    def handle_events(self) -> None:
        """Of what has come; also when an answer is over, behind which another request may have been sent."""
        super().handle_events()
        self._wait_for_request()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._wait_for_reader()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stop(self._reading)

    def _wait_for_request(self) -> None:
        """A head has its time as a whole, for it is short; of a body each piece has."""
        awaited = self.conn.their_state
        if awaited is h11.IDLE and (self._asking or self.timeout_keep_alive_task):
            return
        self._stop(self._asking)
        self._asking = None
        if awaited in (h11.IDLE, h11.SEND_BODY):
            self._asking = self.loop.call_later(self.asking_seconds, self.transport.close)

    def _wait_for_reader(self, unread: float = float("inf")) -> None:
        """An answer may be large: who reads it slowly is waited for, as long as it becomes less."""
        left = self.transport.get_write_buffer_size()
        if left < unread:
            self._reading = self.loop.call_later(self.reading_seconds, self._wait_for_reader, left)
        else:
            self.transport.abort()

    def _stop(self, *timers: TimerHandle | None) -> None:
        for timer in timers:
            if timer is not None:
                timer.cancel()
