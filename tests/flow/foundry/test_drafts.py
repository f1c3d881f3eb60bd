"""What came back in past sessions becomes drafts of skills."""

from collections.abc import Mapping, Sequence

import pytest

from core.skills import kept_contract
from flow.foundry.deeds import Deed
from flow.foundry.drafts import Draft, Passed, drafted

MEAN = "def mean(xs):\n    total = sum(xs)\n    return total / len(xs)\n"


def code(text: str, answer: str = "(no output)") -> tuple[str, str, str]:
    return "code", text, answer


def command(text: str) -> tuple[str, str, str]:
    return "command", text, ""


def sessions(*of: Sequence[tuple[str, str, str]]) -> Mapping[str, Sequence[Deed]]:
    return {
        f"s{number}": [
            Deed(session=f"s{number}", kind="code" if kind == "code" else "command", text=text, answer=answer)
            for kind, text, answer in deeds
        ]
        for number, deeds in enumerate(of)
    }


def only(*of: Sequence[tuple[str, str, str]]) -> Draft:
    drafts, passed = drafted(sessions(*of))
    assert (len(drafts), passed) == (1, [])
    return drafts[0]


def test_a_function_written_anew_becomes_one_with_the_calls_that_were_made() -> None:
    draft = only(
        [code(MEAN), code("mean([1.0, 2.0])", "1.5")],
        [code(f"import math\n{MEAN}\nxs = [1, 2, 6]\nmean(xs)", "3.0")],
    )

    contract = kept_contract(draft.text, "mean")
    assert (draft.name, draft.sessions, draft.examples) == ("mean", 2, 1)
    assert contract.examples == ("mean([1, 2, 6]) == 3.0",)
    assert "def mean(xs: list[int]) -> float:" in draft.text
    assert "import math" not in draft.text


def test_what_it_calls_comes_with_it() -> None:
    helped = "import statistics\nRATE = 2\ndef double(x: int) -> int:\n    return RATE * x\n"
    function = 'def twice(xs: list[int]) -> list[int]:\n    """Each doubled."""\n    return [double(x) for x in xs]\n'

    draft = only([code(helped + function)], [code(helped), code(function), code("print(twice([1]))", "[2]")])

    assert "def double" in draft.text
    assert "RATE = 2" in draft.text
    assert "# example: twice([1]) == [2]" in draft.text


def test_a_function_of_one_session_is_no_draft_however_often_it_was_mended() -> None:
    assert drafted(sessions([code(MEAN)] * 5)) == ([], [])


def test_code_with_other_values_becomes_a_function_of_these() -> None:
    text = "import statistics\nprices = {prices}\nwindow = {window}\nlast = prices[-window:]\nround(statistics.mean(last), 2)"

    draft = only(
        [code(text.format(prices="[1, 2, 3]", window=2), "2.5")],
        [code(text.format(prices="[5, 7, 9, 11]", window=3), "9")],
    )

    contract = kept_contract(draft.text, draft.name)
    assert "prices = " not in draft.text
    assert f"def {draft.name}(prices: list[int], window: int) -> float:" in draft.text
    assert contract.examples == (
        f"{draft.name}([1, 2, 3], 2) == 2.5",
        f"{draft.name}([5, 7, 9, 11], 3) == 9",
    )


def test_code_that_needs_what_was_run_before_is_none() -> None:
    text = "rows = [row for row in table if row[0] > {least}]\nsum(row[1] for row in rows) / len(rows)"

    assert drafted(sessions([code(text.format(least=1), "2")], [code(text.format(least=2), "3")])) == ([], [])


def test_what_skills_may_not_do_is_passed_over_with_the_reason() -> None:
    function = 'def ask(url: str) -> str:\n    """The page."""\n    import urllib.request\n    return url\n'

    drafts, [passed] = drafted(sessions([code(function)], [code(function)]))

    assert drafts == []
    assert isinstance(passed, Passed)
    assert "reaches the network" in passed.why


def test_names_that_tools_have_are_left_alone() -> None:
    assert drafted(sessions([code(MEAN)], [code(MEAN)]), taken=["mean"]) == ([], [])


def test_commands_in_one_order_become_steps() -> None:
    draft = only(
        [
            command("git checkout -b fix/one"),
            command("ls"),
            command("pytest -q tests/test_one.py"),
            command("git push -u origin fix/one"),
        ],
        [
            command("ls"),
            command("git checkout -b fix/two"),
            command("ls"),
            command("pytest -q tests/test_two.py"),
            command("git push -u origin fix/two"),
        ],
    )

    assert draft.kind == "steps"
    assert "1. `git checkout -b <1>`" in draft.text
    assert "4. `git push -u origin <1>`" in draft.text
    assert "- `<1>`: `fix/one`, `fix/two`" in draft.text


def test_looking_around_is_no_work() -> None:
    looks = [command("ls -la"), command("cat a.txt"), command("git status"), command("pwd")]

    assert drafted(sessions(looks, looks)) == ([], [])


@pytest.mark.parametrize(
    "hostile",
    [
        "def f(:",
        "x = " + "(" * 500 + ")" * 500,
        "f" * 100_000,
        "",
        "\0",
        "print(",
        "def f(x):\n" + " x\n" * 3,
        "lambda: 0",
    ],
)
def test_whatever_was_run_nothing_breaks(hostile: str) -> None:
    assert (
        drafted(
            sessions([code(hostile, hostile), command(hostile)], [code(hostile, hostile), command(hostile)])
        )[0]
        == []
    )
