"""Calibrations on the disk: a readable file for each model and server, in the data folder.

qwen3-8b-1f2e3d4c5b6a7988.json        a finished exam: sessions go by its "profile"
qwen3-8b-1f2e3d4c5b6a7988.json.part   one that goes on with the next `roost calibrate`
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import field
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import ConfigError
from core.records import dataclass
from core.values import decode, plain, value
from store.private import make_private_folder, replace_private_file

if TYPE_CHECKING:
    from boot.calibrate.report import Report

FORMAT = 1
FIELDS = ("calls", "dialect", "edit_format", "parallel_calls", "window_tokens")
"""What a calibration may say of a model; all else is its family's."""
KEPT_FOR = timedelta(days=1)
"""How long an exam that was broken off can go on: later the server is hardly the same."""


@value
class Learned:
    """What was found out about one model on one server."""

    fields: Mapping[str, object] = field(default_factory=dict)
    warning: str = ""
    """Why a file that is there is not used."""
    calibrated: bool = False

    @property
    def window_tokens(self) -> int | None:
        window = self.fields.get("window_tokens")
        return window if isinstance(window, int) else None


NOTHING = Learned()
Learn = Callable[[str, str], Learned]
"""By the URL of the server and the name of the model."""


def nothing_learned(url: str, model: str) -> Learned:
    return NOTHING


@dataclass(frozen=True)
class Calibrations:
    folder: Path
    """Made when something is first kept."""

    def learned(self, url: str, model: str) -> Learned:
        """Of a finished exam. Every start reads this: no pydantic here."""
        path = self.path(url, model)
        try:
            kept = json.loads(path.read_bytes())
            return Learned(fields=_checked(kept, str(path)), calibrated=True)
        except FileNotFoundError:
            return NOTHING
        except (OSError, ValueError, TypeError, KeyError, RecursionError, ConfigError) as error:
            said = error.args[0] if isinstance(error, ConfigError) else f"{path} cannot be read: {error}."
            return Learned(warning=f"{said} It is ignored; roost calibrate makes a new one.")

    def unfinished(self, url: str, model: str, now: datetime) -> "Report | None":
        """An exam of this model on this server that was broken off not long ago."""
        from boot.calibrate.report import Report

        try:
            report = decode(Report, self._part(url, model).read_bytes())
        except (OSError, ValueError):
            return None
        is_fresh = report.format == FORMAT and timedelta(0) <= now - report.begun <= KEPT_FOR
        return report if is_fresh else None

    def keep(self, report: "Report") -> None:
        """Written whole or not at all; the last finished exam stays until this one is finished.

        Raises:
            OSError: it cannot be written.
        """
        part = self._part(report.url, report.model)
        make_private_folder(part.parent)
        text = json.dumps(written(report), ensure_ascii=False, indent=2) + "\n"
        replace_private_file(part, text.encode())
        if report.finished:
            part.replace(self.path(report.url, report.model))

    def path(self, url: str, model: str) -> Path:
        readable = re.sub(r"[^a-z0-9.]+", "-", model.lower()).strip("-.")[-48:]
        digest = sha256(f"{url}\n{model}".encode()).hexdigest()[:16]
        return self.folder / f"{readable}-{digest}.json"

    def _part(self, url: str, model: str) -> Path:
        path = self.path(url, model)
        return path.with_name(f"{path.name}.part")


def written(report: "Report") -> Mapping[str, object]:
    """A report as JSON has it, with what follows from its checks."""
    return {"profile": dict(report.fields), **_object(plain(report))}


def _object(item: object) -> dict[str, object]:
    return item if isinstance(item, dict) else {}


def _checked(kept: object, place: str) -> Mapping[str, object]:
    """The fields of the profile; raises ConfigError for what is none of ours."""
    from gate.dialects.table import known_family
    from model.family_form import PROFILE, check

    read = _object(kept)
    if read.get("format") != FORMAT:
        raise ConfigError(f"{place} is of another version of Roost.")
    fields = read.get("profile")
    if not isinstance(fields, dict):
        raise ConfigError(f"{place} has no profile.")
    check(fields, {name: PROFILE[name] for name in FIELDS}, place)
    known_family(fields.get("dialect"))
    return fields
