"""What a server's refusal means: one table from its words and its status to our errors.

    HTTP status + body  ─┐
                         ├─▶ Refusal ─▶ error_of ─▶ ContextOverflow · OutOfMemory · RateLimited
    `error` in a stream ─┘                         GatewayUnavailable · RequestRejected · StreamBroken

Words are looked at before the status: servers disagree about the numbers.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import field
from email.utils import parsedate_to_datetime

from core.errors import (
    ContextOverflow,
    GatewayError,
    GatewayUnavailable,
    OutOfMemory,
    RateLimited,
    RequestRejected,
    StreamBroken,
)
from core.values import Clock, utc_now, value

LONGEST_QUOTE = 300
LONGEST_ERROR = 2_000
SPOKEN = ("code", "type", "status", "n_ctx", "message")
LOADING_WAIT_SECONDS = 10.0
DEFAULT_WAIT_SECONDS = 1.0

OVERFLOWS = tuple(
    re.compile(wording, re.IGNORECASE | re.DOTALL)
    for wording in (
        r'"n_ctx":\s*(?P<limit>\d+)',
        r"n_ctx(?:: | \()(?P<limit>\d+)",
        r"(?:context|maximum model) (?:length|size|window)(?: (?:is|of|only))* \(?(?P<limit>\d+)",
        r"greater than max_(?:model|seq)_len ?=? ?(?P<limit>\d+)",
        r"maximum allowed length \((?P<limit>\d+) tokens",
        r"too large for model with (?P<limit>\d+) maximum context",
        r"maximum number of tokens allowed \((?P<limit>\d+)\)",
        r"prompt is too long: \d+ tokens > (?P<limit>\d+)",
        r"currently available to the model\b.*?context (?P<limit>\d+)",
        r"`max_new_tokens` must be <= (?P<limit>\d+)",
        r"exceed_context_size|context_length_exceeded|context_window_exceeded",
        r"context (?:size|length|window)\b.{0,40}\b(?:exceed|overflow|too (?:long|large|small))",
        r"\b(?:exceed|longer than|larger than|greater than|fit in|overflow)\w*\b.{0,40}"
        r"\bcontext (?:size|length|window|limit)",
        r"initial job allocation requires",
        r"no user query found in messages",
        r"no requests can be scheduled and no requests can be offloaded",
    )
)
"""How servers say that a prompt is too long; the group `limit` is the window. The last three are servers that
lost the newest user message to their own clipping, or whose cache is smaller than the prompt."""

MEMORY_WORDING = re.compile(
    r"out of (?:\w+ )?memory|out_of_memory|outof(?:\w+)?memory|insufficient memory|not enough (?:\w+ )?memory"
    r"|(?:failed|unable) to alloc(?:ate)?|alloc\w* (?:of \S+ )?failed|alloc_failed|bad_alloc"
    r"|requires more (?:system )?memory|greater than the maximum allowed buffer"
    r"|runner (?:process )?has (?:terminated|unexpectedly stopped)|runner process no longer running"
    r"|POST predict:|running the model: unexpected EOF"
    r"|model has crashed|compute error",
    re.IGNORECASE,
)
"""CUDA, HIP, Metal, Vulkan and plain memory; and what Ollama, LM Studio and llama-server say of a runner that
died of it without a word."""
KEY_WORDING = re.compile(
    r"api[ _]key (?:not valid|not found)|invalid api[ _]key|api_key_invalid", re.IGNORECASE
)
MODEL_WORDING = re.compile(
    r"\bmodels?\b.*\b(?:not found|not exist|not loaded|no such)|no models? (?:is |are )?loaded",
    re.IGNORECASE | re.DOTALL,
)
TOOLS_WORDING = re.compile(
    r"auto-tool-choice|tool-call-parser|tools param requires|(?:does not|doesn['’]t) support tools",
    re.IGNORECASE,
)
TEMPLATE_WORDING = re.compile(
    r"template|jinja|roles must alternate|failed to parse grammar|failed to parse tools", re.IGNORECASE
)
LOADING_WORDING = re.compile(r"loading model|model is loading", re.IGNORECASE)
LIMIT_WORDING = re.compile(r"rate.?limit|too many requests|resource.?exhausted", re.IGNORECASE)
DELAY_WORDING = re.compile(r'(?:"retryDelay":\s*"|retry in )(?P<seconds>\d+(?:\.\d+)?)s', re.IGNORECASE)


@value
class Refusal:
    """What came back instead of a reply."""

    url: str
    """The endpoint, as the user knows it."""
    status: int | None
    """None when the error came inside a stream that began well and named no number."""
    body: str
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""
    model: str = ""
    key_setting: str = "AGENT_API_KEY"
    """The setting that holds the key of this endpoint."""

    @property
    def sentence(self) -> str:
        """Who answered what."""
        number = self.status or "with an error"
        said = quoted(self.body)
        return f"{self.url} answered {number}: {said}" if said else f"{self.url} answered {number}."


def error_of(refusal: Refusal, *, clock: Clock = utc_now) -> GatewayError:
    """The error a refusal is; `clock` reads a Retry-After that is a date."""
    words = _words(refusal.body)
    if refusal.status == 429 or (refusal.status is None and LIMIT_WORDING.search(words)):
        return RateLimited(refusal.sentence, retry_after_seconds=_wait_seconds(refusal, clock))
    for wording in OVERFLOWS:
        if match := wording.search(words):
            limit = match.groupdict().get("limit")
            return ContextOverflow(refusal.sentence, limit_tokens=int(limit) if limit else None)
    if MEMORY_WORDING.search(words):
        return OutOfMemory(refusal.sentence)
    for wording, meaning in MEANINGS:
        if wording.search(words):
            return meaning(refusal)
    return _by_status(refusal, clock)


def _wrong_key(refusal: Refusal) -> GatewayError:
    return RequestRejected(refusal.sentence, hint=f"Set {refusal.key_setting} to a key this server accepts.")


def _no_tools(refusal: Refusal) -> GatewayError:
    hint = "Start the server with its flags for tools, or run roost calibrate: it may do with tools in words."
    return RequestRejected(refusal.sentence, hint=hint)


def _unfit_template(refusal: Refusal) -> GatewayError:
    return RequestRejected(refusal.sentence, hint="The model's chat template refuses this conversation.")


def _loading(refusal: Refusal) -> GatewayError:
    return RateLimited(refusal.sentence, retry_after_seconds=LOADING_WAIT_SECONDS)


def _no_model(refusal: Refusal) -> GatewayError:
    said = f"{refusal.url} does not serve the model {refusal.model!r}: {quoted(refusal.body)}"
    return RequestRejected(said, hint=f"Set AGENT_MODEL to one of those that {refusal.url}/models lists.")


MEANINGS: tuple[tuple[re.Pattern[str], Callable[[Refusal], GatewayError]], ...] = (
    (KEY_WORDING, _wrong_key),
    (TOOLS_WORDING, _no_tools),
    (TEMPLATE_WORDING, _unfit_template),
    (LOADING_WORDING, _loading),
    (MODEL_WORDING, _no_model),
)


def _by_status(refusal: Refusal, clock: Clock) -> GatewayError:
    said, status, hint = refusal.sentence, refusal.status, ""
    if status is None:
        return StreamBroken(said)
    if status == 413:
        return ContextOverflow(said)
    if status in (503, 529) and "retry-after" in refusal.headers:
        return RateLimited(said, retry_after_seconds=_wait_seconds(refusal, clock))
    if status in (408, 425) or (status >= 500 and status not in (501, 505)):
        return GatewayUnavailable(said, hint="The model server's own log says why.")
    if status in (401, 403):
        return _wrong_key(refusal)
    if status in (404, 405):
        hint = f"Is {refusal.url!r} the /v1 URL of a model server?"
    elif status < 400:
        hint = f"It points to {refusal.headers.get('location', '')!r}: set that URL if you trust it."
    return RequestRejected(said, hint=hint)


def _wait_seconds(refusal: Refusal, clock: Clock) -> float:
    """From Retry-After, in seconds or as a date, else from the body."""
    said = refusal.headers.get("retry-after", "").strip()
    try:
        return max(0.0, float(said))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(said) - clock()).total_seconds())
    except (ValueError, TypeError):
        pass
    delay = DELAY_WORDING.search(refusal.body)
    return float(delay["seconds"]) if delay else DEFAULT_WAIT_SECONDS


def quoted(body: str) -> str:
    """The sentence inside an error body, whatever its shape, on one short line that ends as sentences do."""
    try:
        words = _message(json.loads(body))
    except ValueError:
        words = "an HTML page" if body.lstrip()[:9].lower().startswith(("<!doctype", "<html")) else body
    line = " ".join(words.split())
    if len(line) > LONGEST_QUOTE:
        return f"{line[:LONGEST_QUOTE]}…"
    return f"{line}." if line and line[-1] not in ".!?" else line


def _message(said: object) -> str:
    match said:
        case str():
            return said
        case [first, *_]:
            return _message(first)
        case {"error": inner} | {"message": inner} | {"detail": inner} | {"msg": inner} if inner:
            return _message(inner)
    return json.dumps(said, ensure_ascii=False)


def _words(body: str) -> str:
    """What the server itself says: its message, code and numbers, but no echo of the request."""
    try:
        said = json.loads(body)
    except ValueError:
        return body[:LONGEST_ERROR]
    words = [_message(said)]
    while isinstance(said, dict | list) and said:
        said = said[0] if isinstance(said, list) else said
        if not isinstance(said, dict):
            break
        words += [f'"{key}": {held}' for key, held in said.items() if key in SPOKEN]
        said = said.get("error") or said.get("detail")
    return "\n".join(word[:LONGEST_ERROR] for word in words)
