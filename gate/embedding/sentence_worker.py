"""Runs a sentence-transformers model: texts on standard input, vectors on standard output.

    in    8 bytes: how long what follows is; then a list of texts as JSON
    out   a line of JSON {"rows": n, "dimensions": d}, then n times d little-endian 32-bit floats
          or {"error": "…"}, and the end

It imports nothing of ours, loads weights from safetensors only, and no code from the folder.
"""

import importlib
import json
import os
import struct
import sys
from pathlib import Path
from typing import Any, BinaryIO

KNOWN = "sentence_transformers."
BATCH = 16


def main() -> None:
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print is no answer
    try:
        model = loaded(Path(sys.argv[1]))
        while texts := read(sys.stdin.buffer):
            answer(out, model, texts)
    except (ImportError, OSError, ValueError, TypeError, LookupError, RuntimeError, AttributeError) as error:
        out.write(json.dumps({"error": f"{type(error).__name__}: {str(error)[:500]}"}).encode() + b"\n")
        out.flush()


def loaded(folder: Path) -> Any:
    modules = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
    if strange := [module["type"] for module in modules if not module["type"].startswith(KNOWN)]:
        raise ValueError(f"it wants {strange[0]!r} to be run, which is not part of sentence-transformers")
    library = importlib.import_module("sentence_transformers")
    return library.SentenceTransformer(
        str(folder), device="cpu", local_files_only=True, model_kwargs={"use_safetensors": True}
    )


def read(source: BinaryIO) -> list[str] | None:
    """None at the end."""
    head = source.read(8)
    if len(head) < 8:
        return None
    texts: list[str] = json.loads(source.read(struct.unpack("<Q", head)[0]))
    return texts


def answer(out: BinaryIO, model: Any, texts: list[str]) -> None:
    rows = model.encode(texts, batch_size=BATCH, normalize_embeddings=True, show_progress_bar=False)
    rows = rows.astype("<f4")
    out.write(json.dumps({"rows": rows.shape[0], "dimensions": rows.shape[1]}).encode() + b"\n")
    out.write(rows.tobytes())
    out.flush()


if __name__ == "__main__":
    main()
