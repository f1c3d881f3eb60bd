import json
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import InvalidArguments
from core.profile import ModelProfile, profile_for
from tests.building import Echo
from tests.processes import printed_by
from tests.tool.filing import services_at
from tool.generate_schemas import generated
from tool.registry import BUILT_IN, SCHEMAS, Registry, ToolEntry, built_in, entry_of, offered


def registry_at(folder: Path, profile: ModelProfile | None = None) -> Registry:
    return Registry(built_in(services_at(folder, profile), offered(profile or ModelProfile())))


def test_the_schemas_in_the_file_are_those_of_the_tools() -> None:
    assert SCHEMAS.read_text(encoding="utf-8") == generated(), "run: python -m tool.generate_schemas"


def test_tools_are_told_of_in_one_order(tmp_path: Path) -> None:
    names = registry_at(tmp_path).names()

    assert tuple(names) == (
        *("list_files", "read_file", "write_file", "edit_file", "find_text", "find_files"),
        *("shell", "fetch", "data_view", "pyexe", "ask_user", "project", "memory", "find_code"),
        *("promote_skill", "use_skill"),
    )
    assert [spec.name for spec in registry_at(tmp_path).specs()] == list(names)


TINY = ("read_file", "write_file", "edit_file", "find_text", "shell", "ask_user")
ALL = tuple(name for name in BUILT_IN if name != "replace_lines")


@pytest.mark.parametrize(
    ("window_tokens", "names"),
    [
        (4_096, TINY),
        (16_384, ("list_files", *TINY[:-1], "fetch", "ask_user")),
        (32_768, ALL),
        (None, ALL),
    ],
)
def test_a_model_is_offered_as_many_tools_as_its_window_holds(
    window_tokens: int | None, names: tuple[str, ...], tmp_path: Path
) -> None:
    registry = registry_at(tmp_path, profile_for(window_tokens))

    assert registry.names() == names


def test_a_model_that_edits_badly_is_not_offered_it(tmp_path: Path) -> None:
    registry = registry_at(tmp_path, replace(profile_for(4_096), edit_format="write_file"))

    assert registry.names() == tuple(name for name in TINY if name != "edit_file")


def test_a_model_that_counts_lines_best_is_offered_that_in_the_place_of_passages(tmp_path: Path) -> None:
    registry = registry_at(tmp_path, replace(profile_for(4_096), edit_format="replace_lines"))

    assert registry.names() == tuple("replace_lines" if name == "edit_file" else name for name in TINY)


def test_only_what_is_enabled_is_offered(tmp_path: Path) -> None:
    entries = built_in(services_at(tmp_path), ["shell", "read_file", "unheard_of"])

    assert [entry.spec.name for entry in entries] == ["read_file", "shell"]


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_tool_is_built_as_it_is_described(name: str, tmp_path: Path) -> None:
    registry = Registry(built_in(services_at(tmp_path), [name]))

    tool = registry.find(name)

    assert (tool.name, tool.effect) == (name, registry.effect_of(name))
    assert registry.find(name) is tool
    assert registry.loaded() == (tool,)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("read_fil", "There is no tool 'read_fil'. Did you mean read_file or edit_file or write_file?"),
        ("", "There is no tool ''. Did you mean read_file or shell?"),
        (
            "x" * 1_000,
            f"There is no tool '{'x' * 32}[... 952 characters ...]{'x' * 16}'. Did you mean "
            f"{' or '.join(BUILT_IN)}?",
        ),
        ("Read_File", "There is no tool 'Read_File'. Did you mean read_file or edit_file?"),
    ],
)
def test_an_unknown_name_is_answered_with_the_closest(name: str, message: str, tmp_path: Path) -> None:
    enabled = ["read_file", "shell"] if not name else list(BUILT_IN)
    registry = Registry(built_in(services_at(tmp_path), enabled))

    with pytest.raises(InvalidArguments) as raised:
        registry.find(name)

    assert str(raised.value) == message
    assert registry.effect_of(name) is None


def test_a_tool_that_is_there_already_can_be_added(tmp_path: Path) -> None:
    echo = Echo()
    registry = registry_at(tmp_path)

    registry.add(entry_of(echo))

    assert registry.find("echo") is echo
    assert registry.specs()[-1].parameters == {
        "type": "object",
        "properties": {"text": {"type": "string"}},
        "required": ["text"],
    }


def test_two_tools_of_one_name_are_a_mistake(tmp_path: Path) -> None:
    entry: ToolEntry = entry_of(Echo())

    with pytest.raises(ValueError, match="two tools are called 'echo'"):
        Registry([entry, entry])


def test_specs_are_told_without_loading_a_tool_or_pydantic() -> None:
    program = (
        "import json, sys; from pathlib import Path; from tool.registry import Registry, built_in, BUILT_IN;"
        "from core.tools import ToolServices; from core.workspace import Workspace;"
        "services = ToolServices(workspace=Workspace(Path('.')), artifacts=Path('x'), sandbox=None, asker=None, web=None);"
        "print(len(Registry(built_in(services, BUILT_IN)).specs()), json.dumps(sorted(sys.modules)))"
    )

    count, _, modules = printed_by(program).partition(" ")
    loaded = set(json.loads(modules))
    assert int(count) == len(BUILT_IN)
    assert {"pydantic", "difflib", "asyncio", "tool.read_file", "tool.shell"} & loaded == set()
