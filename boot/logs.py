"""The developers' log: one file in the user's data folder."""

import logging
import os
import traceback
from pathlib import Path

from boot.paths import make_own_folder, user_folders

MOST_BYTES = 2_000_000
FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"


def log_file() -> Path:
    return user_folders(os.environ).data / "roost.log"


def set_up_logging(level: str) -> None:
    """Send what developers want to know to the log file, made when there is something to say."""
    file = log_file()
    make_own_folder(file.parent)
    if file.exists() and file.stat().st_size > MOST_BYTES:
        file.replace(file.with_suffix(".old.log"))
    handler = logging.FileHandler(file, delay=True, encoding="utf-8")
    logging.basicConfig(level=level.upper(), handlers=[handler], format=FORMAT)


def keep_bug(error: BaseException) -> str:
    """Write the traceback down, and say where it is."""
    text = "".join(traceback.format_exception(error))
    try:
        file = log_file()
        make_own_folder(file.parent)
        with file.open("a", encoding="utf-8") as log:
            log.write(text)
    except OSError:
        return f"The log cannot be written, so here it is:\n{text}"
    return f"Its traceback is in {file}."
