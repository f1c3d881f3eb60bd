"""Models that make vectors of texts: folders of sentence-transformers, and plain encoders.

text ─▶ tokens with the model's marks ─▶ the model ─▶ one vector of all its tokens' ─▶ of length 1
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from transformers import AutoConfig, AutoModel, AutoTokenizer

from core.errors import ConfigError
from servr.native.counting import is_long, require_most
from servr.native.parts import EmbeddingFacts, Invalid

if TYPE_CHECKING:
    from numpy.typing import NDArray

BATCH_TOKENS = 8_192
"""With their padding."""
MODULES = ("Transformer", "Pooling", "Normalize")
LEGACY = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_lasttoken": "lasttoken",
}
"""How older folders say what is made of the vectors of all tokens."""
LONGEST = 1_000_000
"""A tokenizer that says more does not know."""


def makes_vectors(folder: Path) -> bool:
    """Whether the model in a folder makes vectors: it is one of sentence-transformers, or has no head."""
    if (folder / "modules.json").is_file():
        return True
    architectures = _read(folder / "config.json").get("architectures") or ()
    return bool(architectures) and all(
        name.endswith("Model") and "LMHead" not in name for name in architectures
    )


class FolderEmbeddings:
    """`Embeddings` by the model in a folder."""

    def __init__(self, folder: Path, *, name: str, device: str = "cpu", dtype: str = "auto") -> None:
        """Raises ConfigError for a model that does more than is known here."""
        parts = _parts(folder)
        inner = folder / parts.get("Transformer", "")
        pooling = _read(folder / parts["Pooling"] / "config.json") if "Pooling" in parts else {}
        said = _read(folder / "config_sentence_transformers.json")
        settings = _read(inner / "sentence_bert_config.json")
        config = AutoConfig.from_pretrained(inner)
        if not getattr(config, "hidden_size", None):
            raise ConfigError(
                f"{name!r} makes no vectors of texts: it is of the kind {config.model_type!r}.",
                hint="Name a model that does, such as one of sentence-transformers.",
            )
        self._tokenizer = AutoTokenizer.from_pretrained(inner)
        self._model = AutoModel.from_pretrained(inner, dtype=dtype).to(device).eval()
        self._mode = _mode(pooling)
        self._prompt = (said.get("prompts") or {}).get(said.get("default_prompt_name"), "")
        self._lowers = bool(settings.get("do_lower_case"))
        self._skipped = 0 if pooling.get("include_prompt", True) else self._prompt_tokens()
        """How many tokens at the beginning do not count."""
        self.facts = EmbeddingFacts(
            name=name,
            window_tokens=_window(settings, self._tokenizer, config),
            width=config.hidden_size,
            dtype=str(self._model.dtype).removeprefix("torch."),
            device=str(self._model.device),
        )

    def tokens(self, text: str, most: int | None = None) -> tuple[int, ...]:
        whole = self._prompt + text
        if most is not None and is_long(whole, most):
            require_most(most, [whole], lambda part: len(self._marked(part)))
        return self._marked(whole)

    def vectors(self, texts: Sequence[Sequence[int]]) -> "NDArray[np.float32]":
        for number, text in enumerate(texts):
            if not 0 < len(text) <= self.facts.window_tokens:
                raise Invalid(
                    f"This text has {len(text)} tokens; the model takes 1 to {self.facts.window_tokens}.",
                    field=f"input[{number}]",
                )
        found = np.empty((len(texts), self.facts.width), np.float32)
        with torch.inference_mode():
            for places in _batches([len(text) for text in texts]):
                found[places] = self._batch([texts[place] for place in places])
        return found

    def _batch(self, texts: Sequence[Sequence[int]]) -> "NDArray[np.float32]":
        longest = max(map(len, texts))
        padding = self._tokenizer.pad_token_id or 0
        rows = [[*text, *[padding] * (longest - len(text))] for text in texts]
        ids = torch.tensor(rows, device=self._model.device)  # (n, t)
        lengths = torch.tensor([len(text) for text in texts], device=ids.device)
        places = torch.arange(longest, device=ids.device)
        mask = (places < lengths[:, None]).long()  # (n, t)
        hidden = self._model(input_ids=ids, attention_mask=mask).last_hidden_state  # (n, t, d)
        pooled = self._pooled(hidden, mask, lengths).float()  # (n, d)
        vectors: NDArray[np.float32] = torch.nn.functional.normalize(pooled, dim=1).cpu().numpy()
        return vectors

    def _pooled(self, hidden: Any, mask: Any, lengths: Any) -> Any:
        if self._mode == "lasttoken":
            return hidden[torch.arange(len(hidden), device=hidden.device), lengths - 1]
        if self._mode == "cls":
            return hidden[:, min(self._skipped, hidden.shape[1] - 1)]
        counted = mask.clone()
        counted[:, : self._skipped] = 0
        weights = counted[:, :, None].float()  # (n, t, 1)
        return (hidden.float() * weights).sum(1) / weights.sum(1).clamp(min=1e-9)

    def _prompt_tokens(self) -> int:
        """With the mark in front of it, without one behind."""
        marked = self._marked(self._prompt) if self._prompt else ()
        ends = (self._tokenizer.eos_token_id, self._tokenizer.sep_token_id)
        return len(marked) - (marked[-1:] != () and marked[-1] in ends)

    def _marked(self, text: str) -> tuple[int, ...]:
        return tuple(self._tokenizer.encode(text.lower() if self._lowers else text))


def _parts(folder: Path) -> dict[str, str]:
    """Where the settings of each step lie, by its kind."""
    path = folder / "modules.json"
    if not path.is_file():
        return {}
    found = {one["type"].rpartition(".")[2]: one["path"] for one in json.loads(path.read_text("utf-8"))}
    if unknown := [kind for kind in found if kind not in MODULES]:
        raise ConfigError(
            f"{folder} has a step of the kind {unknown[0]!r}, which this server does not know.",
            hint="Serve it with --engine vllm, or take a model without that step.",
        )
    return found


def _mode(pooling: Mapping[str, Any]) -> str:
    legacy = [mode for key, mode in LEGACY.items() if pooling.get(key)]
    others = [key for key, value in pooling.items() if key.startswith("pooling_mode_") and value is True]
    mode = pooling.get("pooling_mode") or (legacy[0] if legacy else "mean")
    if mode not in LEGACY.values() or len(others) > 1 or (others and not legacy):
        raise ConfigError(
            f"The model pools by {', '.join(others) or mode!r}, which this server does not know.",
            hint=f"It knows one of {', '.join(LEGACY.values())}.",
        )
    return str(mode)


def _window(settings: Mapping[str, Any], tokenizer: Any, config: Any) -> int:
    said = (
        settings.get("max_seq_length"),
        tokenizer.model_max_length,
        getattr(config, "max_position_embeddings", None),
    )
    return min(number for number in (*said, LONGEST) if number)


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Places of texts that are read together: of like length, so that little is padded."""
    batch: list[int] = []
    for place in sorted(range(len(lengths)), key=lambda place: lengths[place]):
        if batch and (len(batch) + 1) * lengths[place] > BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found
