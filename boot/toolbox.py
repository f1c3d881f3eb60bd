"""The tools of a session: the built-in ones that are enabled, then those of plug-ins."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from boot.plugins import Plugins
from boot.settings import Settings
from core.errors import ConfigError
from core.tools import AnyTool, ToolServices
from tool.registry import Registry, built_in, entry_of

ALWAYS = ("ask_user",)
SWITCHES = {
    "enable_files": (
        *("list_files", "read_file", "write_file", "edit_file", "replace_lines"),
        *("find_text", "find_files"),
    ),
    "enable_shell": ("shell",),
    "enable_fetch": ("fetch",),
    "enable_data_view": ("data_view",),
    "enable_pyexe": ("pyexe",),
    "enable_project": ("project",),
    "enable_memory": ("memory",),
    "enable_find_code": ("find_code",),
    "enable_skills": ("promote_skill", "use_skill"),
}
"""Which tools a setting turns off."""


OF_A_PLAN = ("project",)
"""What is offered only in a workspace that has a plan."""
LOOSE = 1.25
"""How much longer than it should be an answer may be: the notes below it, a message of an error."""


def toolbox_for(
    settings: Settings, services: ToolServices, plugins: Plugins, names: Iterable[str]
) -> Registry:
    """The tools of plug-ins, and of the built-in ones those of these `names` that are enabled."""
    enabled = set(_enabled(settings)).difference(() if services.project else OF_A_PLAN)
    registry = Registry(built_in(services, enabled.intersection(names)))
    for name, factory in plugins.factories("roost.tools"):
        for tool in plugins.made(name, partial(_made_by, factory, services)) or ():
            try:
                registry.add(entry_of(tool))
            except ValueError as error:
                raise ConfigError(
                    f"The plug-in {name!r} cannot be used: {error}.", hint="Uninstall it."
                ) from error
    return registry


def bounded(services: ToolServices, text: str) -> str:
    """An answer of a tool as it enters history, whoever wrote the tool."""
    if len(text) <= services.profile.output_chars * LOOSE:
        return text
    from tool.clipping import outline  # the built-in tools see to their answers themselves

    return outline(text, services)


def _made_by(factory: Callable[..., Iterable[AnyTool]], services: ToolServices) -> list[AnyTool]:
    return list(factory(services))


def _enabled(settings: Settings) -> Iterator[str]:
    yield from ALWAYS
    for switch, names in SWITCHES.items():
        if getattr(settings, switch):
            yield from names
