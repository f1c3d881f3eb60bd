"""What an exam found out: a verdict for each check, and the fields of a profile that follow from them."""

from collections.abc import Mapping
from dataclasses import field, replace
from datetime import datetime
from typing import Literal

from boot.calibrate.kept import FORMAT
from core.values import value

Verdict = Literal["works well", "works with help", "does not work", "left out"]
WELL: Verdict = "works well"
HELP: Verdict = "works with help"
NO: Verdict = "does not work"
LEFT_OUT: Verdict = "left out"

Fields = Mapping[str, bool | int | str]
"""Fields of a `ModelProfile`, by their names."""


@value
class Graded:
    verdict: Verdict
    found: str
    """What the model did, in a few words."""
    help: str = ""
    """What Roost does about it, or what the person can; empty where nothing is needed."""
    fields: Fields = field(default_factory=dict)
    """What a profile of this model should say."""


@value
class Result:
    check: str
    title: str
    graded: Graded
    seconds: float


@value
class Report:
    model: str
    url: str
    begun: datetime
    format: int = FORMAT
    finished: bool = False
    ended: str = ""
    """Why it ended before all was asked; empty when all was."""
    results: tuple[Result, ...] = ()

    @property
    def fields(self) -> Fields:
        """What the checks say together; the later one has the last word."""
        return {name: item for result in self.results for name, item in result.graded.fields.items()}

    def verdict(self, check: str) -> Verdict | None:
        """None when it was not asked yet."""
        return next((result.graded.verdict for result in self.results if result.check == check), None)

    def plus(self, result: Result) -> "Report":
        return replace(self, results=(*self.results, result))
