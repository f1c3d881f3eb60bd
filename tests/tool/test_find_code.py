import asyncio
import sys
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.code import CodeIndex
from core.errors import OutsideWorkspace, StoreError, ToolError
from core.masking import Masking
from core.profile import ActiveProfile, ModelProfile
from core.tools import ToolContext
from core.views import MatchList
from tests.clocks import ENOUGH_SECONDS
from tests.tool.coding import a_project, find_code_in
from tests.tool.filing import make_tree, ran, said, services_at
from tool.find_code import FindCode


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return a_project(tmp_path)


@pytest.fixture
async def find_code(project: Path) -> AsyncIterator[FindCode]:
    tool = find_code_in(project)
    yield tool
    await closed(tool)


async def closed(tool: FindCode) -> None:
    await asyncio.to_thread(tool.services.code_index().close)


def places(text: str) -> list[str]:
    """Where the hits are, best first."""
    return [line for line in text.splitlines() if not line.startswith((" ", "("))]


async def test_what_means_the_same_is_found_with_its_place_and_first_lines(find_code: FindCode) -> None:
    result = await ran(find_code, query="how much money was earned")

    assert result.text.splitlines()[:4] == [
        "src/shop.py:11-13 Shop.count_money",
        "      def count_money(self, drawer):",
        '          """How much was earned."""',
        "          return sum(drawer)",
    ]
    assert isinstance(result.view, MatchList)
    assert result.view.complete


@pytest.mark.parametrize(
    ("query", "best"),
    [
        ("countMoney", "src/shop.py:11-13 Shop.count_money"),
        ("the doors each morning", "src/shop.py:7-9 Shop.unlock"),
        ("at nine", "notes.md:1-3 Opening"),
        ("stones", "house.py:4-6 build"),
        ("class Shop open by day", "src/shop.py:4-13 Shop"),
    ],
)
async def test_words_names_and_parts_of_names_find_their_chunk(
    query: str, best: str, find_code: FindCode
) -> None:
    assert places(await said(find_code, query=query))[0] == best


async def test_a_path_narrows_the_search(find_code: FindCode, project: Path) -> None:
    (project / "src2").mkdir()
    (project / "src2" / "shop.py").write_text("def shop(): ...\n")

    assert {line.split(":")[0] for line in places(await said(find_code, query="shop", path="src"))} == {
        "src/shop.py"
    }
    assert places(await said(find_code, query="shop", path="house.py")) == [
        "house.py:1-1",
        "house.py:4-6 build",
    ]


async def test_a_path_that_cannot_be_searched_is_told(find_code: FindCode) -> None:
    with pytest.raises(ToolError, match="There is no 'none'"):
        await ran(find_code, query="shop", path="none")
    with pytest.raises(OutsideWorkspace):
        await ran(find_code, query="shop", path="..")


async def test_a_search_sees_what_changed_right_before(find_code: FindCode, project: Path) -> None:
    first = await said(find_code, query="stones")
    (project / "house.py").write_text("\n\ndef tear_down(stones): ...\n")
    changed = await said(find_code, query="stones")
    (project / "house.py").write_text("\n\ndef tear_away(stones): ...\n")  # as long as before
    again = await said(find_code, query="stones")
    (project / "house.py").rename(project / "home.py")
    moved = await said(find_code, query="stones")
    (project / "home.py").unlink()
    gone = await said(find_code, query="stones")

    assert [places(text)[:1] for text in (first, changed, again, moved)] == [
        ["house.py:4-6 build"],
        ["house.py:3-3 tear_down"],
        ["house.py:3-3 tear_away"],
        ["home.py:3-3 tear_away"],
    ]
    assert "home.py" not in gone
    assert "house.py" not in gone


async def test_only_what_changed_is_read_again(find_code: FindCode, project: Path) -> None:
    index = find_code.services.code_index()
    await ran(find_code, query="shop")
    before = dict(index.states())
    (project / "house.py").write_text("def other(): ...\n")

    await ran(find_code, query="shop")

    after = dict(index.states())
    assert {path for path in after if after[path].digest != before[path].digest} == {"house.py"}


