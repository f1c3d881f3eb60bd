"""What a request is refused with: a status and a body in the form that OpenAI's clients read."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from core.text import clip
from servr.native.asking import Busy, Refused, TooLong
from servr.native.parts import Invalid

Json = dict[str, object]

MOST_CHARS = 2_000
"""Of what is said: a message may quote what was asked."""


class Denied(Exception):
    """Refused before any part was asked: by who asks, by the page, or by what is served here."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str,
        field: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.field = field
        self.headers = headers or {}


@dataclass(frozen=True)
class Refusal:
    """An error as it is sent."""

    status: int
    body: Json
    headers: Mapping[str, str] = field(default_factory=dict)


def refusal_of(error: Exception) -> Refusal:
    """What is answered to an error; one that nobody raised on purpose says nothing of itself."""
    match error:
        case Invalid():
            return Refusal(400, _body(400, str(error), param=error.field, code="invalid_value"))
        case Denied():
            body = _body(error.status, str(error), param=error.field, code=error.code)
            return Refusal(error.status, body, error.headers)
        case TooLong():
            numbers: Json = {"n_prompt_tokens": error.prompt_tokens, "n_ctx": error.window_tokens}
            return Refusal(error.status, _body(error.status, str(error), code=error.code, more=numbers))
        case Busy():
            wait = {"retry-after": str(max(1, math.ceil(error.retry_after_seconds)))}
            return Refusal(error.status, _body(error.status, str(error), code=error.code), wait)
        case Refused():
            return Refusal(error.status, _body(error.status, str(error), code=error.code))
    said = "The server failed at this request. It was logged, and the next one will find it at work."
    return Refusal(500, _body(500, said, code="server_error"))


def _body(
    status: int,
    message: str,
    *,
    code: str,
    param: str | None = None,
    more: Mapping[str, object] | None = None,
) -> Json:
    kind = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}.get(
        status, "server_error" if status >= 500 else "invalid_request_error"
    )
    message, param = clip(message, MOST_CHARS), param and clip(param, MOST_CHARS)
    return {"error": {"message": message, "type": kind, "param": param, "code": code, **(more or {})}}
