"""What is known of a model server: who it is, which models it has, and what it can do."""

from typing import Literal

from core.values import value

ServerKind = Literal[
    "llama.cpp",
    "LM Studio",
    "Ollama",
    "vLLM",
    "SGLang",
    "TabbyAPI",
    "transformers serve",
    "Roost",
    "unknown",
]
"""`unknown`: it speaks the OpenAI interface, and nothing more is known of it."""
Constraint = Literal["json_schema", "grammar", "tool_choice", "format"]

ASSUMED_WINDOW = 8_192
"""The window of a server that names none, until it refuses a length."""


@value
class ServedModel:
    """A model as its server describes it. None: the server does not say."""

    name: str
    loaded: bool = False
    """Whether it is in memory."""
    talks: bool = True
    """False for one that only embeds."""
    window_tokens: int | None = None
    """What one conversation can really hold: the window it was loaded with, a slot's share of it."""
    trained_tokens: int | None = None
    """The longest window it was trained for."""
    pinned_tokens: int | None = None
    """The window that its owner fixed in the model's own file."""
    tools: bool | None = None
    vision: bool | None = None
    thinking: bool | None = None
    template: str = ""
    gpu_share: float | None = None
    """How much of it is in the memory of a graphics card, from 0 to 1."""


@value
class ServerFacts:
    url: str
    """Of its OpenAI interface, up to and with /v1."""
    kind: ServerKind = "unknown"
    models: tuple[ServedModel, ...] = ()
    slots: int | None = None
    """How many conversations it can work on at once."""
    constrains: tuple[Constraint, ...] = ()
    """What it lets a reply be held to."""
    counts_tokens: bool = False
    """Whether it can be asked how many tokens a text has."""

    def model(self, name: str) -> ServedModel | None:
        """The one of this name; where there is only one, it answers to every name."""
        talking = [model for model in self.models if model.talks]
        named = [model for model in self.models if model.name in (name, f"{name}:latest")]
        return next(iter(named or (talking if len(talking) == 1 else ())), None)
