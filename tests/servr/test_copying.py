"""What `/copy` takes out of a conversation."""

import pytest

from core.messages import AssistantMessage, Message, Text, UserMessage
from servr.terminal.copying import clipboard_tool, wanted_text

REPLY = """\
Do this:

```python
print("one")
```

or

   ~~~~
   two
   ```
   ~~~~

and `inline` is none."""


def said(*texts: str) -> list[Message]:
    return [UserMessage(text="go"), *(AssistantMessage(parts=(Text(text=text),)) for text in texts)]


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        ("", REPLY),
        ("code", "   two\n   ```\n"),
        ("1", 'print("one")\n'),
        ("2", "   two\n   ```\n"),
        ("3", ""),
        ("0", ""),
        ("all", None),
    ],
)
def test_a_reply_or_a_block_of_its_code_is_taken(wanted: str, text: str | None) -> None:
    assert wanted_text(said("before", REPLY, " "), wanted) == text


def test_where_nothing_was_said_there_is_nothing() -> None:
    assert wanted_text([], "") == ""
    assert wanted_text(said("no code"), "code") == ""


def test_over_a_network_the_clipboard_is_the_terminals() -> None:
    assert clipboard_tool({"SSH_CONNECTION": "a b"}) == ()
