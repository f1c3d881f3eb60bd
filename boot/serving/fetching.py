"""Brings the files of a model from a hub into its usual cache: what came stays, and is gone on with.

missing ─► blobs/DIGEST.part ── resumed ──► digest ──► blobs/DIGEST ─► snapshot

huggingface_hub begins a file anew that a killed start left in the middle. A file of weights has gigabytes, so
these are kept under a name that the next start knows; all else is its work.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from boot.serving.hub import HubFile, Listing, cache_folder, explained, is_offline
from core.errors import ConfigError, StoreError
from store.locking import try_lock

Told = Callable[[int], None]
"""Is told of bytes that came; less than 0 when some have to come again."""


def kept_folder(name: str) -> Path | None:
    """Where the whole model lies in the cache, as it was when it was fetched last."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError

    try:
        folder = Path(snapshot_download(name, local_files_only=True, allow_patterns=["config.json"]))
        files = _marks(name).read_text(encoding="utf-8").split("\n")
    except (OSError, HFValidationError):
        return None
    return folder if all((folder / file).exists() for file in files) else None


def config_file(wanted: Listing) -> Path:
    """Which is fetched when it is not here: it is small, and says what the weights are."""
    from huggingface_hub import hf_hub_download

    with explained(wanted.name):
        return Path(hf_hub_download(wanted.name, "config.json", revision=wanted.commit))


def missing(wanted: Listing) -> tuple[HubFile, ...]:
    """The files of weights, and other large ones, that are not whole in the cache."""
    blobs = _blobs(wanted.name)
    return tuple(file for file in wanted.files if file.digest and not (blobs / file.digest).exists())


def left_bytes(wanted: Listing) -> int:
    """What is still to come, without what an earlier start has brought."""
    parts = (_part(wanted.name, file) for file in missing(wanted))
    begun = sum(part.stat().st_size for part in parts if part.exists())
    return sum(file.size for file in missing(wanted)) - begun


def fetch(wanted: Listing, told: Told) -> Path:
    """The folder with all of `wanted`; what is there already is not asked for.

    Raises:
        AgentError: what happened on the way, with the next step.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.utils.tqdm import disable_progress_bars

    disable_progress_bars()
    with explained(wanted.name):
        for file in missing(wanted):
            _fetch_large(wanted, file, told)
        names = [file.name for file in wanted.files]
        folder = snapshot_download(wanted.name, revision="main", allow_patterns=names, max_workers=2)
        _marks(wanted.name).write_text("\n".join(names), encoding="utf-8")
    return Path(folder)


def fetched_offline(name: str) -> Path:
    """The folder in the cache, where the hub may not be asked or does not answer."""
    folder = kept_folder(name)
    if folder is None:
        why = "HF_HUB_OFFLINE is set" if is_offline() else "the hub does not answer"
        raise ConfigError(
            f"{why}, and {name!r} is not whole in {str(cache_folder())!r}.",
            hint="Fetch it once with a network, or name a folder.",
        )
    return folder


def _fetch_large(wanted: Listing, file: HubFile, told: Told) -> None:
    from huggingface_hub import get_token, hf_hub_url
    from huggingface_hub.file_download import http_get

    part = _part(wanted.name, file)
    part.parent.mkdir(parents=True, exist_ok=True)
    part.touch()
    with part.open("r+b") as handle:
        if not try_lock(handle.fileno()):
            raise ConfigError(f"Another start is fetching {wanted.name!r}.", hint="Wait for it.")
        begun = handle.seek(0, 2)
        if begun > file.size:
            begun = handle.truncate(handle.seek(0))
        token = get_token()
        url = hf_hub_url(wanted.name, file.name, revision=wanted.commit)
        http_get(
            url,
            handle,
            resume_size=begun,
            headers={"authorization": f"Bearer {token}"} if token else {},
            expected_size=file.size,
            tqdm_class=_telling(told),
        )
        handle.seek(0)
        is_whole = hashlib.file_digest(handle, "sha256").hexdigest() == file.digest
    if not is_whole:
        part.unlink()
        raise StoreError(
            f"{file.name} came damaged, and was thrown away.", hint="The same command fetches it."
        )
    part.replace(part.with_name(file.digest))


def _telling(told: Told) -> type[Any]:
    """What huggingface_hub takes for a progress bar, and tells of what comes."""

    class Telling:
        def __init__(self, **_: object) -> None: ...

        def update(self, count: float = 1) -> None:
            told(int(count))

        def __enter__(self) -> "Telling":
            return self

        def __exit__(self, *_: object) -> None: ...

    return Telling


def _folder(name: str) -> Path:
    from huggingface_hub.file_download import repo_folder_name

    return cache_folder() / repo_folder_name(repo_id=name, repo_type="model")


def _blobs(name: str) -> Path:
    return _folder(name) / "blobs"


def _part(name: str, file: HubFile) -> Path:
    return _blobs(name) / f"{file.digest}.part"


def _marks(name: str) -> Path:
    """Names the files that made the model whole."""
    return _folder(name) / "roost-files"
