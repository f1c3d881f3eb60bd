"""Serves a tiny model as a process of its own: `python -m tests.servr.native.tiny_server FOLDER OPTIONS`.

OPTIONS is JSON: fields of `Wanted`, `dialect` and `most_waiting`; `is_brief`: each thought ends soon. The first
line that is printed says where it listens. One token of the model is poison to it, and memory runs out over
two others: once, and always.
"""

import asyncio
import json
import os
import site
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tests.servr.native.around import Around

if TYPE_CHECKING:
    from servr.native.engine.conversations import Model, Piece
    from servr.native.engine.engine import NativeEngine
    from servr.native.engine.loading import Loaded
    from servr.native.parts import Talking

POISON, MEMORY_ONCE, MEMORY_ALWAYS = "<|video_pad|>", "<|image_pad|>", "<|vision_pad|>"
NEVER = -1e4


class Faulty(Around):
    """A model that does not survive some tokens, and writes none of them: it might have to read them again."""

    def __init__(self, inner: "Model", poison: int | None, once: int | None, always: int | None) -> None:
        super().__init__(inner)
        self._bad = [token for token in (poison, once, always) if token is not None]
        self._poison = poison
        self._scarce = {once, always}
        self._once = once

    def read(self, pieces: "Sequence[Piece]") -> Any:
        tokens = {token for piece in pieces for token in piece.tokens}
        if self._poison in tokens:
            raise IndexError("index out of range in self")
        if scarce := self._scarce & tokens:
            self._scarce -= scarce & {self._once}
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes.")
        logits = super().read(pieces)
        logits[:, self._bad] = NEVER
        return logits


def talking(folder: str, options: dict[str, Any]) -> "Talking":
    from dataclasses import replace

    from servr.native.engine.loading import Wanted, engine, load
    from tests.servr.native.brief import Brief

    most_waiting, dialect = options.pop("most_waiting", 32), options.pop("dialect", "hermes")
    is_brief = options.pop("is_brief", False)
    loaded = load(Wanted(model=folder, device="cpu", **options))
    tokenizer = loaded.tokenizer
    bad = [tokenizer.convert_tokens_to_ids(text) for text in (POISON, MEMORY_ONCE, MEMORY_ALWAYS)]
    model = Brief(loaded.model, tokenizer) if is_brief else loaded.model
    faulty = replace(loaded, model=Faulty(model, *bad))
    return joined(dialect, faulty, engine(faulty, most_waiting=most_waiting))


def joined(dialect: str, loaded: "Loaded", engine: "NativeEngine") -> "Talking":
    from gate.dialects.growing_scanner import GrowingScanner
    from gate.dialects.table import THOUGHTS
    from gate.dialects.writing import reply_form
    from servr.native.grammars.grammars import MaskingGrammars
    from servr.native.parts import Talking
    from servr.native.prompts.prompts import TemplatePrompts
    from servr.native.replies import reply_readers

    facts, prompts = (
        loaded.facts,
        TemplatePrompts(loaded.tokenizer, thoughts=[opening for opening, _ in THOUGHTS]),
    )
    grammars = MaskingGrammars(
        loaded.tokenizer.backend_tokenizer.to_str(),
        reply_form(dialect),
        vocabulary=facts.vocabulary,
        end_tokens=facts.end_tokens,
    )
    return Talking(
        engine=engine,
        prompts=prompts,
        grammars=grammars,
        new_reader=reply_readers(
            lambda tools, thinking: GrowingScanner(tools, dialect, thinking=thinking),
            thoughts=dict(THOUGHTS),
            separator=prompts.form.separator,
        ),
        parser=dialect,
    )


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(folder: str, options: str) -> None:
    from servr.native.api.serving import serve

    served = talking(folder, json.loads(options))
    asyncio.run(serve(served, host="127.0.0.1", port=0, say=say))


if __name__ == "__main__":
    site.addsitedir(os.environ["ROOST_NATIVE_PACKAGES"])
    main(*sys.argv[1:])
