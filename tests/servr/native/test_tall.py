import pytest
import torch

from servr.native.engine.tall import MOST_ROWS, TallLinear


@pytest.mark.parametrize("rows", [0, 1, 2, MOST_ROWS, MOST_ROWS + 1])
def test_a_tall_layer_says_what_a_linear_one_says(rows: int) -> None:
    plain = torch.nn.Linear(16, 400, bias=False, dtype=torch.float64)
    hidden = torch.randn(1, rows, 16, dtype=torch.float64)

    with torch.inference_mode():
        found, expected = TallLinear(plain.weight)(hidden), plain(hidden)

    assert found.shape == (1, rows, 400)
    torch.testing.assert_close(found, expected)
