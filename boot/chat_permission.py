"""`/permission`: what may run without a question, in this session from now on."""

from collections.abc import Iterable

from boot.chat_commands import OpenChat
from boot.forms import PERMISSIONS
from flow.permission import Mode, Permissions
from servr.spans import Line


async def permission(chat: OpenChat, wanted: str) -> Iterable[Line]:
    policy = chat.opened.session.loop.executor.permission
    if not isinstance(policy, Permissions):
        return [Line("A plug-in decides what may run here: its mode cannot be changed.")]
    if wanted not in PERMISSIONS:
        return [Line(f"The mode is {policy.mode}. /permission {' | '.join(PERMISSIONS)} takes another.")]
    policy.mode = Mode(wanted)
    chat.chat.permission = wanted
    return [Line(f"The mode is {wanted} from now on, in this session.")]