async def test_what_is_ignored_hidden_or_a_link_is_not_searched(find_code: FindCode, project: Path) -> None:
    make_tree(project.parent, "outside/treasure.txt")
    make_tree(
        project, ".git/HEAD", "ignored/treasure.txt", "secret/treasure.txt", ".roost/artifacts/treasure"
    )
    (project / ".gitignore").write_text("ignored/\n")
    (project / "link").symlink_to("../outside")
    (project / "treasure.txt").symlink_to("../outside/treasure.txt")
    hiding = replace(find_code, services=replace(find_code.services, hides=lambda path: "secret" in path))

    text = await said(hiding, query="treasure")

    assert "treasure" not in "\n".join(places(text))


def hide_treasure(file: Path) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_text("def treasure(): ...\n")


@pytest.mark.skipif(sys.platform == "darwin", reason="its file systems have names in UTF-8 only")
async def test_a_file_whose_name_is_no_text_does_not_end_a_search(find_code: FindCode, project: Path) -> None:
    for name in ("treasure\udce9.py", "\udcff/treasure.py"):
        hide_treasure(project / name)

    assert "treasure" not in await said(find_code, query="treasure")
    assert "There is no code" in await said(find_code, query="treasure", path="\udcff")


async def test_lines_are_shown_without_their_path_whatever_that_is(
    find_code: FindCode, project: Path
) -> None:
    (project / "two\nlines.py").write_text("def treasure(): ...\n")

    [place, *lines] = (await said(find_code, query="treasure", path="two\nlines.py")).splitlines()

    assert place == "two\\nlines.py:1-1 treasure"
    assert lines == ["  def treasure(): ..."]


async def test_no_secret_value_is_kept_on_the_disk(find_code: FindCode, project: Path) -> None:
    (project / "config.py").write_text("def connect():\n    return 'hunter2hunter3hunter4'\n")
    masking = Masking([("PASSWORD", "hunter2hunter3hunter4")])
    masked = replace(find_code, services=replace(find_code.services, masking=masking))

    text = await said(masked, query="connect")

    kept = b"".join(file.read_bytes() for file in (project.parent / "cache").iterdir())
    assert "[masked PASSWORD]" in text
    assert b"hunter2" not in kept
    assert b"connect" in kept


async def test_what_is_left_when_time_is_over_is_read_by_the_next_call(
    find_code: FindCode, project: Path
) -> None:
    for number in range(100):
        (project / f"f{number}.py").write_text(f"def f{number}(): ...\n")
    index, hasty = find_code.services.code_index(), replace(find_code, seconds=0.0)

    first = await said(hasty, query="shop")
    read_first = len(index.states())
    await said(hasty, query="shop")
    read_then = len(index.states())
    last = await said(find_code, query="shop")

    assert "of 103 files are not read yet: call again to go on.)" in first
    assert 0 < read_first < read_then < len(index.states()) == 103
    assert "not read yet" not in last


async def test_a_call_that_is_cancelled_ends_and_the_next_goes_on(find_code: FindCode, project: Path) -> None:
    for number in range(200):
        (project / f"f{number}.py").write_text(f"def f{number}(): ...\n" * 20)
    told, heard, cancelled = list[str](), asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def progress(text: str) -> None:
        told.append(text)
        loop.call_soon_threadsafe(heard.set)
        cancelled.wait()

    context = ToolContext(call_id="1", progress=progress)
    running = asyncio.create_task(find_code.run(find_code.args(query="f7"), context))
    await heard.wait()
    running.cancel()
    await asyncio.wait([running])
    cancelled.set()

    text = await said(find_code, query="f7")

    assert running.cancelled()
    assert told[0] == "looking for changed files\n"
    assert "f7.py" in text


