"""What the tools of a session work with.

Something new that tools may use is a field of `core.tools.ToolServices` with a protocol as its type, and
a line here.
"""

from functools import cache, partial

from boot.layers import here
from boot.masking import secret_values
from boot.opening import Opening
from boot.paths import artifacts_folder
from core.profile import ActiveProfile, ModelProfile
from core.sandbox import SandboxBackend
from core.tools import ToolServices
from core.web import WebRules
from core.workspace import Workspace
from flow.permission import Permissions
from gate.web import DirectWebClient


def tool_services(
    around: Opening, permissions: Permissions, sandbox: SandboxBackend, profile: ModelProfile
) -> ToolServices:
    return ToolServices(
        workspace=Workspace(around.workspace, permissions.forbids),
        artifacts=artifacts_folder(around.workspace),
        sandbox=sandbox,
        asker=around.people.asker,
        web=DirectWebClient(),
        web_rules=WebRules(
            private_hosts=tuple(around.settings.private_hosts.split()),
            forbids=permissions.forbids_host,
            secrets=cache(partial(secret_values, around.settings, here())),
        ),
        hides=permissions.hides,
        active=ActiveProfile(profile),
        masking=around.masking,
    )
