"""What is said of a command line that is not understood."""

import pytest

from boot.arguments import parse
from boot.commands.running import run


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["mend", "it"], "mend it"),
        (["--api-key", "sk-1", "x", "-p", "y"], "--api-key … …"),
        (["--api-key=sk-1"], "--api-key…"),
        (["-ksk-1"], "-k…"),
    ],
)
def test_what_follows_a_flag_that_there_is_not_is_not_repeated(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for understand in (lambda: parse(words), lambda: run(["doctor", *words])):
        with pytest.raises(SystemExit) as ended:
            understand()

        assert ended.value.code == 2
        told = capsys.readouterr().err
        assert f"unrecognized arguments: {said}" in told
        assert "sk-1" not in told
