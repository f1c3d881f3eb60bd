"""The developers' log: one file in the user's data folder."""

import logging
import os
import traceback
from io import TextIOWrapper
from pathlib import Path

from boot.paths import make_own_folder, user_folders
from core.masking import Masking
from core.visible import visible
from store.private import appended

MOST_BYTES = 2_000_000
FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"


def log_file() -> Path:
    return user_folders(os.environ).data / "roost.log"


class MaskedFormatter(logging.Formatter):
    """Lines without secrets, and none that a terminal would obey; tracebacks too."""

    def __init__(self, masking: Masking) -> None:
        super().__init__(FORMAT)
        self._masking = masking

    def format(self, record: logging.LogRecord) -> str:
        lines = visible(self._masking.masked(super().format(record)))
        return lines.replace("\n", "\n    ")  # so that no text can pose as a line of its own


class PrivateFileHandler(logging.FileHandler):
    """A log that only its owner reads."""

    def _open(self) -> TextIOWrapper:
        return appended(Path(self.baseFilename))


def set_up_logging(level: str, masking: Masking) -> None:
    """Send what developers want to know to the log file, made when there is something to say."""
    file = log_file()
    make_own_folder(file.parent)
    if file.exists():
        appended(file).close()  # which closes an older one to others
        if file.stat().st_size > MOST_BYTES:
            file.replace(file.with_suffix(".old.log"))
    handler = PrivateFileHandler(file, delay=True, encoding="utf-8")
    handler.setFormatter(MaskedFormatter(masking))
    logging.basicConfig(level=level.upper(), handlers=[handler])


def keep_bug(error: BaseException) -> str:
    """Write the traceback down, and say where it is."""
    from boot.masking import masked_here  # settings, which few starts need at their end

    text = visible(masked_here("".join(traceback.format_exception(error))))
    try:
        file = log_file()
        make_own_folder(file.parent)
        with appended(file) as log:
            log.write(text)
    except OSError:
        return f"The log cannot be written, so here it is:\n{text}"
    return f"Its traceback is in {file}."
