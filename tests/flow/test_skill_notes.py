"""A model is told of each skill once: by its list of tools, or by a note."""

from core.skill_shelf import Skill, SkillLine
from flow.skill_notes import SkillNotes, line_of


class Shelf:
    def __init__(self, *lines: SkillLine) -> None:
        self.lines = list(lines)
        self.aside: dict[str, str] = {}

    def notes(self, **told: str) -> SkillNotes:
        return SkillNotes((lambda: self.lines,), lambda: self.aside, dict(told), listed=frozenset(told))


def line(name: str, version: str = "1") -> SkillLine:
    return SkillLine(name=name, text=f"{name} {{}}: Do it.", version=version)


TOLD = "Skills you can call with use_skill, or by their own names:\n"


def test_skills_are_told_once() -> None:
    shelf = Shelf(line("a"), line("b"))
    notes = shelf.notes(a="1")

    assert [notes.news(anew=False), notes.news(anew=False)] == [[f"{TOLD}- b {{}}: Do it."], []]


def test_a_promoted_skill_and_a_new_version_are_told() -> None:
    shelf = Shelf(line("a"))
    notes = shelf.notes(a="1")
    shelf.lines = [line("a", "2"), line("b")]

    assert notes.news(anew=False) == [f"{TOLD}- a {{}}: Do it.\n- b {{}}: Do it."]


def test_a_skill_that_is_set_aside_is_told() -> None:
    shelf = Shelf(line("a"))
    notes = shelf.notes(a="1")
    shelf.lines, shelf.aside = [], {"a": "it failed 3 times in a row"}

    assert [notes.news(anew=False), notes.news(anew=False)] == [
        [
            "The skill a can no longer be called: it failed 3 times in a row. Do without it, or mend the function"
            " and promote it again."
        ],
        [],
    ]


def test_after_the_history_was_replaced_what_only_notes_told_is_told_again() -> None:
    shelf = Shelf(line("a"), line("b"))
    notes = shelf.notes(a="1")
    notes.news(anew=False)

    assert notes.news(anew=True) == [f"{TOLD}- b {{}}: Do it."]


def test_a_hundred_skills_are_told_in_part() -> None:
    (note,) = Shelf(*(line(f"s{number}") for number in range(100))).notes().news(anew=False)

    assert note.splitlines()[-1] == "- and 60 more: use_skill with another name lists some"


def test_a_line_says_how_a_skill_is_called() -> None:
    parameters = {
        "type": "object",
        "properties": {
            "prices": {"type": "array", "items": {"type": "number"}},
            "period": {"type": "integer"},
        },
        "required": ["prices"],
    }
    skill = Skill(name="rsi", description="The index.", parameters=parameters, digest="d")

    assert line_of(skill).text == 'rsi {"prices": [number], "period"?: integer}: The index.'
