"""The head of a SKILL.md, beside what a whole reader of YAML makes of it."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from core.front_matter import front_matter

SAMPLES = [
    "name: a\ndescription: Does this, and that.",
    "name: a\ndescription: >-\n  Folded over\n  two lines.",
    "name: a\ndescription: |\n  Literal,\n\n  with a gap.\n",
    "name: a\ndescription: plain text that\n  goes on below",
    "name: a\ndescription: 'it''s quoted: yes'",
    'name: a\ndescription: "a \\"word\\" \\u00e9 and\\n more"',
    'name: a\ndescription: "over\n  two lines"',
    "# a comment\nname: a  # another\n\ndescription: text with a # in it",
    "name: a\ndescription: b\nmetadata:\n  author: c\n  version: '1.0'\nlicense: MIT",
    "name: a\ndescription: b\nallowed-tools:\n  - Read\n  - Bash(git:*)\n",
    "name: a\ndescription: b\nallowed-tools:\n- Read\n- Bash\n",
    "name: a\ndescription: 中文说明 и русский",
]


@pytest.mark.parametrize("head", SAMPLES)
def test_texts_are_read_as_yaml_reads_them(head: str) -> None:
    fields, body = front_matter(f"---\n{head}\n---\n# Title\n\ntext\n")

    known = yaml.safe_load(head)
    assert body == "# Title\n\ntext"
    assert {name: fields[name] for name in ("name", "description")} == {
        name: " ".join(known[name].split()) for name in ("name", "description")
    }


def test_a_plain_text_may_hold_what_yaml_refuses() -> None:
    fields, _ = front_matter("---\nname: a\ndescription: Use it for: tables\n---\n")

    assert fields["description"] == "Use it for: tables"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "its first line is not ---"),
        ("# Title\n", "its first line is not ---"),
        ("---\nname: a\n", "its head has no second line of ---"),
        ("---\nname: a\nname: b\n---\n", "'name' stands twice in its head"),
        ("---\njust words\n---\n", "line 2 of it is no `field: text`"),
        ('---\nname: "open\n---\n', "the quotes of '\"open' are not closed"),
    ],
)
def test_what_is_no_head_is_said_so(text: str, fault: str) -> None:
    with pytest.raises(ValueError, match="^" + fault.replace("'", ".")) as told:
        front_matter(text)

    assert str(told.value) == fault


@given(
    st.text(st.characters(exclude_categories=("Cs", "Cc")) | st.sampled_from("\n \t\"'|>#:-\\"), max_size=300)
)
def test_whatever_stands_there_is_read_or_refused(text: str) -> None:
    try:
        fields, _ = front_matter(f"---\n{text}\n---\n")
    except ValueError:
        return

    assert all("\n" not in field for field in fields.values())
