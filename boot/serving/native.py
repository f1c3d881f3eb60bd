"""Roost's own server: what it needs is installed, the model is fetched, and then it runs.

extra `native` ─► folder of a model, from here or from a hub ─► weights, parts, app ─► served until Ctrl-C
"""

import shutil
import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

from boot.serving.asked import Asked
from boot.serving.fetching import config_file, fetch, fetched_offline, kept_folder, left_bytes
from boot.serving.fit import read_config, require_kind, require_room
from boot.serving.hub import (
    Listing,
    answers,
    cache_folder,
    endpoint,
    host,
    is_offline,
    listing,
    require_servable,
    weights_among,
)
from boot.serving.machine import Machine, gigabytes, looked_at
from boot.serving.person import agreed, told
from boot.serving.progress import Progress
from boot.serving.proposing import found_for
from boot.stamp import Checkout
from core.errors import ConfigError, GatewayUnavailable, StoreError
from servr.native.engine.quantising import FORMS, quantiser

ROOT = Path(__file__).resolve().parents[2]
MODULES = ("torch", "transformers", "safetensors", "fastapi", "uvicorn", "llguidance")
INSTALL_SIZE = "about 3 GB on Linux with CUDA, 0.3 GB without"
MARGIN_BYTES = 200_000_000
"""Of the disk, that is left free."""


def serve_natively(asked: Asked) -> int:
    machine = looked_at()
    require_form(asked.dtype, machine.device, can_all=True)  # what can never be is told before set-up
    code = ready(asked, Checkout(str(ROOT)))
    if code is not None:
        return code
    from boot.serving.seen import seen_by_torch

    machine = seen_by_torch(machine)
    require_form(asked.dtype, machine.device)
    folder, name, dtype = model_folder(asked, machine)
    if folder is None:
        return 1
    from boot.serving.joining import run

    return run(asked, folder=folder, name=name, dtype=dtype)


def require_form(dtype: str, device: str, *, can_all: bool = False) -> None:
    """Raises ConfigError: weights cannot be made into this form there; `can_all`: whatever is installed."""
    if dtype not in FORMS:
        return
    if can_all:
        quantiser(dtype, device, lambda package: True, lambda: True)
    else:
        quantiser(dtype, device)


def ready(asked: Asked, checkout: Checkout, modules: Sequence[str] = MODULES) -> int | None:
    """None when the extra `native` is here. Installs it in a checkout, and starts anew with it.

    Raises:
        ConfigError: something is missing, and set-up is of no help.
    """
    lacking = ", ".join(name for name in modules if not find_spec(name))
    if not lacking:
        return None
    if not checkout.wants_set_up():
        raise ConfigError(f"Roost's own server needs {lacking}.", hint="pip install 'roost[native]'")
    if checkout.is_current("native"):
        raise ConfigError(
            f"{checkout.venv!r} was set up with {lacking}, which is gone.", hint="Remove it and start again."
        )
    told(
        f"Roost's own server needs {lacking}, which pip installs into {checkout.venv}: {INSTALL_SIZE}.",
        "Which build of torch is taken is for pip to say: PIP_EXTRA_INDEX_URL names PyTorch's own index.",
    )
    if not agreed("Install that?", yes=asked.yes):
        return 1
    from boot.setup import set_up_or_explain

    failure = set_up_or_explain(checkout.root, "native")
    if failure:
        return failure
    return checkout.restart([sys.argv[0], *sys.argv[1:]])


def model_folder(asked: Asked, machine: Machine) -> tuple[Path | None, str, str]:
    """The folder, what the model is called, and its dtype; no folder when the person wants none."""
    if asked.folder:
        folder = asked.folder.resolve()
        files = [file.name for file in folder.iterdir()]
        require_servable(asked.model, files)
        stored = sum((folder / name).stat().st_size for name in weights_among(files))
        config = read_config(folder / "config.json")
        require_kind(asked.model, config, files)
        require_room(config, stored, asked.dtype, machine)
        return folder, folder.name, asked.dtype
    found = found_for(asked, machine)
    if found is None and not asked.model:
        return None, "", ""
    name = found.model.name if found else asked.model
    dtype = found.form if found and asked.dtype == "auto" and found.form in ("int8", "int4") else asked.dtype
    return fetched(name, lambda wanted: _require_sound(wanted, dtype, machine)), name, dtype


def fetched(name: str, check: Callable[[Listing], None]) -> Path:
    """The folder of a model of the hub. What it needs is checked, and its size is said, before it comes."""
    if is_offline():
        return fetched_offline(name)
    kept = kept_folder(name)
    if kept and not answers(endpoint()):
        told(f"No answer from {host()}. Going on with what is in the cache.")
        return kept
    try:
        wanted = listing(name)
    except GatewayUnavailable as error:
        if kept:
            told(f"{error.args[0]} Going on with what is in the cache.")
            return kept
        raise
    check(wanted)
    left = left_bytes(wanted)
    _say_files(wanted, left)
    _require_disk(left)
    try:
        with Progress(name, wanted.size, wanted.size - left) as progress:
            return fetch(wanted, progress.add)
    except KeyboardInterrupt:
        told("Interrupted. What came is kept; the same command goes on from there.")
        raise


def _say_files(wanted: Listing, left: int) -> None:
    others = len(wanted.files) - len(wanted.weights)
    if left == 0:
        told(f"{wanted.name} is in the cache.")
        return
    told(
        f"{wanted.name} needs {len(wanted.weights)} file{'s' if len(wanted.weights) > 1 else ''} of weights "
        f"and {others} others, "
        f"{gigabytes(wanted.size)}; {gigabytes(left)} are still to come, into {cache_folder()}.",
        "Code of the repository is never run.",
    )


def _require_disk(left: int) -> None:
    place = next(path for path in (cache_folder(), *cache_folder().parents) if path.exists())
    free = shutil.disk_usage(place).free
    if left and free < left + MARGIN_BYTES:
        raise StoreError(
            f"{gigabytes(left)} are still to come, and {str(place)!r} has {gigabytes(free)} free.",
            hint="Make room, or name another folder in HF_HOME.",
        )


def _require_sound(wanted: Listing, dtype: str, machine: Machine) -> None:
    stored = sum(file.size for file in wanted.weights)
    config = read_config(config_file(wanted))
    require_kind(wanted.name, config, [file.name for file in wanted.files])
    require_room(config, stored, dtype, machine)
