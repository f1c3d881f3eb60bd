"""`roost calibrate`: holds the exam, shows how far it is, and tells what came of it."""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from shutil import get_terminal_size
from textwrap import wrap

from boot.calibrate.checks import EXAM, Check
from boot.calibrate.exam import Exam, unasked
from boot.calibrate.examinee import Examinee
from boot.calibrate.kept import Calibrations, Learned, written
from boot.calibrate.progress import Progress
from boot.calibrate.report import LEFT_OUT, Report
from boot.layers import Loaded, here
from boot.model_way import way_to_model
from boot.paths import Folders
from boot.plugins import Plugins
from boot.profiles import Profiles
from boot.server_way import ModelWay
from boot.settings import Settings
from core.errors import GatewayError
from core.values import encode, utc_now

LEAST_COLUMNS = 60
"""Of the table, however narrow the terminal is."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--model", metavar="NAME", help="model to ask (AGENT_MODEL)")
    add("--url", dest="model_url", metavar="URL", help="its server (AGENT_MODEL_URL)")
    add("--anew", action="store_true", help="from the first check on, not where it broke off")
    add("--json", action="store_true", help="the report as one line of JSON")


def act(given: argparse.Namespace, loaded: Loaded) -> int:
    return calibrate(loaded.settings, here().folders, json=given.json, anew=given.anew)


def calibrate(
    settings: Settings,
    folders: Folders,
    *,
    json: bool,
    anew: bool,
    checks: Sequence[Check] = EXAM,
    clock: Callable[[], float] = time.perf_counter,
) -> int:
    """Print what was found out; 1 when the model cannot do Roost's work.

    Raises:
        ConfigError: it is not clear which model is meant.
        GatewayError: no server, or it went away. What was found out until then is kept.
    """
    kept = Calibrations(folders.calibrations)
    exam = Exam(kept.keep, Progress(len(checks)), checks)
    try:
        report = asyncio.run(_held(settings, folders, exam, clock, earlier=None if anew else kept))
    except (GatewayError, KeyboardInterrupt):
        sys.stderr.write("roost: What was found out is kept. roost calibrate goes on from there.\n")
        raise
    if json:
        print(encode(written(report)))
    else:
        print(*_table(report), "", _conclusion(report, kept), sep="\n")
    return 1 if report.ended else 0


async def _held(
    settings: Settings,
    folders: Folders,
    exam: Exam,
    clock: Callable[[], float],
    *,
    earlier: Calibrations | None,
) -> Report:
    profiles = Profiles(own=folders.config / "profiles", learn=_tools_as_tools)
    alone = replace(settings, fallback_urls="")  # what another server says is no answer of this one
    way = await way_to_model(alone, "server", Plugins(folders.cache), profiles)
    try:
        report = _begun(way, earlier)
        examinee = Examinee(way, nonce=os.urandom(3).hex(), clock=clock)
        return await exam.hold(examinee, report)
    finally:
        await way.close()


def _tools_as_tools(url: str, model: str) -> Learned:
    """Whatever its family needs: the exam itself tells it of tools in words, to compare."""
    return Learned(fields={"calls": "native"})


def _begun(way: ModelWay, earlier: Calibrations | None) -> Report:
    """The report to go on with: what there is of an `earlier` one, or none of it yet."""
    now = utc_now()
    report = earlier.unfinished(way.place, way.model, now) if earlier else None
    if report:
        sys.stderr.write(f"roost: Going on after {len(report.results)} of {len(EXAM)} checks.\n")
    return report or Report(model=way.model, url=way.place, begun=now)


def _table(report: Report) -> Iterator[str]:
    yield f"{report.model} at {report.url}"
    yield ""
    rows = [
        *(
            (result.title, result.graded.verdict, result.graded.found, result.graded.help)
            for result in report.results
        ),
        *((check.title, LEFT_OUT, "not asked", "") for check in unasked(report)),
    ]
    for title, verdict, found, advice in rows:
        yield from _wrapped(f"{title:<16} {verdict:<15}  ", found)
        if advice:
            yield from _wrapped(f"{'':<34}→ ", advice)


def _wrapped(margin: str, text: str) -> Sequence[str]:
    """`text` beside `margin`, in lines that fit the terminal."""
    width = max(LEAST_COLUMNS, get_terminal_size().columns)
    return wrap(text, width, initial_indent=margin, subsequent_indent=" " * len(margin))


def _conclusion(report: Report, kept: Calibrations) -> str:
    if report.ended:
        return f"{report.ended} This model is not fit for Roost on this server."
    place = kept.path(report.url, report.model)
    return f"New sessions with this model on this server go by it. Delete {place} to undo that."
