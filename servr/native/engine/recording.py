"""How a step is recorded on a GPU, as a CUDA graph, and how much memory such steps may have."""

from functools import partial
from typing import Any

import torch
from torch import Tensor

from servr.native.engine.conversations import Model
from servr.native.engine.decoding import DecodingModel, Record, Work
from servr.native.engine.packing import PackedModel

SHARE = 1 / 3
"""Of the memory for conversations, that may stand at fixed addresses."""
WARM = 2
"""Runs before it is recorded, in which libraries choose what they do."""


def faster(model: Model, device: str, *, slots: int, window: int, memory: int) -> tuple[Model, int]:
    """The model, with recorded steps where they win something, and the memory that is left for others."""
    record = recorder(device)
    if record is None or not isinstance(model, PackedModel):
        return model, memory
    places, tokens = room_for(model.token_bytes, slots=slots, window=window, memory=memory)
    left = memory - model.token_bytes * places * (tokens + 1)
    return DecodingModel(model, record, places=places, tokens=tokens), left


def room_for(token_bytes: int, *, slots: int, window: int, memory: int) -> tuple[int, int]:
    """Places, and tokens of each: rather few for long conversations than many for short ones."""
    affordable = int(memory * SHARE) // token_bytes
    tokens = min(window, affordable)
    return max(1, min(slots, affordable // max(1, tokens))), tokens


def recorder(device: str) -> Record | None:
    """None where nothing is won by it."""
    if not device.startswith("cuda"):
        return None
    return partial(recorded, memory=torch.cuda.graph_pool_handle())


def recorded(work: Work, memory: Any) -> Work:
    """The same, on what the inputs then are; what it answers is overwritten the next time.

    Args:
        work: allocates nothing that it keeps, and waits for nothing.
        memory: that recordings share, for one of them is played at a time.

    Raises:
        RuntimeError: whatever CUDA does not take; nothing is changed then.
    """
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(WARM):
            work()
    torch.cuda.current_stream().wait_stream(side)

    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, pool=memory, capture_error_mode="thread_local"):
        answer = work()

    def play() -> Tensor:
        graph.replay()
        return answer

    return play
