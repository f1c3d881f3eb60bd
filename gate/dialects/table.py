"""Who writes calls how: a row for each family and wrapper.

A row: the family, what opens a call, what may close it, the kinds of body that may stand between.
Without closings the opening is a part of the body. Where a family leaves its wrapper out, the inner
tag opens a row of its own. No opening begins another one.
"""

from core.errors import ConfigError

Row = tuple[str, str, tuple[str, ...], tuple[str, ...]]

TAGGED = ("json", "function_json", "function_tags", "name_json", "argument_tags", "invoke", "pythonic")
BARS = ("｜", "|")
BLOCKS = ("▁", "_")
M3 = "]<]minimax[>["

ROWS: tuple[Row, ...] = (
    ("hermes", "<tool_call>", ("</tool_call>",), TAGGED),
    ("hermes", "<tool_calls>", ("</tool_calls>",), TAGGED),
    ("hermes", "<longcat_tool_call>", ("</longcat_tool_call>",), TAGGED),
    ("hermes", "<tools>", ("</tools>",), ("calls_alone",)),
    ("qwen_xml", "<function=", (), ("function_json", "function_tags")),
    ("qwen_xml", "<function name=", (), ("function_json", "function_tags")),
    ("roost", "<tool name=", (), ("tool_json",)),
    ("roost", "<tool_call name=", (), ("tool_json",)),
    ("roost", "<tool>", ("</tool>",), ("calls_alone",)),
    ("seed", "<seed:tool_call>", ("</seed:tool_call>",), TAGGED),
    ("llama", "<|python_tag|>", ("<|eom_id|>", "<|eot_id|>"), ("json", "pythonic")),
    ("pythonic", "<|python_start|>", ("<|python_end|>",), ("pythonic",)),
    ("pythonic", "<function_calls>", ("</function_calls>",), ("pythonic", "invoke", "json")),
    ("lfm2", "<|tool_call_start|>", ("<|tool_call_end|>",), ("pythonic", "json")),
    ("mistral", "[TOOL_CALLS]", ("[/TOOL_CALLS]",), ("json", "mistral")),
    *(
        ("deepseek", f"<{bar}tool{block}{what}{block}begin{bar}>", closings, ("deepseek",))
        for bar in BARS
        for block in BLOCKS
        for what, closings in (("calls", (f"<{bar}tool{block}calls{block}end{bar}>",)), ("call", ()))
    ),
    *(
        ("dsml", f"<{bar}DSML{bar}{what}", closings, ("dsml",))
        for bar in BARS
        for what, closings in (
            ("function_calls>", (f"</{bar}DSML{bar}function_calls>",)),
            ("tool_calls>", (f"</{bar}DSML{bar}tool_calls>",)),
            ("invoke name=", ()),
        )
    ),
    ("kimi", "<|tool_calls_section_begin|>", ("<|tool_calls_section_end|>",), ("kimi",)),
    ("kimi", "<|tool_call_section_begin|>", ("<|tool_call_section_end|>",), ("kimi",)),
    ("kimi", "<|tool_call_begin|>", (), ("kimi",)),
    ("kimi", "<|open|>call tool=", (), ("kimi_json", "kimi_tags")),
    ("minimax", "<minimax:tool_call>", ("</minimax:tool_call>",), ("invoke", "json")),
    ("minimax", "<invoke name=", (), ("invoke",)),
    ("minimax", f"{M3}<tool_call>", (f"{M3}</tool_call>",), ("minimax_tags",)),
    ("minimax", f"{M3}<invoke name=", (), ("minimax_tags",)),
    ("granite", "<|tool_call|>", ("<|/tool_call|>",), ("json",)),
    ("functools", "<|tool_call|>", ("<|/tool_call|>",), ("json",)),
    ("nemotron", "<TOOLCALL>", ("</TOOLCALL>",), ("json",)),
    ("granite", "<function_call>", ("</function_call>",), ("json",)),
    ("internlm", "<|action_start|><|plugin|>", ("<|action_end|>",), ("json",)),
    ("command", "<|START_ACTION|>", ("<|END_ACTION|>",), ("json",)),
    ("functiongemma", "<start_function_call>", ("<end_function_call>",), ("gemma",)),
    ("gemma4", "<|tool_call>", ("<tool_call|>",), ("gemma",)),
    ("lm_studio", "[TOOL_REQUEST]", ("[END_TOOL_REQUEST]",), ("json",)),
)

LINE_ROWS: tuple[Row, ...] = (
    ("functools", "functools[", (), ("functools",)),
    ("functionary", ">>>", (), ("recipient",)),
)
"""These open a call only where a line begins."""

