"""How requests to one model on one server are written: what the model wants, as far as the server takes it.

profile (what the model's card and template say) + server (which fields it knows) ─► manner
"""

from collections.abc import Mapping
from dataclasses import field, replace

from core.endpoint import ServerKind
from core.profile import ModelProfile, Reasoning, Sampling
from core.values import value

OPENAI_FIELDS = {name: name for name in ("temperature", "top_p", "presence_penalty")}
"""What every server takes, by the names of `Sampling`."""
LLAMA_FIELDS = {"top_k": "top_k", "min_p": "min_p", "repetition_penalty": "repeat_penalty"}
VLLM_FIELDS = {name: name for name in ("top_k", "min_p", "repetition_penalty")}
SERVER_FIELDS: Mapping[ServerKind, Mapping[str, str]] = {
    "llama.cpp": LLAMA_FIELDS,
    "LM Studio": LLAMA_FIELDS,
    "Ollama": LLAMA_FIELDS,
    "Roost": VLLM_FIELDS,
    "vLLM": VLLM_FIELDS,
    "SGLang": VLLM_FIELDS,
    "TabbyAPI": VLLM_FIELDS,
}
"""What these take beside; some of the others refuse a request for a field that they do not know."""
THINKING_FIELDS: Mapping[ServerKind, str] = {
    "llama.cpp": "reasoning_content",
    "LM Studio": "reasoning_content",
    "Roost": "reasoning_content",
    "SGLang": "reasoning_content",
    "TabbyAPI": "reasoning_content",
    "Ollama": "thinking",
    "vLLM": "reasoning",
}
"""Where these look for the thinking of an earlier reply."""
NO_TOKEN, ONE_TOKEN = {"n_predict": 0}, {"max_tokens": 1}

THINKING_MARKS: Mapping[Reasoning, tuple[str, str]] = {
    "think": ("<think>\n", "\n</think>\n\n"),
    "brackets": ("[THINK]", "[/THINK]"),
}
FORBIDDING_SERVERS: tuple[ServerKind, ...] = ("Roost", "llama.cpp", "vLLM")
"""These know `parallel_tool_calls`."""


@value
class Manner:
    sampling: Mapping[str, float] = field(default_factory=dict)
    """Fields of each request, by the server's own names."""
    thinking_field: str = ""
    """The field in which a reply's thinking goes back; empty: it has none."""
    thinking_marks: tuple[str, str] | None = None
    """Between which its thinking goes back in its text, where there is no field for it."""
    single_calls: bool = False
    """Whether its template takes one call in a reply at most; several become replies of their own."""
    forbids_more: bool = False
    """Whether the server is told to let it make no more than one."""
    short_ids: bool = False
    """Whether its template takes no id of a call but nine letters and digits."""
    system_role: bool = True
    """Whether there is a system message; else its text heads the first user message."""
    alternating_roles: bool = False
    """Whether a reply in words has to stand between two user messages."""
    tells_progress: bool = False
    """Whether the server says how far it has read the prompt, when it is asked to."""
    no_reply: Mapping[str, int] = field(default_factory=lambda: ONE_TOKEN)
    """The field of a request that is to be read only; where that is unheard of, one token is asked for."""


PLAIN = Manner()


def manner_for(
    profile: ModelProfile, *, server: ServerKind = "unknown", temperature: float | None = None
) -> Manner:
    """What is sent to a model of this profile; `temperature` is the user's, which wins over the model's."""
    sampling = profile.sampling
    if temperature is not None:
        sampling = replace(sampling, temperature=temperature)
    back = profile.thinking == "always"
    thinking_field = THINKING_FIELDS.get(server, "") if back else ""
    return Manner(
        sampling=_fields(sampling, {**OPENAI_FIELDS, **SERVER_FIELDS.get(server, {})}),
        thinking_field=thinking_field,
        thinking_marks=THINKING_MARKS.get(profile.reasoning) if back and not thinking_field else None,
        single_calls=not profile.parallel_calls,
        forbids_more=not profile.parallel_calls and server in FORBIDDING_SERVERS,
        short_ids=profile.dialect == "mistral",
        system_role=profile.system_role,
        alternating_roles=profile.alternating_roles,
        tells_progress=server == "llama.cpp",
        no_reply=NO_TOKEN if server == "llama.cpp" else ONE_TOKEN,
    )


def _fields(sampling: Sampling, names: Mapping[str, str]) -> dict[str, float]:
    chosen = {theirs: getattr(sampling, ours) for ours, theirs in names.items()}
    return {name: number for name, number in chosen.items() if number is not None}
