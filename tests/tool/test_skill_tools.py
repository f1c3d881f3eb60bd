"""Promoting a function, and calling it: by `use_skill`, by its own name, and after it was changed."""

from pathlib import Path

import pytest

from core.errors import InvalidArguments, SkillRejected, ToolError
from core.messages import ToolStatus
from core.permissions import Effect
from core.schema import parameters_of, parse_arguments
from core.tools import ToolServices
from core.views import CodeResult
from tests.tool.skilling import CONTEXT, RSI, RSI_EXAMPLE, one_line, rsi, shelf_in, skill_services
from tool.promote_skill import PromoteSkill, PromoteSkillArgs
from tool.registry import Registry
from tool.sandbox_none import external_backend
from tool.skill_tool import SkillTool, skill_tool
from tool.skill_toolbox import SkillToolbox, most_used
from tool.use_skill import UseSkill, UseSkillArgs


def asked(*examples: str, file: str = "rsi.py", tool_name: str = "calculate_rsi") -> PromoteSkillArgs:
    return PromoteSkillArgs(
        file_path=file, function_name="calculate_rsi", tool_name=tool_name, examples=[*examples]
    )


def toolbox(services: ToolServices) -> SkillToolbox:
    return SkillToolbox(Registry(), services)


async def used(services: ToolServices, name: str, **arguments: object) -> tuple[str, ToolStatus]:
    result = await UseSkill(services).run(UseSkillArgs(name=name, arguments=arguments), CONTEXT)
    return result.text, result.status


async def test_a_promoted_function_can_be_called_at_once(tmp_path: Path) -> None:
    async with skill_services(tmp_path) as services:
        (tmp_path / "work" / "rsi.py").write_text(f"import subprocess\n\n{RSI}\n\ndef other(): pass\n")
        tools, prices = toolbox(services), [1.0, 2.0, 1.0]

        result = await PromoteSkill(services).run(asked(RSI_EXAMPLE), CONTEXT)

        tool = tools.find("calculate_rsi")
        own = await tool.run(parse_arguments(tool, '{"prices": [1, 2, 1], "period": 2}'), CONTEXT)
        assert result.text == (
            "calculate_rsi is a skill now (version 1). 1 example passes. Not needed, and left out: other."
        )
        assert isinstance(result.view, CodeResult)
        assert result.view.code == (tmp_path / "work/.roost/skills/calculate_rsi.py").read_text()
        assert await used(services, "calculate_rsi", prices=prices, period=2) == ("[50.0]", ToolStatus.OK)
        assert own.text == "[50.0]"
        assert tools.names() == ("calculate_rsi",)
        assert tools.effect_of("calculate_rsi") is Effect.EXECUTE


async def test_a_function_without_examples_is_promoted_as_untested(tmp_path: Path) -> None:
    async with skill_services(tmp_path) as services:
        (tmp_path / "work" / "rsi.py").write_text(RSI)

        result = await PromoteSkill(services).run(asked(), CONTEXT)

        assert result.text == (
            "calculate_rsi is a skill now (version 1). It is untested: promote it again with examples,"
            " such as calculate_rsi(prices) == ..."
        )


async def test_a_function_whose_example_fails_is_not_promoted(tmp_path: Path) -> None:
    async with skill_services(tmp_path) as services:
        (tmp_path / "work" / "rsi.py").write_text(RSI)

        with pytest.raises(SkillRejected) as refusal:
            await PromoteSkill(services).run(asked("calculate_rsi([1.0, 2.0], 1) == [50.0]"), CONTEXT)

        assert str(refusal.value) == (
            "Not promoted. calculate_rsi([1.0, 2.0], 1) == [50.0]: the left side is [100.0], the right side [50.0]"
            " Mend the function or the example, then promote it again."
        )
        assert services.skills.shelf.skills() == []


async def test_a_function_promoted_again_is_the_next_version(tmp_path: Path) -> None:
    async with skill_services(tmp_path) as services:
        file = tmp_path / "work" / "rsi.py"
        file.write_text(RSI)
        tools = toolbox(services)
        await PromoteSkill(services).run(asked(RSI_EXAMPLE), CONTEXT)
        first = tools.find("calculate_rsi")
        file.write_text(RSI.replace("return found", "return found[-1:]"))

        result = await PromoteSkill(services).run(asked(), CONTEXT)

        assert result.text.startswith("calculate_rsi is a skill now (version 2).")
        assert tools.find("calculate_rsi") is not first
        assert len(list((tmp_path / "work/.roost/skills/older").iterdir())) == 1


@pytest.mark.parametrize("name", ["pyexe", "read_file", "use_skill"])
async def test_no_skill_takes_the_name_of_a_tool(name: str, tmp_path: Path) -> None:
    async with skill_services(tmp_path) as services:
        (tmp_path / "work" / "rsi.py").write_text(RSI)

        with pytest.raises(SkillRejected, match=f"There is a tool '{name}' already"):
            await PromoteSkill(services).run(asked(tool_name=name), CONTEXT)


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("none.py", None, "'none.py' cannot be read: No such file or directory."),
        ("bytes.py", b"\xff\xfe", "'bytes.py' is no UTF-8 text."),
        ("../rsi.py", None, "'../rsi.py' is outside the workspace."),
    ],
)
async def test_a_file_that_cannot_be_read_is_refused(
    file: str, content: bytes | None, said: str, tmp_path: Path
) -> None:
    async with skill_services(tmp_path) as services:
        if content is not None:
            (tmp_path / "work" / file).write_bytes(content)

        with pytest.raises(ToolError) as refusal:
            await PromoteSkill(services).run(asked(file=file), CONTEXT)

        assert refusal.value.args[0] == said