OPTIONAL_CLOSINGS = ("<|eom_id|>", "[/TOOL_CALLS]", "<|/tool_call|>", "</function_call>")
"""Closings that only some templates have: without them nothing is missing."""

BARE_NAMES = (None, "functionary", "glm", "mistral", "kimi")
"""Whose replies may begin with a tool's name: what opens the call is in the prompt, or was dropped."""

COMMON = ("hermes", "qwen_xml", "roost")
"""What models of every family fall into: looked for whichever family is named."""

ALIASES = {"glm": "hermes", "olmo": "pythonic", "qwen": "hermes", "json": "hermes"}
"""Families that have no row of their own: their wrapper is another's, or they have none."""

THOUGHTS: tuple[tuple[str, str], ...] = (
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("[THINK]", "[/THINK]"),
    ("<seed:think>", "</seed:think>"),
    ("<mm:think>", "</mm:think>"),
    ("<|START_THINKING|>", "<|END_THINKING|>"),
    ("<|channel>thought", "<channel|>"),
    ("<|open|>think<|sep|>", "<|close|>think<|sep|>"),
)
"""What opens and closes reasoning; harmony's is a channel."""

RESULTS: tuple[tuple[str, str], ...] = (
    ("<tool_response>", "</tool_response>"),
    ("<tool_result", "</tool_result>"),
    ("[TOOL_RESULTS]", "[/TOOL_RESULTS]"),
    ("<｜tool▁outputs▁begin｜>", "<｜tool▁outputs▁end｜>"),
    ("<|START_TOOL_RESULT|>", "<|END_TOOL_RESULT|>"),
    ("<start_function_response>", "<end_function_response>"),
    ("<|tool_response>", "<tool_response|>"),
    ("<TOOL_RESPONSE>", "</TOOL_RESPONSE>"),
    ("<|tool_response|>", "<|end|>"),
    ("<|start|>functions.", "<|end|>"),
    ("<|start_header_id|>ipython<|end_header_id|>", "<|eot_id|>"),
    ('<|open|>message role="tool"', "<|close|>message<|sep|>"),
)
"""What holds the answer of a tool; a model may make one up, and no call in it is one."""

CHANNELS = ("<|channel|>", "<|start|>assistant")

VALUE_ENDS = ("</parameter>", "</arg_value>", *(f"</{bar}DSML{bar}parameter>" for bar in BARS))
"""What ends a value where nothing is escaped: outside of a call, it shows that one ended too soon."""

SILENT = (
    *(f"<|{which}|>{what}<|sep|>" for which in ("open", "close") for what in ("response", "tools")),
    "<|close|>call<|sep|>", "<|close|>message<|sep|>", "<|end_of_msg|>",
    "<|START_RESPONSE|>", "<|END_RESPONSE|>", "<|START_TEXT|>", "<|END_TEXT|>",
    "<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|end|>", "<|return|>", "<|call|>", "</s>",
    "<|END_OF_TURN_TOKEN|>", "<｜end▁of▁sentence｜>", "<|observation|>",
)  # fmt: skip
"""Marks of a template, never meant for anybody's eyes."""

TOLD_BY = (("glm", "<arg_key>"), ("harmony", "<|channel|>"))
"""Families by words of their templates that open no call."""

HARMONY_ENDS = ("<|end|>", "<|return|>", "<|call|>")


def families() -> tuple[str, ...]:
    """Every name that a family may be called by."""
    named = (row[0] for row in (*ROWS, *LINE_ROWS))
    return tuple(dict.fromkeys((*named, "harmony", *ALIASES)))


def family_in(template: str) -> str | None:
    """The family in whose words a chat template writes calls; None when it writes none that are known.

    Many have the tags of hermes around what is another family's.
    """
    said = (family for family, words in TOLD_BY if words in template)
    rows = [row[0] for row in ROWS if row[1] in template and row[1] != "<tools>" and row[0] != "roost"]
    return next((family for family in (*said, *rows) if family != "hermes"), "hermes" if rows else None)


def known_family(family: str | None) -> str | None:
    """The family that a profile or a setting names; None for all of them.

    Raises:
        ConfigError: there is no such family.
    """
    if family in (None, "any"):
        return None
    if family not in families():
        named = ", ".join(families())
        raise ConfigError(f"There is no dialect {family!r}.", hint=f"Name one of these, or 'any': {named}.")
    return family


def rows_of(family: str | None) -> tuple[Row, ...]:
    """The rows of one family and the common ones; of all when it is None."""
    if family is None:
        return ROWS
    looked_for = (ALIASES.get(family, family), *COMMON)
    return tuple(row for row in ROWS if row[0] in looked_for)
