"""The window policy of a session, with all that it looks at outside the conversation."""

from contextlib import suppress
from typing import TYPE_CHECKING

from boot.server_way import ModelWay
from core.profile import fitted
from core.protocols import Emit, ModelRequest
from core.tools import ToolServices
from flow.context import WindowPolicy
from store.session_log import SessionHeader

if TYPE_CHECKING:
    from boot.project import SessionPlan
    from flow.task_card import Surroundings


def window_policy(
    header: SessionHeader, services: ToolServices, tell: Emit, plan: "SessionPlan | None", way: ModelWay
) -> WindowPolicy:
    """For the model of `way`; a session has another one for each model that it changes to."""
    root = services.workspace.real_root

    def surroundings() -> "Surroundings":
        from flow.task_card import (  # what a session needs only when its window is full
            Surroundings,
            TouchedFile,
        )

        touched = (
            TouchedFile(path=path.relative_to(root).as_posix(), digest=seen.digest, changed=seen.changed)
            for path, seen in services.ledger.files().items()
        )
        return Surroundings(files=tuple(touched), plan=plan.whole() if plan else "")

    def keep(text: str) -> str:
        from tool.clipping import kept

        with suppress(OSError):
            return kept(text, services)
        return ""

    def fit(window_tokens: int) -> None:
        services.active.profile = fitted(services.active.profile, window_tokens)

    return WindowPolicy(
        head=ModelRequest(system=header.system, messages=(), tools=header.tools),
        window_tokens=way.window_tokens,
        measure=way.live.tokens if way.live else None,
        counter=way.counter,
        gateway=None if way.kind == "offline" else way.gateway,
        tell=tell,
        surroundings=surroundings,
        keep=keep,
        fit=fit,
        thinking=way.profile.thinking == "always",
    )