async def test_what_is_promoted_is_what_was_shown(tmp_path: Path) -> None:
    async with skill_services(tmp_path) as services:
        file, promote = tmp_path / "work" / "rsi.py", PromoteSkill(services)
        file.write_text(RSI)
        shown = promote.preview(asked())
        file.write_text(RSI.replace("return found", "return []"))

        with pytest.raises(ToolError, match="changed while the user looked at it"):
            await promote.run(asked(), CONTEXT)

        assert RSI in shown
        assert services.skills.shelf.skills() == []


async def test_promoting_is_a_write_only_where_a_sandbox_holds_the_examples(tmp_path: Path) -> None:
    from dataclasses import replace

    async with skill_services(tmp_path) as services:
        held = replace(services, sandbox=external_backend())

        assert PromoteSkill(services).effect_of(asked()) is Effect.EXECUTE
        assert PromoteSkill(held).effect_of(asked()) is Effect.WRITE


async def test_wrong_arguments_are_told_and_count_as_no_failure(tmp_path: Path) -> None:
    async with skill_services(tmp_path) as services:
        services.skills.shelf.keep(rsi())

        with pytest.raises(InvalidArguments) as refusal:
            await used(services, "calculate_rsi", prices="1", span=3)

        assert str(refusal.value) == (
            "calculate_rsi was not run: it has no argument 'span', only prices, period; prices: should be a list,"
            " not '1'. Call it again with these mended:"
            ' {"prices": [number], "period"?: integer}'
        )
        assert services.skills.shelf.skills()[0].calls == 0


async def test_a_skill_that_is_not_there_is_named_with_its_neighbours(tmp_path: Path) -> None:
    async with skill_services(tmp_path) as services:
        services.skills.shelf.keep(rsi())

        with pytest.raises(InvalidArguments, match=r"Did you mean calculate_rsi\?"):
            await used(services, "calculate_rs")
        with pytest.raises(InvalidArguments, match="There is no tool 'calculate_rs'"):
            toolbox(services).find("calculate_rs")


async def test_a_skill_that_fails_three_times_in_a_row_is_set_aside(tmp_path: Path) -> None:
    async with skill_services(tmp_path) as services:
        services.skills.shelf.keep(one_line("f", "return 6 // x"))
        good = await used(services, "f", x=3)
        failures = [await used(services, "f", x=0) for _ in range(3)]

        with pytest.raises(ToolError) as refusal:
            await used(services, "f", x=3)

        assert good == ("2", ToolStatus.OK)
        said = "f failed: ZeroDivisionError: integer division or modulo by zero (line 6: return 6 // x)."
        assert set(failures) == {(said, ToolStatus.FAILED)}
        assert str(refusal.value) == (
            "The skill 'f' cannot be used: it failed 3 times in a row."
            " The user accepts it with roost skills accept f; or promote it again."
        )


@pytest.mark.parametrize(
    ("body", "failures"),
    [
        ("raise ValueError('x is too small')", 0),
        ("raise TypeError('x is too small')", 0),
        ("raise KeyError(x)", 1),
        ("return int('a')", 1),
    ],
)
async def test_what_a_skill_itself_says_of_its_arguments_is_no_failure_of_it(
    body: str, failures: int, tmp_path: Path
) -> None:
    async with skill_services(tmp_path) as services:
        services.skills.shelf.keep(one_line("f", body))

        _, status = await used(services, "f", x=0)

        (card,) = shelf_in(tmp_path / "work", tmp_path / "data").cards()
        assert (status, card.calls, card.failures) == (ToolStatus.FAILED, 1, failures)


async def test_a_skill_that_was_edited_meanwhile_is_not_run(tmp_path: Path) -> None:
    async with skill_services(tmp_path) as services:
        services.skills.shelf.keep(rsi())
        tool = skill_tool(services, "calculate_rsi")
        file = tmp_path / "work/.roost/skills/calculate_rsi.py"
        file.write_text(file.read_text().replace("return found", "return [666.0]"))

        with pytest.raises(ToolError, match="it was changed since it was accepted"):
            await tool.run(parse_arguments(tool, '{"prices": []}'), CONTEXT)

        assert services.skills.shelf.skills() == []


async def test_what_a_skill_prints_is_told_beside_what_it_returns(tmp_path: Path) -> None:
    async with skill_services(tmp_path) as services:
        services.skills.shelf.keep(one_line("chatty", "print('x is', x); return x"))

        assert await used(services, "chatty", x=3) == ("3\n(printed: x is 3)", ToolStatus.OK)


async def test_a_long_result_is_clipped_and_kept_whole_in_a_file(tmp_path: Path) -> None:
    async with skill_services(tmp_path) as services:
        services.skills.shelf.keep(one_line("many", "return list(range(x))"))

        text, _ = await used(services, "many", x=20_000)

        assert len(text) <= services.profile.output_chars
        assert "all of it is in .roost/artifacts/text-" in text


async def test_the_schema_of_a_skill_is_the_compilers(tmp_path: Path) -> None:
    async with skill_services(tmp_path) as services:
        tool = SkillTool(services, rsi())

        assert parameters_of(tool) == rsi().parameters


async def test_the_most_used_skills_join_the_list_within_their_budget(tmp_path: Path) -> None:
    async with skill_services(tmp_path) as services:
        shelf = services.skills.shelf
        for number in range(12):
            shelf.keep(one_line(f"skill_{number}"))
        for _ in range(2):
            shelf.count("skill_7", failed=False)

        later = shelf_in(tmp_path / "work", tmp_path / "data").skills()
        listed = [spec.name for spec in most_used(later)]

        assert listed[0] == "skill_7"
        assert 3 < len(listed) < 12
