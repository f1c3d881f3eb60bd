"""Which files a model at a hub has, and which of them serving needs; huggingface_hub asks.

name ─► repository and its tree ─► Listing          or, without a hub, the cache
"""

import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit
from urllib.request import getproxies

from core.errors import AgentError, ConfigError, GatewayUnavailable, RateLimited, StoreError

NEEDED = (
    "config.json",
    "generation_config.json",
    "*.safetensors.index.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "tokenizer.model",
    "vocab.json",
    "vocab.txt",
    "merges.txt",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template.json",
    "chat_template.jinja",
    "modules.json",
    "*_Pooling/config.json",
    "config_sentence_transformers.json",
    "sentence_bert_config.json",
)
"""Beside the weights. What lies in folders, like the weights of other frameworks, is not needed."""
PIECES = 10
"""Of the time that a hub is given to answer."""
PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt")


@dataclass(frozen=True)
class HubFile:
    name: str
    size: int
    digest: str = ""
    """SHA-256 of a large file; of small ones the hub tells none."""


@dataclass(frozen=True)
class Listing:
    """What is needed of a model, as it stands at the hub now."""

    name: str
    commit: str
    files: tuple[HubFile, ...]

    @property
    def weights(self) -> tuple[HubFile, ...]:
        return tuple(file for file in self.files if file.name.endswith(".safetensors"))

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)


def listing(name: str) -> Listing:
    """Raises AgentError: no such model, none of its weights are safetensors, or the hub does not answer."""
    from huggingface_hub import HfApi
    from huggingface_hub.hf_api import RepoFile

    hub = HfApi()
    with explained(name):
        commit = hub.model_info(name).sha or "main"
        tree = [
            HubFile(entry.path, entry.size, entry.lfs.sha256 if entry.lfs else "")
            for entry in hub.list_repo_tree(name, recursive=True, revision=commit)
            if isinstance(entry, RepoFile)
        ]
    return Listing(name, commit, tuple(needed(name, tree)))


def needed(name: str, tree: Iterable[HubFile]) -> Iterator[HubFile]:
    """Raises ConfigError for a repository that cannot be served."""
    tree = tuple(tree)
    require_servable(name, [file.name for file in tree])
    weights = weights_among(file.name for file in tree)
    for file in tree:
        if file.name in weights or any(fnmatchcase(file.name, pattern) for pattern in NEEDED):
            yield file


def weights_among(names: Iterable[str]) -> frozenset[str]:
    """Those of Transformers, where a second set for other programs lies beside them."""
    whole = {name for name in names if fnmatchcase(name, "*.safetensors") and "/" not in name}
    ours = {name for name in whole if name.startswith("model")}
    return frozenset(ours or whole)


def require_servable(name: str, names: Iterable[str]) -> None:
    names = tuple(names)
    weights = weights_among(names)
    if "adapter_config.json" in names and not any(weight.startswith("model") for weight in weights):
        raise ConfigError(
            f"{name!r} is an adapter (LoRA), not a whole model.", hint="Name one that it was merged into."
        )
    if weights:
        if "config.json" in names:
            return
        raise ConfigError(
            f"{name!r} is no model of Transformers: it has no config.json.", hint="Take its whole model."
        )
    if any(file.endswith(".gguf") for file in names):
        raise ConfigError(f"{name!r} has GGUF files only.", hint="llama.cpp serves those: --engine llama.cpp")
    if any(fnmatchcase(file, pattern) for file in names for pattern in PICKLES):
        raise ConfigError(
            f"{name!r} has its weights as pickles only, which can run anything when they are read.",
            hint="Take a copy with .safetensors files.",
        )
    raise ConfigError(f"{name!r} has no weights.", hint="Name a model with .safetensors files.")


def host() -> str:
    return urlsplit(endpoint()).netloc or endpoint()


def answers(url: str, seconds: float = 10.0) -> bool:
    """Whether anybody listens there; huggingface_hub itself tries for long. Always, behind a proxy."""
    if getproxies():
        return True
    parts = urlsplit(url)
    reached: list[bool] = []

    def look() -> None:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        with suppress(OSError), socket.create_connection((parts.hostname or "", port), seconds):
            reached.append(True)

    thread = Thread(target=look, daemon=True)  # nothing ends the look for a name
    thread.start()
    for _ in range(PIECES):  # whoever stalls for long loses one of them, and not all
        thread.join(seconds / PIECES)
    return bool(reached)


def endpoint() -> str:
    from huggingface_hub import constants

    return str(constants.ENDPOINT)


def cache_folder() -> Path:
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE).expanduser()


def is_offline() -> bool:
    from huggingface_hub import constants

    return bool(constants.HF_HUB_OFFLINE)


@contextmanager
def explained(name: str) -> Iterator[None]:
    """What goes wrong with a hub becomes one sentence with the next step."""
    import httpx2
    from huggingface_hub import errors

    try:
        yield
    except (errors.HFValidationError, errors.RepositoryNotFoundError, errors.HfHubHTTPError) as error:
        raise _refusal(name, error) from error
    except (errors.OfflineModeIsEnabled, httpx2.HTTPError) as error:
        hint = "Is there a network? HF_ENDPOINT names another hub. The same command goes on from there."
        raise GatewayUnavailable(f"No answer from {host()}, which has {name!r}.", hint=hint) from error
    except OSError as error:
        if error.errno is None:  # so huggingface_hub says that less came than was promised
            raise GatewayUnavailable(
                f"{host()} broke off.", hint="The same command goes on from there."
            ) from error
        raise StoreError(
            f"{name!r} could not be kept in {str(cache_folder())!r}: {error.strerror or error}.",
            hint="Make room, or name another folder in HF_HOME. The same command goes on from there.",
        ) from error


def _refusal(name: str, error: Exception) -> AgentError:
    from huggingface_hub import errors

    if isinstance(error, errors.GatedRepoError):
        return ConfigError(
            f"{name!r} is given only to those who asked for it.",
            hint=f"Ask on its page at {host()}, then set HF_TOKEN to a token of yours.",
        )
    if isinstance(error, errors.RepositoryNotFoundError):
        return ConfigError(
            f"There is no model {name!r} at {host()}, or it is private.",
            hint="Look at its name, OWNER/MODEL; for a private one set HF_TOKEN.",
        )
    if isinstance(error, errors.HfHubHTTPError):
        status = error.response.status_code
        if status == 429:
            return RateLimited(
                f"{host()} asks for a pause.",
                retry_after_seconds=60,
                hint="Try again in some minutes; with HF_TOKEN set it allows more.",
            )
        if status in (401, 403):
            return ConfigError(f"{host()} refused the token.", hint="Set HF_TOKEN to one that may read it.")
        return GatewayUnavailable(f"{host()} answered {status} for {name!r}.", hint="Try again later.")
    return ConfigError(
        f"{name!r} is neither a folder here nor the name of a model.", hint="A name is OWNER/MODEL."
    )
