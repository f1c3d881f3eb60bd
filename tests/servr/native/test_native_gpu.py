"""The bench of a GPU runs from end to end on a processor, and says so where there is no GPU."""

import pytest
import torch

from bench.native_gpu import main, parsed

pytestmark = pytest.mark.slow


def test_the_bench_runs_with_a_tiny_model(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(parsed(["--tiny", "--device", "cpu"]))

    told = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert told == ["copy", "matmul", "The", "decode", "prefill", "clients"]
    assert status == 0


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_where_there_is_no_gpu_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(parsed([])) == 0
    assert capsys.readouterr().out.startswith("There is no GPU here: nothing was measured.")
