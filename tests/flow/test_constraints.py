"""Rules in what a person said, in any language."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flow.constraints import constraints

PASTED = "The harbour was quiet, and boats lay side by side. " * 40


@pytest.mark.parametrize(
    "rule",
    [
        "Never touch the tests.",
        "Die Datenbank darf niemals gelöscht werden.",
        "Bitte kein Netzwerk benutzen.",
        "Ne modifie jamais les tests.",
        "Il ne faut pas toucher aux tests.",
        "No toques las pruebas.",
        "Siempre usa tabuladores.",
        "Não apague nada.",
        "Non toccare i test.",
        "Raak de tests niet aan.",
        "Nigdy nie zmieniaj testów.",
        "Не трогай тесты.",
        "Ніколи не змінюй тести.",
        "Testleri asla değiştirme.",
        "不要修改测试文件。",
        "テストは変更しないでください。",
        "테스트 파일은 절대 수정하지 마세요.",
    ],
)
def test_a_rule_is_found_in_many_languages(rule: str) -> None:
    assert constraints([f"{PASTED}\n{rule} {PASTED}"], 2_000) == f"- {rule}"


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ("- kaikki testit läpi", "- kaikki testit läpi"),
        ("3. vain yksi tiedosto", "- 3. vain yksi tiedosto"),
        ("Älä koske testeihin!", "- Älä koske testeihin!"),
        ("Testeihin EIMISSÄÄN kosketa.", "- Testeihin EIMISSÄÄN kosketa."),
        ("Pidä **yksi** tiedosto.", "- Pidä **yksi** tiedosto."),
    ],
)
def test_in_other_languages_it_is_known_by_its_form(said: str, line: str) -> None:
    assert constraints([f"{PASTED}\n{said}\n{PASTED}"], 2_000) == line


def test_code_in_a_fence_is_no_rule() -> None:
    assert constraints(["Look:\n```\n- never: true\n```\nOnly mend it."], 500) == "- Only mend it."


def test_where_not_all_fit_the_surest_stay_in_their_order() -> None:
    said = "- a point\nNever push.\n- another point\nAlways test."

    assert constraints([said], 32) == "- Never push.\n- Always test."
    assert constraints([said], 400).splitlines()[0] == "- a point"


def test_a_rule_that_is_said_twice_is_told_once() -> None:
    assert constraints(["Never push. Really.", "Never push."], 500) == "- Never push."


@given(st.lists(st.text(), max_size=5), st.integers(0, 300))
def test_it_never_takes_more_room_than_there_is(texts: list[str], room: int) -> None:
    assert len(constraints(texts, room)) <= room
