"""What is documented is true, and what there is is documented."""

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from boot.commands.table import NAMES
from boot.commands_page import PAGE, TABLES, with_tables
from boot.settings import known_settings
from core.events import Event, Outcome
from core.messages import ToolCall
from core.profile import SMALL_WINDOW, size_of
from core.views import View
from gate.dialects.table import families
from gate.dialects.writing import written_calls
from tool.registry import BUILT_IN

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PACKAGES = ("boot", "core", "flow", "gate", "tool", "store", "model", "servr")


@pytest.mark.parametrize("page", ["skills.md", "tools.md", "profiles.md"])
def test_a_page_names_the_window_from_which_all_tools_are_offered(page: str) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")

    assert (size_of(SMALL_WINDOW - 1), size_of(SMALL_WINDOW), size_of(None)) == ("small", "normal", "normal")
    assert f"{SMALL_WINDOW:,}" in text
    assert "above 16k" not in text


def headings(page: str) -> list[str]:
    return re.findall(r"^#+ (.+)$", (DOCS / page).read_text(encoding="utf-8"), re.MULTILINE)


def test_every_event_has_its_heading() -> None:
    kinds = [kind.type for kind in get_args(Event)]

    assert [heading for heading in headings("events.md") if heading != "Events"] == kinds


def test_every_outcome_has_its_exit_code_told() -> None:
    page = (DOCS / "events.md").read_text(encoding="utf-8")

    assert [outcome for outcome in Outcome if f"`{outcome}`" not in page] == []


def test_every_tool_has_its_heading() -> None:
    assert [heading for heading in headings("tools.md") if heading in BUILT_IN] == list(BUILT_IN)


def test_every_setting_is_on_the_page_of_settings() -> None:
    page = (DOCS / "settings.md").read_text(encoding="utf-8")

    assert [known.variable for known in known_settings().values() if known.variable not in page] == []


def test_the_tables_of_commands_are_those_that_help_is_made_of() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert page == with_tables(page)
    assert re.findall("<!-- table of (.+) -->", page) == list(TABLES)


def test_every_command_has_its_heading_and_its_module() -> None:
    modules = {path.stem for path in (ROOT / "boot" / "commands").glob("*.py")}

    told = [heading.removeprefix("roost ") for heading in headings("commands.md") if "roost " in heading]
    assert told == list(NAMES)
    assert modules - {"__init__", "table", "running"} == set(NAMES)


def test_no_two_decisions_have_the_same_number() -> None:
    numbers = [path.name[:4] for path in (DOCS / "decisions").glob("*.md")]

    assert len(set(numbers)) == len(numbers) > 0


def test_no_two_views_have_the_same_name() -> None:
    assert len({kind.kind for kind in get_args(View)}) == len(get_args(View))


def test_the_map_says_of_every_module_what_the_module_says_of_itself() -> None:
    page = (DOCS / "architecture.md").read_text(encoding="utf-8")
    modules = [
        f"- `{path.relative_to(ROOT).as_posix()}` {purpose_of(path)}"
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if path.name != "__init__.py"
    ]

    assert sorted(re.findall(r"^- `\w+/.+", page, re.MULTILINE)) == sorted(modules)


def purpose_of(module: Path) -> str:
    """The first line of its docstring."""
    told = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or ""
    return told.partition("\n")[0]


def test_every_family_is_shown_with_a_call_as_it_is_written() -> None:
    call = ToolCall(id="", name="ls", arguments='{"path": "."}')
    written = [f"    {family:<14}{written_calls([call], family)}".replace("\n", "⏎") for family in families()]

    page = (DOCS / "dialects.md").read_text(encoding="utf-8")
    assert [line for line in page.splitlines() if line[4:18].strip() in families()] == written


def test_every_link_between_pages_leads_somewhere() -> None:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS.rglob("*.md")]
    broken = [
        f"{page.name}: {link}"
        for page in pages
        for link in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8"))
        if not link.startswith("http") and not (page.parent / link).exists()
    ]

    assert broken == []


@pytest.mark.slow
def test_the_program_of_the_page_for_programs_runs(tmp_path: Path) -> None:
    (program,) = re.findall(
        r"```python\n(.+?)```", (DOCS / "library.md").read_text(encoding="utf-8"), re.DOTALL
    )
    (tmp_path / "README.md").write_text("# A small project\n")
    (tmp_path / "program.py").write_text(program)

    ran = subprocess.run(
        [sys.executable, "program.py"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "HOME": str(tmp_path / "home"), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert ran.stderr == ""
    assert ran.stdout.splitlines()[:2] == ["runs read_file", "done"]
    assert "A small project" in ran.stdout


def test_the_python_of_the_page_on_dialects_keeps_its_promises() -> None:
    (program,) = re.findall(
        r"```python\n(.+?)```", (DOCS / "dialects.md").read_text(encoding="utf-8"), re.DOTALL
    )

    exec(compile(program, "dialects.md", "exec"), {})


@pytest.mark.parametrize("page", ["add-a-tool.md", "add-a-gateway.md"])
def test_the_python_of_the_guides_can_be_run(page: str) -> None:
    programs = re.findall(r"```python\n(.+?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, object] = {"__name__": "guide"}

    for program in programs:
        exec(compile(program, page, "exec"), names)

    assert callable(names["tools" if "tool" in page else "gateway"])
