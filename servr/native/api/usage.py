"""What a reply took, in the words of OpenAI (`usage`) and of llama.cpp (`timings`)."""

from servr.native.asking import Ended

Json = dict[str, object]


def usage_of(ended: Ended, reasoning_tokens: int) -> Json:
    return {
        "prompt_tokens": ended.prompt_tokens,
        "completion_tokens": ended.reply_tokens,
        "total_tokens": ended.prompt_tokens + ended.reply_tokens,
        "prompt_tokens_details": {"cached_tokens": ended.cached_tokens},
        "completion_tokens_details": {
            "reasoning_tokens": reasoning_tokens,
            "accepted_prediction_tokens": ended.guessed_tokens,
        },
    }


def timings_of(ended: Ended) -> Json:
    read = ended.prompt_tokens - ended.cached_tokens
    return {
        "queued_ms": _milliseconds(ended.queued_seconds),
        "cache_n": ended.cached_tokens,
        "prompt_n": read,
        **_pace("prompt", read, ended.prompt_seconds),
        "predicted_n": ended.reply_tokens,
        **_pace("predicted", ended.reply_tokens, ended.reply_seconds),
        "draft_n_accepted": ended.guessed_tokens,
    }


def _pace(what: str, count: int, seconds: float) -> Json:
    return {
        f"{what}_ms": _milliseconds(seconds),
        f"{what}_per_token_ms": _milliseconds(seconds / count) if count else 0.0,
        f"{what}_per_second": round(count / seconds, 3) if seconds else 0.0,
    }


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 3)
