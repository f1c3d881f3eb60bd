"""What each server's refusal becomes."""

import json
from datetime import UTC, datetime

import pytest

from core.errors import (
    ContextOverflow,
    GatewayError,
    GatewayUnavailable,
    OutOfMemory,
    RateLimited,
    RequestRejected,
    StreamBroken,
)
from gate.errors_of import Refusal, error_of
from tests.scripted_server.replies import OVERFLOWS

URL = "http://m/v1"
NOW = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)


def error(status: int | None, body: str, **headers: str) -> GatewayError:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    refusal = Refusal(url=URL, status=status, body=body, headers=named, model="small")
    return error_of(refusal, clock=lambda: NOW)


@pytest.mark.parametrize("server", OVERFLOWS)
def test_the_window_is_learned_from_every_server(server: str) -> None:
    body = OVERFLOWS[server] % {"tokens": 20009, "window": 4096}

    refused = error(400, body)

    assert isinstance(refused, ContextOverflow)
    assert refused.limit_tokens == 4096


@pytest.mark.parametrize("status", [400, 500, None])
@pytest.mark.parametrize(
    ("words", "limit"),
    [
        ("Context size has been exceeded.", None),
        (
            "request (124071 tokens) exceeds the available context size (123904 tokens), try increasing it",
            123904,
        ),
        (
            "This model's maximum context length is 8192 tokens. However, your prompt contains at least 9000 input tokens",
            8192,
        ),
        ("max_tokens=9000 cannot be greater than max_model_len=8192. Please reduce it.", 8192),
        ("The input (9000 tokens) is longer than the model's context length (8192 tokens).", 8192),
        (
            "Requested token count exceeds the model's maximum context length of 8192 tokens. You requested",
            8192,
        ),
        ("Prompt length 9000 exceeds the available context size of 8192 tokens", 8192),
        ("Initial job allocation requires 9000 cache tokens, only 8192 are there", None),
        (
            "The number of tokens to keep from the initial prompt is greater than the context length (n_keep: 9000 >= n_ctx: 8192). Try",
            8192,
        ),
        (
            "Trying to keep the first 9000 tokens when context the overflows. However, the model is loaded with context length of only 8192 tokens",
            8192,
        ),
        ("The decoder prompt (length 9000) is longer than the maximum model length of 8192. Make", 8192),
        ("You passed 9000 input tokens. However, the model's context length is only 8192 tokens", 8192),
        ("Input length (9000) exceeds model's maximum context length (8192).", 8192),
        ("Input length (9000 tokens) exceeds the maximum allowed length (8185 tokens). Use", 8185),
        ("Reached context length of 8192 tokens with model (arch: gpt-oss) that does not support", 8192),
        ("Cannot truncate prompt with n_keep (9000) >= n_ctx (8192)", 8192),
        ("Prompt length 9000 is greater than max_seq_len 8192", 8192),
        ("Requested tokens (9000) exceed context window of 8192", 8192),
        ("`inputs` tokens + `max_new_tokens` must be <= 8192. Given: 8000 `inputs` tokens", 8192),
        ("Prompt contains 9000 tokens, too large for model with 8192 maximum context length", 8192),
        ("Input does not fit in context length", None),
        ("the prompt is longer than the context length currently available to the model; try", None),
        ("the input length exceeds the context length", None),
        ("The input token count (1048577) exceeds the maximum number of tokens allowed (1048576).", 1048576),
        ("Your input exceeds the context window of this model.", None),
        ("prompt is too long: 9000 tokens > 8192 maximum", 8192),
        ("no user query found in messages", None),
        ("No requests can be scheduled and no requests can be offloaded.", None),
    ],
)
def test_an_overflow_is_known_by_its_words(status: int | None, words: str, limit: int | None) -> None:
    refused = error(status, f'{{"error": {{"message": "{words}"}}}}')

    assert isinstance(refused, ContextOverflow)
    assert refused.limit_tokens == limit


@pytest.mark.parametrize(
    ("status", "body", "kind", "sentence"),
    [
        (
            401,
            '{"error": "Unauthorized"}',
            RequestRejected,
            "http://m/v1 answered 401: Unauthorized. Set AGENT_API_KEY to a key this server accepts.",
        ),
        (
            403,
            "",
            RequestRejected,
            "http://m/v1 answered 403. Set AGENT_API_KEY to a key this server accepts.",
        ),
        (
            400,
            '[{"error": {"code": 400, "message": "API key not valid. Please pass a valid API key."}}]',
            RequestRejected,
            "http://m/v1 answered 400: API key not valid. Please pass a valid API key. "
            "Set AGENT_API_KEY to a key this server accepts.",
        ),
        (
            400,
            '{"error": {"message": "tools param requires --jinja flag"}}',
            RequestRejected,
            "http://m/v1 answered 400: tools param requires --jinja flag. "
            "Start the server with its flags for tools, or run roost calibrate: it may do with tools in words.",
        ),
        (
            404,
            '{"error": {"message": "model \'small\' not found, try pulling it first"}}',
            RequestRejected,
            "http://m/v1 does not serve the model 'small': model 'small' not found, try pulling it first. "
            "Set AGENT_MODEL to one of those that http://m/v1/models lists.",
        ),
        (
            404,
            '{"detail": "Not Found"}',
            RequestRejected,
            "http://m/v1 answered 404: Not Found. Is 'http://m/v1' the /v1 URL of a model server?",
        ),
        (
            404,
            "<!DOCTYPE html><html><body>…</body></html>",
            RequestRejected,
            "http://m/v1 answered 404: an HTML page. Is 'http://m/v1' the /v1 URL of a model server?",
        ),
        (
            422,
            '{"detail": [{"msg": "Unexpected fields"}]}',
            RequestRejected,
            "http://m/v1 answered 422: Unexpected fields.",
        ),
        (
            500,
            '{"error": {"message": "Conversation roles must alternate"}}',
            RequestRejected,
            "http://m/v1 answered 500: Conversation roles must alternate. "
            "The model's chat template refuses this conversation.",
        ),
        (
            500,
            "oops",
            GatewayUnavailable,
            "http://m/v1 answered 500: oops. The model server's own log says why.",
        ),
        (502, "", GatewayUnavailable, "http://m/v1 answered 502. The model server's own log says why."),
        (501, "no", RequestRejected, "http://m/v1 answered 501: no."),
        (413, "too large", ContextOverflow, "http://m/v1 answered 413: too large."),
        (None, '{"error": "crashed"}', StreamBroken, "http://m/v1 answered with an error: crashed."),
    ],
)
def test_a_refusal_says_who_acts_and_how(
    status: int | None, body: str, kind: type[GatewayError], sentence: str
) -> None:
    refused = error(status, body)

    assert type(refused) is kind
    assert str(refused) == sentence


