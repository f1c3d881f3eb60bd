"""What stands before a message of harmony, and behind a call that nothing opened."""

import re

STRAY = re.compile(
    "</tool_call>|</function_calls>|</｜DSML｜(?:function|tool)_calls>|<[|｜]tool[▁_]calls[▁_]end[|｜]>"
    r"|<\|tool_calls_section_end\|>|</minimax:tool_call>|<\|im_end\|>|<\|eot_id\|>|<\|eom_id\|>|<\|end\|>|</s>"
)
"""What may close a call that nothing opened."""

HARMONY = re.compile(
    r"(?:<\|start\|>assistant)?(?P<role>[^<\n]{0,120})<\|channel\|>(?P<channel>\w{1,20})(?P<to>[^<]{0,120})"
    r"(?:<\|constrain\|>[^<]{0,40})?<\|message\|>"
)
RECIPIENT = re.compile(r"\bto=([\w.\-]{1,100})")