async def test_answers_are_bounded(project: Path) -> None:
    for number in range(50):
        (project / f"shop{number}.py").write_text(f"def shop{number}():\n" + "    'shop " + "x" * 500 + "'\n")
    find_code = find_code_in(project, ModelProfile(output_chars=1_000))

    hits, drawn = await said(find_code, query="shop"), await said(find_code, query="")

    assert 0 < len(places(hits)) < 10
    assert len(hits) <= 1_000
    assert 0 < len(drawn) <= 1_000
    await closed(find_code)


async def test_an_empty_folder_is_told_as_such(find_code: FindCode, project: Path) -> None:
    (project / "empty").mkdir()

    assert await said(find_code, query="shop", path="empty") == "There is no code in 'empty' to search."
    assert await said(find_code, query="", path="empty") == "There is no code in 'empty' to search."


async def test_an_empty_query_is_answered_with_a_map(find_code: FindCode) -> None:
    assert await said(find_code, query=" ") == "\n".join(
        [
            "house.py",
            "  4 def build(stones):",
            "src/shop.py",
            "  4 class Shop:",
            "    7 def unlock(self):",
            "    11 def count_money(self, drawer):",
        ]
    )


async def test_a_map_begins_at_the_files_that_are_worked_on(find_code: FindCode, project: Path) -> None:
    for name in ("one", "two"):
        (project / f"{name}.py").write_text(f"def {name}_helper_function():\n    return 1\n")
    small = replace(find_code.services, active=ActiveProfile(ModelProfile(output_chars=270)))
    drawn = []
    for name in ("one", "two"):
        small.ledger.forget()
        small.ledger.saw(project / f"{name}.py", b"")
        drawn.append(await said(replace(find_code, services=small), query=""))

    assert ["one.py" in text for text in drawn] == [True, False]
    assert ["two.py" in text for text in drawn] == [False, True]


async def test_an_index_that_turns_out_to_be_damaged_is_made_anew(project: Path) -> None:
    for number in range(40):
        (project / f"f{number}.py").write_text(f"def f{number}():\n    return '{'shop ' * 200}'\n")
    before = find_code_in(project)
    await ran(before, query="money")
    await closed(before)
    file = project.parent / "cache" / "index.sqlite"
    size = file.stat().st_size
    find_code = find_code_in(project)
    with file.open("r+b") as opened:  # it was whole when it was opened
        opened.seek(65_536)
        opened.write(b"\xa5" * (size - 65_536))

    assert places(await said(find_code, query="how much money"))[0] == "src/shop.py:11-13 Shop.count_money"
    await closed(find_code)


async def test_an_index_that_cannot_be_kept_is_told_with_another_way(project: Path) -> None:
    def refused() -> CodeIndex:
        raise StoreError("'/cache' cannot be made (No space left on device).", hint="Make room.")

    find_code = FindCode(replace(services_at(project), code_index=refused))

    with pytest.raises(ToolError, match=r"No space left on device.* Make room\. Use find_text\."):
        await ran(find_code, query="shop")


async def test_prose_does_not_keep_code_off(find_code: FindCode, project: Path) -> None:
    for number in range(20):
        (project / f"page{number}.md").write_text("How much money was earned.\n")

    found = places(await said(find_code, query="how much money was earned"))

    assert len(found) == 10
    assert "src/shop.py:11-13 Shop.count_money" in found[:4]


async def test_the_event_loop_goes_on_while_files_are_read(find_code: FindCode, project: Path) -> None:
    for number in range(100):
        (project / f"f{number}.py").write_text(f"def f{number}():\n    return {number}\n" * 20)
    turned, went_on = threading.Event(), list[bool]()
    context = ToolContext(call_id="1", progress=lambda text: went_on.append(turned.wait(ENOUGH_SECONDS)))
    running = asyncio.create_task(find_code.run(find_code.args(query="f7"), context))

    while not running.done():
        await asyncio.wait([running], timeout=0.005)
        turned.set()

    assert "f7.py" in (await running).text
    assert went_on
    assert all(went_on)
