"""Parts of the tests of tools that work on files."""

from pathlib import Path

from core.beneath import Way
from core.profile import ActiveProfile, ModelProfile
from core.tools import AnyTool, ToolContext, ToolResult, ToolServices
from core.workspace import Workspace
from tests.tool.commanding import Nobody
from tool.sandbox_none import PlainBackend

CONTEXT = ToolContext(call_id="call-1")


def services_at(folder: Path, profile: ModelProfile | None = None, *, way: Way | None = None) -> ToolServices:
    return ToolServices(
        workspace=Workspace(folder, way=way),
        artifacts=folder / ".roost" / "artifacts",
        sandbox=PlainBackend(),
        asker=Nobody(),
        web=Nobody(),
        active=ActiveProfile(profile or ModelProfile()),
    )


async def ran(tool: AnyTool, **arguments: object) -> ToolResult:
    return await tool.run(tool.args.model_validate(arguments), CONTEXT)


async def said(tool: AnyTool, **arguments: object) -> str:
    return (await ran(tool, **arguments)).text


def make_tree(folder: Path, *paths: str) -> None:
    """Make files, each with its own name as its text; a path that ends in a slash is a folder."""
    for path in paths:
        target = folder / path
        (target if path.endswith("/") else target.parent).mkdir(parents=True, exist_ok=True)
        if not path.endswith("/"):
            target.write_text(f"{path}\n")


def names_in(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())
