import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.almost_json import mended_json, read_object

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("", {}),
        ("  \n", {}),
        ("null", {}),
        ("{}", {}),
        ('{"a": "x\ny\tz"}', {"a": "x\ny\tz"}),
        ('{"a": 1,}', {"a": 1}),
        ('{"a": [1, 2, ], }', {"a": [1, 2]}),
        ('{"a": ",}"}', {"a": ",}"}),
        ('{"a": ",}",}', {"a": ",}"}),
        ("{'a': 'it''s', 'b': True, 'c': None}", {"a": "its", "b": True, "c": None}),
        ("{'a': 'say \"hi', 'b': false}", {"a": 'say "hi', "b": False}),
        (r"{'pattern': '\d+'}", {"pattern": r"\d+"}),
        ("{'a': (1, [true])}", {"a": [1, [True]]}),
        ('{"a": {"b": [1', {"a": {"b": [1]}}),
        ('{"a": "}"', {"a": "}"}),
        ('"{\\"a\\": 1}"', {"a": 1}),
        ('```json\n{"a": 1}\n```', {"a": 1}),
        ('```\n{"a": 1}```', {"a": 1}),
        ('{"a": 1, "a": 1}', {"a": 1}),
    ],
)
def test_what_is_wrong_in_form_only_is_read(text: str, meant: object) -> None:
    mended = mended_json(text)

    assert read_object(text) == meant
    assert mended is not None
    assert json.loads(mended) == meant


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('{"content": "half a fi', "end inside a string"),
        ('{"content": "half \\"', "end inside a string"),
        ("{'content': 'half", "are not JSON: "),
        ('{"a": 1, "a": 2}', "have two values for 'a'"),
        ("{'a': 1, 'a': 2}", "have two values for 'a'"),
        ('{"a": 1, ', "are not JSON: "),
        ("[1]", "should be a JSON object, not '[1]'"),
        ("4", "should be a JSON object, not '4'"),
        ("{'a': open('x')}", "are not JSON: "),
        ("{'a': b'x'}", "are not JSON: "),
        ("ls -la", "are not JSON: Expecting value at character 0"),
        ("[" * 100_000, "are nested too deeply"),
    ],
)
def test_what_would_be_a_guess_is_refused(text: str, fault: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(fault)}"):
        read_object(text)

    assert mended_json(text) is None


@given(st.dictionaries(st.text(), PLAIN))
def test_an_object_in_json_stays_as_it_is(meant: dict[str, object]) -> None:
    text = json.dumps(meant)

    assert mended_json(text) == text
    assert read_object(text) == meant


@given(st.dictionaries(st.text(), PLAIN, min_size=1), st.data())
def test_a_cut_object_never_loses_the_end_of_a_text(meant: dict[str, object], data: st.DataObject) -> None:
    text = json.dumps(meant)
    cut = text[: data.draw(st.integers(1, len(text) - 1))]

    mended = mended_json(cut)

    if mended is not None:
        kept = json.loads(mended)
        assert strings_in(kept) <= strings_in(meant)


def strings_in(item: object) -> set[str]:
    if isinstance(item, str):
        return {item}
    if isinstance(item, dict):
        return {text for pair in item.items() for part in pair for text in strings_in(part)}
    return {text for part in item for text in strings_in(part)} if isinstance(item, list) else set()
