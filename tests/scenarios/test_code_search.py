"""Code search in whole sessions: what a model finds, reads, changes and finds changed; and a map that a person shows."""

from pathlib import Path

import pytest

from tests.scenarios.conftest import RunCli
from tests.scripted_server import ScriptedServer, call, prefix_breaks, say
from tests.servr.test_chat_in_a_terminal import chatting
from tests.tool.coding import HOUSE, SHOP

pytestmark = pytest.mark.server

SHUT = '''    def lock(self):
        """Shut the doors in the evening."""
        return not self.doors
'''


@pytest.fixture
def project(workspace: Path) -> Path:
    (workspace / "src").mkdir()
    (workspace / "src" / "shop.py").write_text(SHOP)
    (workspace / "house.py").write_text(HOUSE)
    return workspace


def test_a_model_finds_code_reads_and_changes_it_and_finds_the_change(run_cli: RunCli, project: Path) -> None:
    script = [
        call("find_code", query="opening doors in the morning"),
        call("read_file", path="src/shop.py", start=7, count=3),
        call(
            "edit_file",
            path="src/shop.py",
            old="        return self.doors\n",
            new=f"        return 1\n\n{SHUT}",
        ),
        call("find_code", query="shut the doors in the evening"),
        say("Done."),
    ]
    with ScriptedServer(script) as server:
        run = run_cli(server, "Let the shop be shut, too.")

    first, read, _, second = server.requests[-1].tool_results
    assert run.outcome == "done"
    assert first.removeprefix("[data]\n").startswith("src/shop.py:7-9 Shop.unlock\n")
    assert '     8          """Open the doors in the morning."""' in read
    assert second.removeprefix("[data]\n").startswith("src/shop.py:11-13 Shop.lock\n      def lock(self):\n")
    assert prefix_breaks(server.requests) == []


def test_a_map_is_drawn_for_a_model_that_asks_without_a_query(run_cli: RunCli, project: Path) -> None:
    with ScriptedServer([call("find_code"), say("I see.")]) as server:
        run_cli(server, "What is there?")

    [drawn] = server.requests[-1].tool_results
    assert "house.py\n  4 def build(stones):\nsrc/shop.py\n  4 class Shop:\n" in drawn


def test_a_model_is_not_offered_what_a_setting_turns_off(run_cli: RunCli, project: Path) -> None:
    (project / ".roost").mkdir()
    (project / ".roost" / "settings.toml").write_text("enable_find_code = false\n")

    with ScriptedServer([say("Hello.")]) as server:
        run_cli(server, "Hello")

    assert "find_code" not in server.requests[-1].tools
    assert "find_text" in server.requests[-1].tools


def test_nothing_is_left_in_the_workspace(run_cli: RunCli, project: Path, tmp_path: Path) -> None:
    before = sorted(project.rglob("*"))

    with ScriptedServer([call("find_code", query="doors"), say("Done.")]) as server:
        run_cli(server, "Look.")

    assert sorted(project.rglob("*")) == before
    assert len(list((tmp_path / "home" / "cache" / "roost" / "code").glob("*.sqlite"))) == 1


@pytest.mark.slow
def test_a_person_shows_a_map_and_the_model_reads_it_at_the_end(project: Path) -> None:
    script = [say("Hello."), say("I see.")]

    with ScriptedServer(script) as server, chatting(project, server.url) as person:
        person.answer("Hello")
        person.sees("Hello.")
        person.answer("/map money")
        person.sees("class Shop:")
        person.answer("What is there?")
        person.sees("I see.")

    last = server.requests[-1].messages[-1]["content"]
    assert "What is there?" in str(server.requests[-1].messages[-2:])
    assert "The user shows you a map of the project" in last
    assert "11 def count_money(self, drawer):" in last
    assert prefix_breaks(server.requests) == []
