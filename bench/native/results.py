"""What was measured, round by round, and the tables of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median

from bench.native.rows import Figures
from bench.tables import write


@dataclass
class Results:
    rounds: dict[tuple[str, str], list[Figures]] = field(default_factory=dict)
    """By row and contender."""

    def add(self, row: str, name: str, figures: Figures) -> None:
        self.rounds.setdefault((row, name), []).append(figures)

    def values(self, row: str, name: str, figure: str) -> list[float]:
        return [figures[figure] for figures in self.rounds.get((row, name), ()) if figure in figures]


@dataclass(frozen=True)
class Budget:
    what: str
    told: str
    holds: Callable[[float], bool]
    ratios: Sequence[float]
    """One of each round, so that both sides bore the same load."""


def spread(values: Sequence[float], form: str = "{:.2f}") -> str:
    """The median, and in brackets the least and the most."""
    if not values:
        return ""
    middle = form.format(median(values))
    return middle if len(values) == 1 else f"{middle} ({form.format(min(values))}–{form.format(max(values))})"


def write_prompts(results: Results, rows: Sequence[str], names: Sequence[str]) -> None:
    write("first text, seconds · CPU seconds", *names)
    write("---", *("---:" for _ in names))
    for row in rows:
        cells = (_prompt_cell(results, row, name) for name in names)
        write(row, *cells)


def _prompt_cell(results: Results, row: str, name: str) -> str:
    firsts = spread(results.values(row, name, "first"))
    return firsts and f"{firsts} · {median(results.values(row, name, 'cpu')):.2f}"


def write_rates(results: Results, rows: Sequence[str], names: Sequence[str]) -> None:
    write("tokens a second · CPU ms a token", *names)
    write("---", *("---:" for _ in names))
    for row in rows:
        write(row, *(_rate_cell(results, row, name) for name in names))


def _rate_cell(results: Results, row: str, name: str) -> str:
    rates = spread(results.values(row, name, "rate"), "{:.1f}")
    if costs := results.values(row, name, "cpu ms"):
        return f"{rates} · {median(costs):.1f}"
    firsts = results.values(row, name, "first"), results.values(row, name, "last first")
    return rates and f"{rates} · first text {median(firsts[0]):.2f}, last {median(firsts[1]):.2f}"


def write_budgets(budgets: Sequence[Budget]) -> None:
    write("budget", "allowed", "measured", "")
    write("---", "---:", "---:", "---")
    for budget in budgets:
        if budget.ratios:
            held = "" if budget.holds(median(budget.ratios)) else "not held"
            write(budget.what, budget.told, spread(budget.ratios), held)


def ratios(these: Sequence[float], those: Sequence[float]) -> list[float]:
    return [this / that for this, that in zip(these, those, strict=False)]
