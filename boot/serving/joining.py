"""Joins the parts of Roost's own server, and runs it until it is asked to end.

folder ─► loading ─► engine ───┐
profile ─► dialect, sampling ──┼─► Talking ─┬─► servr/native/api/serving
tokenizer ─► prompts, grammars ┘            │
folder of a model that makes vectors ───────┘
"""

import asyncio
import gc
import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boot.paths import checkout_folder
from boot.serving import vectors
from boot.serving.asked import Asked
from boot.serving.fit import read_config
from boot.serving.person import told
from core.profile import ModelProfile
from gate.dialects.growing_scanner import GrowingScanner
from gate.dialects.table import THOUGHTS, family_in
from gate.dialects.writing import FORMS, reply_form
from gate.discovery import LOCAL_URLS
from model.catalog import profile_of
from servr.native.asking import ModelFacts, Sampling

if TYPE_CHECKING:
    from servr.native.engine.loading import Loaded
    from servr.native.parts import Served, Talking

DTYPES = {"bf16": "bfloat16", "fp16": "float16", "fp32": "float32"}
SLOTS = 4
"""So many conversations at once, where nobody says: one person with a helper or two."""
INTERRUPTED = 130


def run(asked: Asked, *, folder: Path, name: str, dtype: str) -> int:
    """The exit code, once somebody has ended it.

    Raises:
        ConfigError: the model cannot be loaded, or there is no room for it.
    """
    from transformers.utils import logging

    from servr.native.api.serving import serve
    from servr.native.embeddings import makes_vectors
    from servr.native.engine.loading import Wanted, load

    told(f"Loading {name} ...")
    if not sys.stderr.isatty():
        logging.disable_progress_bar()
    wanted = Wanted(
        model=str(folder),
        name=name,
        dtype=DTYPES.get(dtype, dtype),
        window_tokens=asked.window_tokens,
        slots=asked.slots or SLOTS,
    )
    served: Served
    if makes_vectors(folder):
        served, use = vectors.embedder(asked, wanted), vectors.at
        told(vectors.greeting(served.facts))
    else:
        loaded = load(wanted)
        told(*greeting(loaded.facts))
        served, use = talking(loaded, folder), at
    gc.freeze()  # what is there by now stays: every search through it holds all replies up for 0.3 s
    ended = asyncio.run(
        serve(served, host=asked.host, port=asked.port, token=asked.token, say=lambda line: told(*use(line)))
    )
    return 0 if ended else INTERRUPTED


def talking(loaded: "Loaded", folder: Path) -> "Talking":
    """The parts behind the API, each made for this model."""
    from servr.native.engine.loading import engine
    from servr.native.grammars.grammars import MaskingGrammars
    from servr.native.parts import Talking
    from servr.native.prompts.prompts import TemplatePrompts
    from servr.native.replies import reply_readers

    facts = loaded.facts
    profile = profile_in(folder, facts.name, loaded.tokenizer.chat_template)
    family = None if profile.dialect == "any" else profile.dialect
    prompts = TemplatePrompts(loaded.tokenizer, thoughts=[opening for opening, _ in THOUGHTS])
    grammars = MaskingGrammars(
        loaded.tokenizer.backend_tokenizer.to_str(),
        reply_form(family if family and family in FORMS else "hermes"),
        vocabulary=facts.vocabulary,
        end_tokens=facts.end_tokens,
    )
    readers = reply_readers(
        lambda tools, thinking: GrowingScanner(tools, family, thinking=thinking),
        thoughts=dict(THOUGHTS),
        separator=prompts.form.separator,
    )
    return Talking(engine(loaded), prompts, grammars, readers, profile.dialect, sampling_of(folder, profile))


def profile_in(folder: Path, name: str, template: str | Mapping[str, str] | None = None) -> ModelProfile:
    """By its name, or else by the kind that its configuration says: a folder may be called anything.

    Then how it writes calls is what its chat template shows, if that is known.
    """
    found = profile_of(name)
    if found.name != "default":
        return found
    kind = read_config(folder / "config.json").get("model_type")
    found = profile_of(kind) if isinstance(kind, str) else found
    words = template or "" if isinstance(template, str | None) else "".join(template.values())
    return replace(found, dialect=family_in(words) or found.dialect)


def sampling_of(folder: Path, profile: ModelProfile) -> Sampling:
    """How the model is sampled where nobody says: as its makers wrote, else as its profile has it."""
    try:
        beside = json.loads((folder / "generation_config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        beside = {}
    given: Mapping[str, Any] = beside if isinstance(beside, dict) and beside.get("do_sample") else {}
    known = profile.sampling
    names = ("temperature", "top_p", "top_k", "min_p", "presence_penalty", "repetition_penalty")
    chosen = {name: given.get(name, getattr(known, name)) for name in names}
    return Sampling(**{name: number for name, number in chosen.items() if number is not None})


def greeting(facts: ModelFacts) -> tuple[str, ...]:
    many = "one reply" if facts.slots == 1 else f"{facts.slots} replies"
    return (
        f"{facts.name}: {facts.dtype} on {facts.device}, a window of {facts.window_tokens:,} tokens, "
        f"{many} at once.",
    )


def at(line: str) -> tuple[str, ...]:
    """`line` says where it listens; then how to use that."""
    url = line.rpartition(" ")[2]
    command = "python3 cli.py" if checkout_folder() else "roost"
    is_found = url.replace("127.0.0.1", "localhost") in LOCAL_URLS
    return (
        f"{line}.",
        f"In another terminal: {command if is_found else f'{command} --url {url}'}",
        "Ctrl-C ends it.",
    )
