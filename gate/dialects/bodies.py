"""Which scanner reads a body of which kind. Imported when the first opening is seen."""

from gate.dialects import named_body, tag_body
from gate.dialects.calls import Heard, Reading
from gate.dialects.gemma_body import gemma_body
from gate.dialects.json_body import json_body
from gate.dialects.python_body import python_body
from gate.dialects.source import Steps


def body(kind: str, reading: Reading) -> Steps[list[Heard] | None]:
    """The calls of a body of this kind, or None when the text at hand is none.

    Stops behind the last call, or where nothing of the kind could go on.

    Raises:
        Unfinished: the text is over in the middle of a call.
    """
    if kind in tag_body.FORMS:
        return tag_body.tag_body(reading, tag_body.FORMS[kind])
    if kind in named_body.FORMS:
        return named_body.named_body(reading, named_body.FORMS[kind])
    if kind == "functools":
        reading.source.at += len(kind)
    if kind == "calls_alone":
        return json_body(reading, strict=True)
    return {"pythonic": python_body, "gemma": gemma_body}.get(kind, json_body)(reading)
