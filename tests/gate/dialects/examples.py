"""Replies in the words of each family, and what they say."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.tools import ToolSpec

Call = tuple[str, str]

PROPERTIES = {
    "path": {"type": "string"},
    "content": {"type": "string"},
    "command": {"type": "string"},
    "count": {"type": "integer"},
    "ratio": {"type": "number"},
    "deep": {"type": "boolean"},
    "names": {"type": "array", "items": {"type": "string"}},
    "options": {"type": "object"},
    "until": {"type": ["integer", "null"]},
}
NAMES = ("ls", "shell", "read_file", "write_file", "left-pad")
TOOLS = tuple(
    ToolSpec(name=name, description=name, parameters={"type": "object", "properties": PROPERTIES})
    for name in NAMES
)


@dataclass(frozen=True)
class Example:
    family: str
    text: str
    calls: Sequence[Call] = ()
    content: str = ""
    reasoning: str = ""
    partial: str = ""
    repairs: Sequence[str] = ()


LS = '<tool_call>{"name": "ls", "arguments": {"path": "."}}</tool_call>'
LS_CALL = ("ls", '{"path": "."}')
QWEN_LS = "<tool_call>\n<function=ls>\n<parameter=path>\n.\n</parameter>\n</function>\n</tool_call>"
PATH_X = '{"path": "x"}'

CALLS: dict[str, Example] = {
    "hermes": Example("hermes", '<tool_call>\n{"name": "ls", "arguments": {"path": "."}}\n</tool_call>', [LS_CALL]),
    "hermes, text before": Example("hermes", f"Let me look.\n{LS}", [LS_CALL], content="Let me look.\n"),
    "hermes, two": Example("hermes", f"{LS}\n{LS}", [LS_CALL, LS_CALL]),
    "hermes, a list in one block": Example(
        "hermes",
        '<tool_call>\n[{"name": "ls", "arguments": {"path": "."}}, {"name": "shell", "arguments": {}}]\n</tool_call>',
        [LS_CALL, ("shell", "{}")],
    ),
    "hermes, two objects in one block": Example(
        "hermes", '<tool_call>{"name": "ls"}\n{"name": "shell"}</tool_call>', [("ls", "{}"), ("shell", "{}")]
    ),
    "hermes, closing tag in a string": Example(
        "hermes",
        '<tool_call>{"name": "shell", "arguments": {"command": "echo \\"</tool_call>}\\""}}</tool_call>',
        [("shell", '{"command": "echo \\"</tool_call>}\\""}')],
    ),
    "hermes, no closing tag": Example(
        "hermes", LS.removesuffix("</tool_call>"), [LS_CALL], repairs=["closing tag missing"]
    ),
    "hermes, no closing tag, text behind": Example(
        "hermes", '<tool_call>{"name": "ls"} and <b>', [("ls", "{}")], content="and <b>", repairs=["closing tag missing"]
    ),
    "hermes, text behind": Example("hermes", f"{LS} Done.", [LS_CALL], content="Done."),
    "hermes, one brace short": Example(
        "hermes", LS.replace("}}", "}"), [LS_CALL], repairs=["closing brackets missing"]
    ),
    "hermes, arguments as text": Example(
        "hermes", '<tool_call>{"name": "ls", "arguments": "{\\"path\\": \\".\\"}"}</tool_call>', [LS_CALL],
        repairs=["arguments encoded twice"],
    ),
    "hermes, a Python dict": Example(
        "hermes", "<tool_call>{'name': 'ls', 'arguments': {'path': '.', 'deep': True}}</tool_call>",
        [("ls", '{"path": ".", "deep": true}')], repairs=["Python literal"],
    ),
    "hermes, trailing comma": Example(
        "hermes", '<tool_call>{"name": "ls", "arguments": {"path": ".",}}</tool_call>', [LS_CALL],
        repairs=["trailing comma"],
    ),
    "hermes, raw line end": Example(
        "hermes", '<tool_call>{"name": "shell", "arguments": {"command": "a\nb"}}</tool_call>',
        [("shell", '{"command": "a\\nb"}')], repairs=["raw line ends in a string"],
    ),
    "hermes, a fence inside": Example(
        "hermes", '<tool_call>\n```json\n{"name": "ls", "arguments": {"path": "."}}\n```\n</tool_call>', [LS_CALL]
    ),
    "hermes, wire shape": Example(
        "hermes",
        '<tool_call>{"type": "function", "function": {"name": "ls", "arguments": "{\\"path\\": \\".\\"}"}}</tool_call>',
        [LS_CALL], repairs=["arguments encoded twice"],
    ),
    "hermes, name folded": Example(
        "hermes", '<tool_call>{"name": "functions.Read-File", "arguments": {"path": "x"}}</tool_call>',
        [("read_file", PATH_X)], repairs=["tool name 'functions.Read-File'"],
    ),
    "hermes, unicode": Example(
        "hermes", '<tool_call>{"name": "ls", "arguments": {"path": "日本/é 🎉"}}</tool_call>', [("ls", '{"path": "日本/é 🎉"}')]
    ),
    "hermes, a bracket too many": Example(
        "hermes", LS.replace("}}", "}}}"), [LS_CALL], repairs=["a closing bracket too many"]
    ),
    "hermes, a byte order mark and Windows line ends": Example(
        "hermes", '\ufeff<tool_call>\r\n{"name": "ls", "arguments": {"path": "."}}\r\n</tool_call>\r\n', [LS_CALL]
    ),
    "hermes, escapes": Example(
        "hermes", '<tool_call>{"name": "shell", "arguments": {"command": "\\ud83d\\ude00 \\u0000 \\u003c/tool_call>"}}</tool_call>',
        [("shell", '{"command": "😀 \\u0000 </tool_call>"}')],
    ),
    "hermes, a quote right before": Example("hermes", f'He said "hi"{LS}', [LS_CALL], content='He said "hi"'),
    "hermes, text before, between and behind": Example("hermes", f"A\n{LS}\nB\n{LS}\nC", [LS_CALL, LS_CALL], content="A\nB\nC"),
    "hermes, a file of Markdown": Example(
        "hermes", '<tool_call>{"name": "write_file", "arguments": {"content": "```py\\nx\\n```\\n</tool_call>\\n<think>"}}</tool_call>',
        [("write_file", '{"content": "```py\\nx\\n```\\n</tool_call>\\n<think>"}')],
    ),
    "hermes, deep": Example(
        "hermes", f'<tool_call>{{"name": "ls", "arguments": {{"names": {"[" * 200}{"]" * 200}}}}}</tool_call>',
        [("ls", f'{{"names": {"[" * 200}{"]" * 200}}}')],
    ),
    "jamba": Example("hermes", '<tool_calls>[{"name": "ls", "arguments": {"path": "."}}]</tool_calls>', [LS_CALL]),
    "qwen_xml": Example(
        "qwen_xml",
        "<tool_call>\n<function=write_file>\n<parameter=path>\na.py\n</parameter>\n<parameter=content>\n"
        "\n    if a < b & c:\n        print('&amp;')\n\n</parameter>\n</function>\n</tool_call>",
        [("write_file", '{"path": "a.py", "content": "\\n    if a < b & c:\\n        print(\'&amp;\')\\n"}')],
    ),
    "qwen_xml, typed": Example(
        "qwen_xml",
        "<tool_call><function=ls><parameter=path>\n12\n</parameter><parameter=count>\n12\n</parameter>"
        "<parameter=deep>\nTrue\n</parameter><parameter=names>\n['a']\n</parameter><parameter=ratio>\n0.5\n</parameter>"
        '<parameter=options>\n{"a": null}\n</parameter><parameter=until>\nnull\n</parameter></function></tool_call>',
        [("ls", '{"path": "12", "count": 12, "deep": true, "names": ["a"], "ratio": 0.5, "options": {"a": null}, "until": null}')],
    ),
    "qwen_xml, what is not of its type stays text": Example(
        "qwen_xml", "<tool_call><function=ls><parameter=deep>maybe</parameter><parameter=count>4.5</parameter></function></tool_call>",
        [("ls", '{"deep": "maybe", "count": "4.5"}')],
    ),
    "qwen_xml, no wrapper": Example(
        "qwen_xml", "I look.\n<function=ls>\n<parameter=path>\n.\n</parameter>\n</function>\n</tool_call>", [LS_CALL],
        content="I look.\n",
    ),
    "qwen_xml, no parameters": Example("qwen_xml", "<function=ls>\n</function>", [("ls", "{}")]),
    "qwen_xml, a value not closed": Example(
        "qwen_xml",
        "<tool_call><function=ls>\n<parameter=path>\n.\n<parameter=count>\n1\n</function></tool_call>",
        [("ls", '{"path": ".", "count": 1}')],
        repairs=["closing tag of a value missing", "closing tag of a value missing"],
    ),
    "qwen_xml, the function not closed": Example(
        "qwen_xml", "<tool_call><function=ls><parameter=path>.</parameter></tool_call>", [LS_CALL],
        repairs=["closing tag missing"],
    ),
    "qwen_xml, its own tags in a value": Example(
        "qwen_xml",
        "<tool_call><function=write_file><parameter=content>\nClose with </parameter> and </function>, </tool_call>.\n"
        "<parameter=x>\n</parameter></function></tool_call>",
        [("write_file", '{"content": "Close with </parameter> and </function>, </tool_call>.\\n<parameter=x>"}')],
    ),
    "qwen_xml, a whole call in a value": Example(
        "qwen_xml",
        "<tool_call>\n<function=write_file>\n<parameter=content>\nSo:\n<tool_call>\n<function=ls>\n<parameter=path>\n.\n</parameter>\n"
        "</function>\n</tool_call>\nDone.\n</parameter>\n<parameter=path>\na.md\n</parameter>\n</function>\n</tool_call>",
        [("write_file", '{"content": "So:\\n<tool_call>\\n<function=ls>\\n<parameter=path>\\n.\\n</parameter>\\n</function>\\n</tool_call>\\nDone.", "path": "a.md"}')],
    ),
    "qwen_xml, half a call in a value": Example(
        "qwen_xml",
        "<tool_call><function=write_file><parameter=content>\nBegin with <function=ls>.\n</parameter></function></tool_call>",
        [("write_file", '{"content": "Begin with <function=ls>."}')],
    ),
    "qwen_xml, Windows line ends": Example(
        "qwen_xml",
        "<tool_call>\r\n<function=ls>\r\n<parameter=path>\r\n\r\na\r\n</parameter>\r\n</function>\r\n</tool_call>",
        [("ls", '{"path": "\\r\\na"}')],
    ),
    "qwen_xml, a null character": Example(
        "qwen_xml", "<function=shell><parameter=command>a\0b</parameter></function>", [("shell", '{"command": "a\\u0000b"}')]
    ),
    "qwen_xml, a key twice": Example(
        "qwen_xml", "<function=ls><parameter=path>a</parameter><parameter=path>b</parameter></function>",
        [("ls", '{"path": "a", "path": "b"}')],
    ),
    "seed": Example(
        "seed", "<seed:tool_call>\n<function=ls>\n<parameter=path>.</parameter>\n</function>\n</seed:tool_call>", [LS_CALL]
    ),
    "llama": Example("llama", '{"name": "ls", "parameters": {"path": "."}}', [LS_CALL]),
    "llama, tagged": Example("llama", '<|python_tag|>{"name": "ls", "parameters": {"path": "."}}<|eom_id|>', [LS_CALL]),
    "llama, two": Example(
        "llama", '{"name": "ls", "parameters": {"path": "."}}; {"name": "shell", "parameters": {}}',
        [LS_CALL, ("shell", "{}")],
    ),
    "llama, tagged, two": Example(
        "llama", '<|python_tag|>{"name": "ls", "parameters": {"path": "."}}; {"name": "shell", "parameters": {}}',
        [LS_CALL, ("shell", "{}")],
    ),
    "pythonic": Example(
        "pythonic", '[ls(path="."), read_file(path=\'x\', count=-1, deep=true, names=["a", None])]',
        [LS_CALL, ("read_file", '{"path": "x", "count": -1, "deep": true, "names": ["a", null]}')],
    ),
    "pythonic, tagged": Example("pythonic", '<|python_start|>[ls(path=".")]<|python_end|>', [LS_CALL]),
    "pythonic, brackets in strings": Example(
        "pythonic", '[shell(command="echo \\"])\\" \'"), ls(path=\'\'\'a\n"b"\'\'\')]',
        [("shell", '{"command": "echo \\"])\\" \'"}'), ("ls", '{"path": "a\\n\\"b\\""}')],
    ),
    "pythonic, by position": Example("pythonic", "[ls('.')]", [("ls", "('.')")]),
    "pythonic, an expression": Example("pythonic", "[ls(path=open('x'))]", [("ls", "(path=open('x'))")]),
    "olmo": Example(
        "olmo", '<function_calls>\nls(path=".")\nshell(command="a")\n</function_calls>',
        [LS_CALL, ("shell", '{"command": "a"}')],
    ),
    "lfm2": Example("lfm2", '<|tool_call_start|>[ls(path=".")]<|tool_call_end|>I look.', [LS_CALL], content="I look."),
    "mistral, list": Example(
        "mistral", '[TOOL_CALLS] [{"name": "ls", "arguments": {"path": "."}, "id": "abcdef123"}, {"name": "shell", "arguments": {}}]',
        [LS_CALL, ("shell", "{}")],
    ),
    "mistral, arguments": Example(
        "mistral", '[TOOL_CALLS]ls[ARGS]{"path": "."}[TOOL_CALLS]shell[CALL_ID]abcdef123[ARGS]{}', [LS_CALL, ("shell", "{}")]
    ),
    "mistral, name only": Example("mistral", 'So:\n[TOOL_CALLS]ls{"path": "."}', [LS_CALL], content="So:\n"),
    "mistral, marks in strings": Example(
        "mistral", '[TOOL_CALLS]shell[ARGS]{"command": "[TOOL_CALLS]ls[ARGS]{}"}', [("shell", '{"command": "[TOOL_CALLS]ls[ARGS]{}"}')]
    ),
    "deepseek v3": Example(
        "deepseek",
        "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>ls\n```json\n{\"path\": \".\"}\n```<｜tool▁call▁end｜>\n"
        "<｜tool▁call▁begin｜>function<｜tool▁sep｜>shell\n```json\n{}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
        [LS_CALL, ("shell", "{}")],
    ),
    "deepseek, what ends its turn": Example(
        "deepseek",
        '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>ls<｜tool▁sep｜>{"path": "."}<｜tool▁call▁end｜><｜tool▁calls▁end｜><｜end▁of▁sentence｜>',
        [LS_CALL],
    ),
    "deepseek v3.1": Example(
        "deepseek", '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>ls<｜tool▁sep｜>{"path": "."}<｜tool▁call▁end｜><｜tool▁calls▁end｜>', [LS_CALL]
    ),
    "deepseek, plain bars": Example(
        "deepseek", '<|tool▁calls▁begin|><|tool▁call▁begin|>ls<|tool▁sep|>{"path": "."}<|tool▁call▁end|><|tool▁calls▁end|>', [LS_CALL]
    ),
    "deepseek, no wrapper": Example(
        "deepseek", '<｜tool▁call▁begin｜>ls<｜tool▁sep｜>{"path": "."}<｜tool▁call▁end｜><｜tool▁calls▁end｜>', [LS_CALL]
    ),
    "dsml": Example(
        "dsml",
        '<｜DSML｜function_calls>\n<｜DSML｜invoke name="ls">\n<｜DSML｜parameter name="path" string="true">12</｜DSML｜parameter>\n'
        '<｜DSML｜parameter name="count" string="false">12</｜DSML｜parameter>\n</｜DSML｜invoke>\n</｜DSML｜function_calls>',
        [("ls", '{"path": "12", "count": 12}')],
    ),
    "dsml v4": Example(
        "dsml", '<｜DSML｜tool_calls><｜DSML｜invoke name="ls"></｜DSML｜invoke></｜DSML｜tool_calls>', [("ls", "{}")]
    ),
    "dsml, no wrapper": Example(
        "dsml", '<｜DSML｜invoke name="ls"><｜DSML｜parameter name="path" string="true">.</｜DSML｜parameter></｜DSML｜invoke>', [LS_CALL]
    ),
    "glm": Example(
        "glm", "<tool_call>ls\n<arg_key>path</arg_key>\n<arg_value>.</arg_value>\n<arg_key>count</arg_key>\n<arg_value>2</arg_value>\n</tool_call>",
        [("ls", '{"path": ".", "count": 2}')],
    ),
    "glm 4.7": Example("glm", "<tool_call>ls<arg_key>path</arg_key><arg_value>.</arg_value></tool_call>", [LS_CALL]),
    "glm, what ends its turn": Example("glm", "<tool_call>ls\n</tool_call><|observation|>", [("ls", "{}")]),
    "glm, no arguments": Example("glm", "<tool_call>ls\n</tool_call>", [("ls", "{}")]),
    "glm, a whole call in a value": Example(
        "glm",
        "<tool_call>write_file\n<arg_key>content</arg_key>\n<arg_value>So: <tool_call>ls\n<arg_key>path</arg_key>\n<arg_value>.</arg_value>\n"
        "</tool_call> Done.</arg_value>\n</tool_call>",
        [("write_file", '{"content": "So: <tool_call>ls\\n<arg_key>path</arg_key>\\n<arg_value>.</arg_value>\\n</tool_call> Done."}')],
    ),
    "glm, a value not closed": Example(
        "glm", "<tool_call>ls\n<arg_key>path</arg_key>\n<arg_value>.</tool_call>", [LS_CALL],
        repairs=["closing tag of a value missing"],
    ),
    "harmony": Example(
        "harmony",
        "<|channel|>analysis<|message|>I look.<|end|><|start|>assistant<|channel|>commentary to=functions.ls "
        '<|constrain|>json<|message|>{"path": "."}<|call|>',
        [LS_CALL], reasoning="I look.",
    ),
    "harmony, recipient first": Example(
        "harmony", '<|start|>assistant to=functions.ls<|channel|>commentary json<|message|>{"path": "."}', [LS_CALL]
    ),
    "harmony, no prefix, in analysis": Example(
        "harmony", '<|channel|>analysis to=ls code<|message|>{"path": "."}<|call|>', [LS_CALL]
    ),
    "harmony, text": Example(
        "harmony",
        "<|channel|>commentary<|message|>First this.<|end|><|start|>assistant<|channel|>final<|message|>Done.<|return|>",
        content="First this.\nDone.",
    ),
    "harmony, a call because of a made-up answer": Example(
        "harmony",
        '<|channel|>commentary to=functions.ls <|constrain|>json<|message|>{"path": "."}<|call|><|start|>functions.ls to=assistant'
        '<|channel|>commentary<|message|>a.txt<|end|><|start|>assistant<|channel|>commentary to=functions.shell<|message|>{}<|call|>',
        [LS_CALL],
        content="<|start|>functions.ls to=assistant<|channel|>commentary<|message|>a.txt<|end|>"
        "<|start|>assistant<|channel|>commentary to=functions.shell<|message|>{}<|call|>",
    ),
    "kimi": Example(
        "kimi",
        '<|tool_calls_section_begin|><|tool_call_begin|>functions.ls:0<|tool_call_argument_begin|>{"path": "."}<|tool_call_end|>'
        "<|tool_call_begin|>functions.shell:1<|tool_call_argument_begin|>{}<|tool_call_end|><|tool_calls_section_end|>",
        [LS_CALL, ("shell", "{}")],
    ),
    "kimi, one of them unknown": Example(
        "kimi",
        '<|tool_calls_section_begin|><|tool_call_begin|>functions.rm:0<|tool_call_argument_begin|>{}<|tool_call_end|>'
        '<|tool_call_begin|>functions.ls:1<|tool_call_argument_begin|>{"path": "."}<|tool_call_end|><|tool_calls_section_end|>',
        [LS_CALL],
        content="<|tool_calls_section_begin|><|tool_call_begin|>functions.rm:0<|tool_call_argument_begin|>{}<|tool_call_end|>",
    ),
    "kimi k3": Example(
        "kimi",
        '<|open|>call tool="ls" index="1"<|sep|><|open|>argument name="path" type="string"<|sep|>.<|close|>argument<|sep|>'
        '<|open|>argument name="count" type="integer"<|sep|>2<|close|>argument<|sep|><|close|>call<|sep|>',
        [("ls", '{"path": ".", "count": 2}')],
    ),
    "kimi k3, a whole reply": Example(
        "kimi",
        'I look.<|close|>think<|sep|><|open|>response<|sep|>Both:<|close|>response<|sep|><|open|>tools<|sep|>'
        '<|open|>call tool="write_file" index="1"<|sep|><|open|>argument key="content" type="string"<|sep|>"<|close|>call<|sep|>"\n'
        '<|close|>argument<|sep|><|open|>argument key="count" type="number"<|sep|>2<|close|>argument<|sep|><|close|>call<|sep|>'
        '<|open|>call tool="ls" index="2"<|sep|><|open|>json type="object"<|sep|>{"path": "."}<|close|>json<|sep|><|close|>call<|sep|>'
        "<|close|>tools<|sep|><|close|>message<|sep|><|end_of_msg|>",
        [("write_file", '{"content": "\\"<|close|>call<|sep|>\\"\\n", "count": 2}'), LS_CALL],
        content="Both:", reasoning="I look.",
    ),
    "minimax": Example(
        "minimax",
        '<minimax:tool_call>\n<invoke name="ls">\n<parameter name="path">.</parameter>\n<parameter name="count">2</parameter>\n'
        "</invoke>\n</minimax:tool_call>",
        [("ls", '{"path": ".", "count": 2}')],
    ),
    "minimax, two": Example(
        "minimax", '<minimax:tool_call><invoke name="ls"></invoke><invoke name="shell"></invoke></minimax:tool_call>',
        [("ls", "{}"), ("shell", "{}")],
    ),
    "minimax, a whole call in a value": Example(
        "minimax",
        '<minimax:tool_call><invoke name="write_file"><parameter name="content">So: <minimax:tool_call><invoke name="ls">'
        '<parameter name="path">.</parameter></invoke></minimax:tool_call> Done.</parameter></invoke></minimax:tool_call>',
        [("write_file", '{"content": "So: <minimax:tool_call><invoke name=\\"ls\\"><parameter name=\\"path\\">.</parameter></invoke></minimax:tool_call> Done."}')],
    ),
    "minimax m3": Example(
        "minimax",
        ']<]minimax[>[<tool_call>]<]minimax[>[<invoke name="ls">]<]minimax[>[<path>.]<]minimax[>[</path>]<]minimax[>[</invoke>'
        "]<]minimax[>[</tool_call>",
        [LS_CALL],
    ),
    "granite": Example("granite", '<|tool_call|>[{"name": "ls", "arguments": {"path": "."}}]', [LS_CALL]),
    "granite, a bare list": Example("granite", '[{"name": "ls", "arguments": {"path": "."}}]', [LS_CALL]),
    "granite 20b": Example(
        "granite", '<function_call> {"name": "ls", "arguments": {"path": "."}} <function_call> {"name": "shell", "arguments": {}}',
        [LS_CALL, ("shell", "{}")],
    ),
    "phi": Example(
        "functools", 'functools[{"name": "ls", "arguments": {"path": "."}}, {"name": "shell", "arguments": {}}]',
        [LS_CALL, ("shell", "{}")],
    ),
    "internlm": Example(
        "internlm", 'I look.<|action_start|><|plugin|>{"name": "ls", "parameters": {"path": "."}}<|action_end|>', [LS_CALL],
        content="I look.",
    ),
    "command": Example(
        "command",
        "<|START_THINKING|>I look.<|END_THINKING|><|START_ACTION|>[\n"
        '    {"tool_call_id": "0", "tool_name": "ls", "parameters": {"path": "."}}\n]<|END_ACTION|><|END_OF_TURN_TOKEN|>',
        [LS_CALL], reasoning="I look.",
    ),
    "command, text": Example("command", "<|START_RESPONSE|>Done.<|END_RESPONSE|>", content="Done."),
    "functiongemma": Example(
        "functiongemma", "<start_function_call>call:ls{path:<escape>a{}:,\"'<escape>,count:1,deep:true}<end_function_call>",
        [("ls", '{"path": "a{}:,\\"\'", "count": 1, "deep": true}')],
    ),
    "gemma4": Example(
        "gemma4", '<|tool_call>call:ls{path:<|"|>.<|"|>,names:[<|"|>a<|"|>],options:{a:1}}<tool_call|>',
        [("ls", '{"path": ".", "names": ["a"], "options": {"a": 1}}')],
    ),
    "gemma4, thoughts": Example(
        "gemma4", '<|channel>thought\nI look.\n<channel|><|tool_call>call:ls{path:<|"|>.<|"|>}<tool_call|>', [LS_CALL],
        reasoning="I look.",
    ),
    "gemma4, brace missing": Example(
        "gemma4", '<|tool_call>call:ls{path:<|"|>.<|"|><tool_call|>', [LS_CALL], repairs=["closing brackets missing"]
    ),
    "gemma4, in parentheses": Example("gemma4", '<|tool_call>call:ls(path: "x")<tool_call|>', [("ls", PATH_X)]),
    "functionary 3.1": Example("functionary", '<function=ls>{"path": "."}</function>', [LS_CALL]),
    "functionary 3.2": Example("functionary", 'ls\n{"path": "."}\n>>>shell\n{}', [LS_CALL, ("shell", "{}")]),
    "lm_studio": Example(
        "lm_studio", '[TOOL_REQUEST]{"name": "ls", "arguments": {"path": "."}}[END_TOOL_REQUEST]', [LS_CALL]
    ),
    "roost": Example("roost", '<tool name="shell">{"command": "echo </tool>"}</tool>', [("shell", '{"command": "echo </tool>"}')]),
    "roost, no arguments": Example("roost", '<tool name="ls"></tool>', [("ls", "{}")]),
    "roost, no closing tag": Example("roost", '<tool name="ls">{"path": "."}', [LS_CALL]),
    "fenced": Example("json", 'I look:\n```json\n{"name": "ls", "arguments": {"path": "."}}\n```\n', [LS_CALL], content="I look:\n"),
    "fenced, only at its end": Example("json", 'I look:\n{"name": "ls", "arguments": {"path": "."}}\n```\n', [LS_CALL], content="I look:\n"),
    "fenced, only between two": Example(
        "json", '{"name": "ls", "arguments": {"path": "."}}\n```\n{"name": "ls", "arguments": {"path": "."}}\n```', [LS_CALL] * 2
    ),
    "fenced as a call": Example("json", '```tool_call\n{"name": "ls", "arguments": {"path": "."}}\n```', [LS_CALL]),
    "fenced, two": Example(
        "json", '```json\n[{"name": "ls", "arguments": {"path": "."}}]\n```\n```json\n{"name": "shell", "parameters": {}}\n```',
        [LS_CALL, ("shell", "{}")],
    ),
    "bare, behind text": Example("json", 'I look.\n\n{"name": "ls", "arguments": {"path": "."}}\n', [LS_CALL], content="I look.\n\n"),
    "bare, other order": Example("json", ' {"parameters": {}, "name": "ls"}\n', [("ls", "{}")]),
    "bare, only the closing tag": Example("json", '{"name": "ls", "arguments": {"path": "."}}\n</tool_call>', [LS_CALL]),
    # What models write besides the words of their own family.
    "hermes, in the tags of the list of tools": Example("hermes", f"<tools>\n{LS[11:-12]}\n</tools>", [LS_CALL]),
    "hermes, arguments under another word": Example(
        "hermes", '<tool_call>{"name": "ls", "args": {"path": "."}}</tool_call>\n<tool_call>{"tool": "ls", "input": {}}</tool_call>',
        [LS_CALL, ("ls", "{}")],
    ),
    "hermes, two words for arguments": Example(
        "hermes", '<tool_call>{"name": "ls", "arguments": {"path": "."}, "input": "x"}</tool_call>', [LS_CALL]
    ),
    "hermes, opened twice": Example("hermes", f"<tool_call>\n{LS}", [LS_CALL], content="<tool_call>\n"),
    "hermes, a call because of a made-up answer": Example(
        "hermes", f"{LS}\n<tool_response>\na.txt\n</tool_response>\nNow: {LS}", [LS_CALL],
        content=f"<tool_response>\na.txt\n</tool_response>\nNow: {LS}",
    ),
    "hermes, an answer said again, then a call": Example(
        "hermes", f"<tool_response>\na.txt\n</tool_response>\n{LS}", [LS_CALL], content="<tool_response>\na.txt\n</tool_response>\n"
    ),
    "roost, a call because of a made-up answer": Example(
        "roost", '<tool name="ls">{"path": "."}</tool>\n<tool_result name="ls">\na.txt\n</tool_result>\n<tool name="shell">{}</tool>', [LS_CALL],
        content='<tool_result name="ls">\na.txt\n</tool_result>\n<tool name="shell">{}</tool>',
    ),
    "hermes, then a made-up answer": Example(
        "hermes", f"{LS}<|im_end|>\n<tool_response>\n{LS}\n</tool_response>", [LS_CALL],
        content=f"<tool_response>\n{LS}\n</tool_response>",
    ),
    "qwen_xml, the other spelling": Example(
        "qwen_xml", '<function name="ls">\n<parameter name="path">.</parameter>\n</function>', [LS_CALL]
    ),
    "qwen_xml, JSON in its tags": Example(
        "qwen_xml", '<tool_call>\n<function=ls>\n{"path": "."}\n</function>\n</tool_call>', [LS_CALL]
    ),
    "qwen_xml, a test of a parser": Example(
        "qwen_xml",
        "<tool_call>\n<function=write_file>\n<parameter=content>\ncall = '<tool_call>\\n<function=ls>\\n</function>\\n</tool_call>'\n"
        "end = '</parameter>'\nlast = '</tool_call>'\n</parameter>\n</function>\n</tool_call>",
        [("write_file", r'{"content": "call = ' + r"'<tool_call>\\n<function=ls>\\n</function>\\n</tool_call>'\nend = '</parameter>'\nlast = '</tool_call>'" + '"}')],
    ),
    "qwen_xml, the ending twice": Example(
        "qwen_xml", f"{QWEN_LS}\n</parameter>\n</function>\n</tool_call>", [LS_CALL],
        content="</parameter>\n</function>\n</tool_call>",
    ),
    "glm, arguments in JSON": Example("glm", '<tool_call>ls\n{"path": "."}\n</tool_call>', [LS_CALL]),
    "glm 4, the name and JSON": Example("glm", 'ls\n{"path": "."}', [LS_CALL]),
    "glm, its own tags in a value": Example(
        "glm", "<tool_call>write_file\n<arg_key>content</arg_key>\n<arg_value>End with </arg_value> and </tool_call>.</arg_value>\n</tool_call>",
        [("write_file", '{"content": "End with </arg_value> and </tool_call>."}')],
    ),
    "mistral, marks dropped": Example(
        "mistral", 'ls{"path": "."}shell{"command": "[ARGS]"}', [LS_CALL, ("shell", '{"command": "[ARGS]"}')]
    ),
    "mistral, the first mark dropped": Example("mistral", 'ls[ARGS]{"path": "."}', [LS_CALL]),
    "mistral, a list that is not closed": Example(
        "mistral", '[TOOL_CALLS][{"name": "ls", "arguments": {"path": "."}}', [LS_CALL], repairs=["closing brackets missing"]
    ),
    "kimi, marks dropped": Example("kimi", 'functions.ls:0{"path": "."}', [LS_CALL]),
    "kimi, a section in the singular": Example(
        "kimi", '<|tool_call_section_begin|><|tool_call_begin|>ls:0<|tool_call_argument_begin|>{"path": "."}<|tool_call_end|><|tool_call_section_end|>',
        [LS_CALL],
    ),
    "nemotron": Example(
        "nemotron", f"<think>\nI look.\n</think>\n\n<TOOLCALL>[{LS[11:-12]}, {LS[11:-12]}]</TOOLCALL>", [LS_CALL] * 2,
        reasoning="I look.",
    ),
    "nemotron, then a made-up answer": Example(
        "nemotron", f"<TOOLCALL>[{LS[11:-12]}]</TOOLCALL><TOOL_RESPONSE>[{LS}]</TOOL_RESPONSE>", [LS_CALL],
        content=f"<TOOL_RESPONSE>[{LS}]</TOOL_RESPONSE>",
    ),
    "phi, between tags": Example("functools", f"<|tool_call|>[{LS[11:-12]}]<|/tool_call|>", [LS_CALL]),
    "gemma4, then a made-up answer": Example(
        "gemma4", '<|tool_call>call:ls{path:<|"|>.<|"|>}<tool_call|><|tool_response>response:ls{value:<|"|><function=ls></function><|"|>}<tool_response|>',
        [LS_CALL], content='<|tool_response>response:ls{value:<|"|><function=ls></function><|"|>}<tool_response|>',
    ),
    "command r": Example(
        "command", 'Plan: I look.\nAction: ```json\n[\n    {\n        "tool_name": "ls",\n        "parameters": {"path": "."}\n    }\n]\n```',
        [LS_CALL], content="Plan: I look.\nAction: ",
    ),
    "gemma 3, code of a tool": Example(
        "json", 'I look.\n```tool_code\nls(path=".")\nshell(command="a")\n```', [LS_CALL, ("shell", '{"command": "a"}')],
        content="I look.\n",
    ),
    "gemma 3, tags in code of a tool": Example(
        "roost", 'I look.\n```tool_code\n<tool name="ls">{"path": "."}</tool>\n<tool name="shell">{"command": "```"}</tool>\n```\n',
        [LS_CALL, ("shell", '{"command": "```"}')], content="I look.\n",
    ),
    "qwen, tags in a fence of calls": Example("qwen_xml", f"```tool_call\n{QWEN_LS}\n```", [LS_CALL]),
    "lfm2, a raw line end in a string": Example(
        "lfm2", "<|tool_call_start|>[write_file(path='a', content='x\n\"y\"\n'), ls(path=\"\"\".\"\"\")]<|tool_call_end|>",
        [("write_file", '{"path": "a", "content": "x\\n\\"y\\"\\n"}'), LS_CALL], repairs=["raw line ends in a string"] * 2,
    ),
    "lfm2, its own closing in a string": Example(
        "lfm2", '<|tool_call_start|>[shell(command="echo <|tool_call_end|>")]<|tool_call_end|>',
        [("shell", '{"command": "echo <|tool_call_end|>"}')],
    ),
    "roost, other quotation marks": Example("roost", "<tool name='ls'>{\"path\": \".\"}</tool>", [LS_CALL]),
    "roost, a fence inside": Example("roost", '<tool name="ls">\n```json\n{"path": "."}\n```\n</tool>', [LS_CALL]),
    "roost, closed by itself": Example("roost", '<tool name="ls"/>', [("ls", "{}")]),
    "roost, the name in the JSON": Example("roost", f"<tool>{LS[11:-12]}</tool>", [LS_CALL]),
    "roost, half of hermes": Example("roost", '<tool_call name="ls">{"path": "."}</tool_call>', [LS_CALL]),
    # Reasoning.
    "think": Example("hermes", f"<think>\nI look.\n</think>\n\n{LS}", [LS_CALL], reasoning="I look."),
    "think, closed only": Example("hermes", "I think.\n</think>\n\nDone.", content="Done.", reasoning="I think."),
    "think, a call in a closed one": Example(
        "hermes", f"<think>Like {LS} maybe.</think>Done.", content="Done.", reasoning=f"Like {LS} maybe."
    ),
    "think, a call, closed only": Example("hermes", f"Like {LS}.</think>Done.", content="Done.", reasoning=f"Like {LS}."),
    "think, ended by a call": Example("hermes", f"<think>I look.\n{LS}", [LS_CALL], reasoning="I look."),
    "think, a call before": Example("hermes", f"{LS}\n<think>Then", [LS_CALL], reasoning="Then"),
    "think, code not closed": Example("hermes", "<think>Use `ls\n```\nx</think>Done.", content="Done.", reasoning="Use `ls\n```\nx"),
    "think, a bare call in a closed one": Example(
        "json", '<think>{"name": "ls", "arguments": {}}</think>Done.', content="Done.", reasoning='{"name": "ls", "arguments": {}}'
    ),
    "think, a call in it and one behind": Example("hermes", f"<think>{LS}</think>\n{LS}", [LS_CALL], reasoning=LS),
    "think, a call and its answer in it, and a call behind": Example(
        "hermes", f"<think>{LS}\n<tool_response>x</tool_response></think>\n{LS}", [LS_CALL], reasoning=f"{LS}\n<tool_response>x</tool_response>"
    ),
    "think twice": Example("hermes", f"<think>a</think>b\n<think>{LS}</think>c", content="b\nc", reasoning=f"a{LS}"),
    "think, begun in the middle of a line": Example(
        "hermes", f"<think>a</think>b<think>{LS}</think>c{LS}", [LS_CALL], content=f"b<think>{LS}</think>c", reasoning="a"
    ),
    "think, half a tag": Example("hermes", "<think>a </thin", reasoning="a </thin"),
    "think in brackets": Example("mistral", '[THINK]I look.[/THINK][TOOL_CALLS]ls[ARGS]{"path": "."}', [LS_CALL], reasoning="I look."),
    "think of seed": Example("seed", "<seed:think>I look.</seed:think>Done.", content="Done.", reasoning="I look."),
    "think of minimax": Example("minimax", "<mm:think>I look.</mm:think>Done.", content="Done.", reasoning="I look."),
}  # fmt: skip

OPEN = '<tool_call>{"name": "shell", "arguments": {"command": "rm'
DEFINITION = '{"name": "ls", "description": "Lists.", "parameters": {"type": "object", "properties": {}}}'

TEXTS: dict[str, Example] = {
    name: Example("", text, content=text)
    for name, text in {
        "unknown tool": '<tool_call>{"name": "rm"}</tool_call>',
        "unknown tool with a call in a string": "<tool_call>{'name': 'rm', 'arguments': {'a': '<function=ls></function>'}}</tool_call>",
        "unknown tool of ours": '<tool name="rm">{}</tool>',
        "no object": "<tool_call>oops!</tool_call>",
        "a tag that is spoken of": "The <tool_call> tag opens a call.",
        "half a mark": "1 < 2 <tool <tool_cal",
        "only white space": " \n",
        "a package": '{"name": "left-pad", "version": "1.0"}',
        "a package with arguments": '{"name": "left-pad", "version": "1.0", "arguments": {}}',
        "a definition": DEFINITION,
        "JSON with text behind": '{"name": "ls", "arguments": {}} is how',
        "JSON in mid-text": 'So: {"name": "ls", "arguments": {}}',
        "a list in mid-text": "See [ls(path='.')] there.",
        "a link": "[ls](https://example.org) and [more]",
        "code": "```python\nprint({})\n```",
        "a quoted example": f"```\n{LS}\n```\nThat is how.",
        "a quoted example at the end": f"That is how:\n```xml\n{LS}\n```",
        "an example in a list": f"1. Do:\n   ```\n   {LS}\n   ```\n2. Wait.",
        "JSON in a fence, text behind": '```json\n{"name": "ls", "arguments": {}}\n```\nThat is how.',
        "JSON, a fence, text behind": '{"name": "ls", "arguments": {}}\n```\nThat is how.',
        "a longer fence": f"````\n```\n{LS}\n```\n{LS}\n````",
        "inline code": f"Write `{LS}` then.",
        "double backticks": f"Write ``a ` {LS}`` then.",
        "a made-up result": f"<tool_response>\n{LS}\n</tool_response>\nSo.",
        "made-up results of others": f"<｜tool▁outputs▁begin｜>{LS}<｜tool▁outputs▁end｜><|START_TOOL_RESULT|>{LS}<|END_TOOL_RESULT|>",
        "a made-up result that does not end": f"<tool_response>\n{LS}",
        "quotes": f'Write "{LS}" or “{LS}”, then.',
        "a quoted line": f"As they say:\n> {LS}\nso.",
        "quoted lines": '> <tool_call>\n> {"name": "ls", "arguments": {}}\n> </tool_call>',
        "a README": f"# Calls\n\nA call looks like this:\n\n```\n{LS}\n```\n\nor, inline, `{LS}`.",
        "a README in a fence": f"```markdown\n# Calls\n{LS}\n```",
        "a fence that is not closed": f"```\n{LS}",
        "a package of some lines": '{\n  "name": "left-pad",\n  "version": "1.0.0",\n  "scripts": {"test": "ls"}\n}',
        "a package in a fence": '```json\n{"name": "left-pad", "version": "1.0"}\n```',
        "definitions": f'[{{"type": "function", "function": {DEFINITION}}}]',
        "nothing but nesting": "<tool_call>" + "[" * 90,
        "a call with two names": '<tool_call>{"name": "ls", "name": "shell", "arguments": {}}</tool_call>',
        "a broken call whose arguments come first": '<tool_call>{"arguments": {"name": "shell"}, "name": "ls", x}</tool_call>',
        "a channel to nobody": "<|channel|>commentary to=functions.rm <|constrain|>json<|message|>{}<|call|>",
        "a thought that is spoken of": "Use the <think> tag.",
        "functools in mid-text": 'Use functools[{"name": "ls", "arguments": {}}]',
        "the list of tools": f"<tools>\n{DEFINITION}\n</tools>",
        "a fence of calls, text behind": f"```tool_call\n{LS}\n```\nThat is how.",
        "a fence of calls and of something else": f"```tool_call\n{LS} and so on\n```",
        "code of no tool": "```tool_code\nprint(ls(path='.'))\n```",
        "an action of no tool": 'Action: ```json\n[{"tool_name": "directly-answer", "parameters": {}}]\n```',
        "a name and braces": "ls {\n  x\n}",
        "a name that is more": "lsof{}",
        "a name and what is said of it": "ls: it lists a folder.",
        "a prompt of Python": ">>> ls()\n{}",
    }.items()
}  # fmt: skip

BROKEN: dict[str, Example] = {
    "cut off": Example("", OPEN, partial=OPEN),
    "cut off behind text": Example("", f"Now:\n{OPEN}", content="Now:\n", partial=OPEN),
    "cut off, then a tag": Example("", '<tool_call>{"name": "ls</tool_call>', content='<tool_call>{"name": "ls</tool_call>'),
    "bare, cut off": Example("", '{"name": "ls", "arguments": {"a": "b', partial='{"name": "ls", "arguments": {"a": "b'),
    "a value that is not closed": Example(
        "", "<function=ls><parameter=path>half", partial="<function=ls><parameter=path>half"
    ),
    "a string that is not closed": Example(
        "", '<tool_call>{"name": "ls", "arguments": {"path": "a}}</tool_call>', [("ls", '{"path": "a}}')]
    ),
    "a string that is not closed, and a call": Example(
        "", f'<tool_call>{{"name": "ls", "arguments": {{"path": "a}}}}</tool_call>\n{LS}', [("ls", '{"path": "a}}'), LS_CALL]
    ),
    "a quote that is not escaped": Example(
        "", '<tool_call>{"name": "ls", "arguments": {"path": "a"b"}}</tool_call>', [("ls", '{"path": "a"b"}}')]
    ),
    "two times arguments": Example(
        "", '<tool_call>{"name": "ls", "arguments": {"path": "a"}, "arguments": {"path": "b"}}</tool_call>',
        [("ls", '{"path": "a"}, "arguments": {"path": "b"}}')],
    ),
    "a value that ended too soon": Example(
        "", f"{QWEN_LS}\nmore\n</parameter>\n</function>\n</tool_call>", [("ls", QWEN_LS)],
        content="more\n</parameter>\n</function>\n</tool_call>",
    ),
    "half a character": Example(
        "", '<tool_call>{"name": "ls", "arguments": {"path": "\\ud83d"}}</tool_call>', [("ls", '{"path": "\\ud83d"}')]
    ),
    "cut off in a list": Example("", f"<tool_calls>[{LS[11:-12]}, {{", partial=f"<tool_calls>[{LS[11:-12]}, {{"),
    "cut off behind a call": Example("", f"{LS}\n{OPEN}", [LS_CALL], partial=OPEN),
    "cut off in a thought": Example("", f"<think>Hm.\n{OPEN}", reasoning="Hm.", partial=OPEN),
    "cut off in a fence": Example(
        "", '```json\n{"name": "ls", "arguments": {"path": "a', partial='```json\n{"name": "ls", "arguments": {"path": "a'
    ),
    "cut off by the piece": Example(
        "", '[TOOL_CALLS]ls[ARGS]{"path": "a', partial='[TOOL_CALLS]ls[ARGS]{"path": "a'
    ),
    "arguments that cannot be read": Example("", '<tool name="ls">{"path": oops}</tool>', [("ls", '{"path": oops}')]),
    "arguments that cannot be read, cut off": Example("", '<tool name="ls">{"path": ', partial='<tool name="ls">{"path": '),
    "Gemma, cut off": Example("", '<|tool_call>call:ls{path:', partial='<|tool_call>call:ls{path:'),
    "Python, cut off": Example("", '<|python_start|>[ls(path=', partial='<|python_start|>[ls(path='),
    "Python without a mark, cut off": Example("", "[ls(path=", partial="[ls(path="),
    "arguments are a list": Example("", '<tool_call>{"name": "ls", "arguments": [1]}</tool_call>', [("ls", "[1]")]),
    "two values for a key": Example(
        "", '<tool_call>{"name": "ls", "arguments": {"a": 1, "a": 2}}</tool_call>', [("ls", '{"a": 1, "a": 2}')]
    ),
    "a wrong one, then a right one": Example("", f"<tool_call>x{LS}", [LS_CALL], content="<tool_call>x"),
    "no arguments but something else": Example(
        "", '<tool_call>{"name": "ls", "path": "."}</tool_call>', [("ls", '{"name": "ls", "path": "."}')]
    ),
}  # fmt: skip

ALL = {
    **CALLS,
    **{f"text: {name}": one for name, one in TEXTS.items()},
    **{f"broken: {name}": one for name, one in BROKEN.items()},
}
