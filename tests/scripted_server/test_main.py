import re
import subprocess
import sys
from pathlib import Path
from signal import SIGTERM

import httpx
import pytest

from tests.clocks import ENOUGH_SECONDS

ROOT = Path(__file__).parents[2]


@pytest.mark.server
def test_a_person_can_start_the_server_by_hand(tmp_path: Path) -> None:
    repository = tmp_path / "basket"
    command = [sys.executable, "-m", "tests.scripted_server", "--script", "repo-task", "--port", "0"]
    started = subprocess.Popen(
        [*command, "--repository", str(repository)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    with started as process:
        assert process.stdout is not None
        prompt, told = process.stdout.readline(), process.stdout.readline()
        url = re.search(r"http://\S+", told)
        assert url
        models = httpx.get(f"{url[0]}/models", trust_env=False, timeout=ENOUGH_SECONDS).json()
        process.terminate()
        assert process.wait(ENOUGH_SECONDS) in {0, -SIGTERM}

    assert "test suite fails" in prompt
    assert (repository / "basket" / "prices.py").is_file()
    assert models["data"][0]["id"] == "m"
