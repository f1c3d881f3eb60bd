"""Pictures that a person names in a prompt: attached where the model can see, else said to be not."""

import asyncio
import re
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from boot.wiring import Opened
from core.errors import AgentError
from core.messages import Image
from servr.terminal.talk import Attached

NAMED = re.compile(
    r"""@?"([^"\n]+?\.(?:png|jpe?g|gif|webp))"|'([^'\n]+?\.(?:png|jpe?g|gif|webp))'"""
    r"""|(?<![^\s(])@?((?:\\.|[^\s\\"'()])+?\.(?:png|jpe?g|gif|webp))(?![\w/-])""",
    re.IGNORECASE,
)
"""In quotes, or with blanks escaped as terminals do with files that are dropped on them."""
STARTS = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
    b"RIFF": "image/webp",
}
MOST_BYTES = 10 * 2**20
MOST_PICTURES = 8


async def pictures_of(opened: Opened, text: str) -> Attached:
    paths = [path for name in named(text) if (path := _path(opened.workspace, name))]
    if not paths:
        return Attached()
    sees = await _sees(opened)
    if not sees:
        why = "cannot see" if sees is False else "does not say whether it sees"
        told = f"{opened.models.model} {why}: the picture is not attached, only its name is told."
        return Attached(told=(told,))
    return await asyncio.to_thread(_read, paths[:MOST_PICTURES])


async def _sees(opened: Opened) -> bool | None:
    """None where nobody says. A server that has said nothing of it yet is asked."""
    models, known = opened.models, opened.server()
    served = known.model(models.model) if known else None
    if served is None or served.vision is None:
        with suppress(AgentError):
            asked = [facts for facts in await models.servers() if facts.url == models.place]
            served = asked[0].model(models.model) if asked else served
    return served.vision if served else None


def named(text: str) -> Iterator[str]:
    """Each path once, as it is on the disk."""
    seen: dict[str, None] = {}
    for found in NAMED.finditer(text):
        seen[found[1] or found[2] or re.sub(r"\\(.)", r"\1", found[3])] = None
    return iter(seen)


def _path(workspace: Path, name: str) -> Path | None:
    """The file of this name; None where there is none, and where there cannot be one."""
    with suppress(OSError, RuntimeError):  # a name that is too long; the home of nobody
        path = workspace / Path(name.removeprefix("file://")).expanduser()
        return path if path.is_file() else None
    return None


def _read(paths: list[Path]) -> Attached:
    images: list[Image] = []
    told: list[str] = []
    for path in paths:
        try:
            content = path.read_bytes() if path.stat().st_size <= MOST_BYTES else b""
        except OSError as error:
            told.append(f"{path.name} is not attached: {error.strerror}.")
            continue
        kind = next((kind for start, kind in STARTS.items() if content.startswith(start)), "")
        if kind:
            images.append(Image(media_type=kind, base64=b64encode(content).decode()))
            told.append(f"{path.name} is attached, {len(content) // 1024:,} KiB.")
        else:
            told.append(f"{path.name} is not attached: it is no picture of up to {MOST_BYTES // 2**20} MiB.")
    return Attached(images=tuple(images), told=tuple(told))