def test_a_redirect_is_named_and_not_followed() -> None:
    refused = error(302, "", location="https://elsewhere/")

    assert isinstance(refused, RequestRejected)
    assert refused.hint == "It points to 'https://elsewhere/': set that URL if you trust it."


@pytest.mark.parametrize(
    ("status", "body", "headers", "seconds"),
    [
        (429, "", {"retry_after": "7"}, 7),
        (429, "", {"retry_after": "1.5"}, 1.5),
        (429, "", {"retry_after": "-3"}, 0),
        (429, "", {"retry_after": "Fri, 20 Nov 2026 12:00:30 GMT"}, 30),
        (429, "", {"retry_after": "Fri, 20 Nov 2026 11:00:00 GMT"}, 0),
        (429, "", {"retry_after": "soon"}, 1),
        (429, '[{"error": {"details": [{"retryDelay": "34s"}]}}]', {}, 34),
        (429, "maximum context length is 10", {}, 1),
        (503, "busy", {"retry_after": "7"}, 7),
        (503, '{"error": {"message": "Loading model"}}', {}, 10),
        (None, '{"error": {"message": "Rate limit reached"}}', {}, 1),
    ],
)
def test_a_server_that_wants_time_gets_it(
    status: int | None, body: str, headers: dict[str, str], seconds: float
) -> None:
    refused = error(status, body, **headers)

    assert isinstance(refused, RateLimited)
    assert refused.retry_after_seconds == seconds


def test_the_echo_of_a_request_is_not_taken_for_the_servers_words() -> None:
    echo = (
        '{"detail": [{"msg": "Unexpected fields", "input": "maximum context length is 10; invalid api key"}]}'
    )

    assert type(error(422, echo)) is RequestRejected
    assert str(error(422, echo)) == "http://m/v1 answered 422: Unexpected fields."


@pytest.mark.parametrize("field", ["error", "message", "code"])
def test_a_body_of_megabytes_is_read_at_its_beginning_only(field: str) -> None:
    """Looking for words in all of it takes minutes: some of them may have much between them."""
    body = json.dumps({field: "the model " * 500_000 + "was not found"})

    assert isinstance(error_of(Refusal(url=URL, status=500, body=body)), GatewayUnavailable)


def test_a_long_body_is_cut() -> None:
    assert len(str(error(400, "x" * 10_000))) < 400


@pytest.mark.parametrize(
    "said",
    [
        "CUDA error: out of memory",
        "CUDA out of memory. Tried to allocate 2.00 GiB.",
        "ggml_backend_cuda_buffer_type_alloc_buffer: allocating 512.00 MiB on device 0: cudaMalloc failed: out of memory",
        "error: kIOGPUCommandBufferCallbackErrorOutOfMemory",
        "[METAL] Command buffer execution failed: Insufficient Memory",
        "vk::Device::allocateMemory: ErrorOutOfDeviceMemory",
        "llama runner process has terminated: exit status 2",
        "model runner has unexpectedly stopped, this may be due to resource limitations or an internal error",
        'POST predict: Post "http://127.0.0.1:38761/completion": EOF',
        "an error was encountered while running the model: unexpected EOF",
        "The model has crashed without additional information. (Exit code: null)",
        "[metal::malloc] Attempting to allocate 9 bytes which is greater than the maximum allowed buffer size",
        "Compute error.",
        "model requires more system memory (9.1 GiB) than is available (7.4 GiB)",
        "failed to allocate compute buffers",
        "CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate",
        "std::bad_alloc",
    ],
)
@pytest.mark.parametrize("status", [500, 400, None])
def test_a_server_without_memory_is_known_by_its_words(said: str, status: int | None) -> None:
    refused = error(status, json.dumps({"error": {"message": said}}))

    assert type(refused) is OutOfMemory


@pytest.mark.parametrize(
    "said",
    [
        "The tool 'memory' is unknown.",
        "failed to parse grammar",
        "Rate limit reached",
        "maximum context length is 4096 tokens",
    ],
)
def test_not_every_talk_of_memory_is_a_lack_of_it(said: str) -> None:
    refused = error(400, json.dumps({"error": {"message": said}}))

    assert not isinstance(refused, OutOfMemory)
