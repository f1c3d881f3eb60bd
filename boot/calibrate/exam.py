"""One check after another, kept as they are finished, until the last one or until more would be pointless."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from boot.calibrate.checks import EXAM, Check, graded
from boot.calibrate.examinee import Examinee
from boot.calibrate.report import LEFT_OUT, NO, Report, Result

Showing = Callable[[int, Check], AbstractContextManager[None]]
"""Shows that a check is running; it is told the number of those before it."""


@dataclass(frozen=True)
class Exam:
    keep: Callable[[Report], None]
    """Gets the report after every check, so that a later run can go on from there."""
    showing: Showing
    checks: Sequence[Check] = EXAM

    async def hold(self, examinee: Examinee, report: Report) -> Report:
        """The report with what it lacked.

        Raises:
            GatewayError: the server is gone, or refuses this one altogether. What was kept stays.
        """
        for number, check in enumerate(self.checks):
            if report.verdict(check.name) is None:
                examinee.fields = report.fields
                with self.showing(number, check):
                    began = examinee.clock()
                    grade = await graded(check, examinee)
                seconds = round(examinee.clock() - began, 1)
                report = report.plus(
                    Result(check=check.name, title=check.title, graded=grade, seconds=seconds)
                )
                self.keep(report)
            if why := _pointless(check, report):
                report = replace(report, ended=why)
                break
        report = replace(report, finished=True)
        self.keep(report)
        return report


def unasked(report: Report, checks: Sequence[Check] = EXAM) -> Iterator[Check]:
    return (check for check in checks if report.verdict(check.name) is None)


def _pointless(check: Check, report: Report) -> str:
    """Why nothing more is asked; empty when the exam goes on."""
    verdict = report.verdict(check.name)
    if not check.needed or verdict not in (NO, LEFT_OUT):
        return ""
    return "It was too slow to be asked more." if verdict == LEFT_OUT else "Without that, no more was asked."
