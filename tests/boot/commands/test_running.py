from pathlib import Path

import pytest

from boot.commands.running import run

Captured = pytest.CaptureFixture[str]


def test_settings_are_shown_with_their_origin_and_without_secrets(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENT_MAX_STEPS", "7")
    monkeypatch.setenv("AGENT_API_KEY", "sk-secret")
    monkeypatch.setenv("AGENT_OS", "Linux")

    code = run(["settings", "--workspace", str(tmp_path)])

    out, err = capsys.readouterr()
    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines()}
    assert code == 0
    assert rows["max_steps"] == ["7", "AGENT_MAX_STEPS"]
    assert rows["api_key"] == ["(set)", "AGENT_API_KEY"]
    assert rows["permission"] == ["ask", "default"]
    assert rows["workspace"] == [str(tmp_path), "--workspace"]
    assert "secret" not in out + err
    assert err == "roost: No setting of Roost, ignored in the environment: AGENT_OS.\n"


def test_why_explains_a_command_and_runs_nothing(tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "kept").write_text("")

    code = run(["why", "--workspace", str(tmp_path), f"rm -rf {tmp_path} /"])

    assert code == 0
    assert "Denied" in capsys.readouterr().out
    assert (tmp_path / "kept").exists()


@pytest.mark.parametrize(
    "arguments", [["sessions", "shwo"], ["why"], ["sessions", "search"], ["settings", "--al"]]
)
def test_a_wrong_command_line_is_a_usage_error(arguments: list[str], capsys: Captured) -> None:
    with pytest.raises(SystemExit) as caught:
        run(arguments)

    assert caught.value.code == 2
    assert "usage: roost" in capsys.readouterr().err
