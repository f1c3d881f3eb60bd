"""The keys and values of one conversation, layer by layer."""

from torch import Tensor

ROUND = 128
"""Capacities are multiples of it."""


class KeysAndValues:
    """Buffers with room for more than there is; each layer's grows when it is written beyond its end.

    What stands behind the conversation's last token has no meaning, so that cutting costs nothing and a step
    that failed half-way can be done again.
    """

    def __init__(
        self, token_bytes: int, layers: dict[int, tuple[Tensor, Tensor]] | None = None, capacity: int = 0
    ) -> None:
        self._token_bytes = token_bytes
        """Of all layers together."""
        self._layers = layers or {}
        """(heads, capacity, width) each."""
        self.capacity = capacity

    @property
    def bytes(self) -> int:
        return sum(keys.nbytes + values.nbytes for keys, values in self._layers.values())

    def bytes_for(self, tokens: int) -> int:
        """What it takes with room for `tokens`."""
        fits = tokens <= self.capacity
        return self._token_bytes * (self.capacity if fits else grown(self.capacity, tokens))

    def reserve(self, tokens: int) -> None:
        if tokens > self.capacity:
            self.capacity = grown(self.capacity, tokens)

    def extend(self, layer: int, before: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Write new (heads, tokens, width) behind the first `before`; views of all up to there."""
        after = before + keys.shape[1]
        buffers = self._layers.get(layer)
        if buffers is None or buffers[0].shape[1] < after:
            buffers = self._moved(layer, before, keys, values)
        buffers[0][:, before:after] = keys
        buffers[1][:, before:after] = values
        return buffers[0][:, :after], buffers[1][:, :after]

    def copy(self, length: int) -> "KeysAndValues":
        capacity = grown(0, length)
        layers = {}
        for layer, (keys, values) in self._layers.items():
            layers[layer] = (room(keys, capacity), room(values, capacity))
            layers[layer][0][:, :length] = keys[:, :length]
            layers[layer][1][:, :length] = values[:, :length]
        return KeysAndValues(self._token_bytes, layers, capacity)

    def _moved(self, layer: int, before: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        buffers = room(keys, self.capacity), room(values, self.capacity)
        if before:
            old = self._layers[layer]
            buffers[0][:, :before] = old[0][:, :before]
            buffers[1][:, :before] = old[1][:, :before]
        self._layers[layer] = buffers
        return buffers


def room(like: Tensor, capacity: int) -> Tensor:
    return like.new_empty(like.shape[0], capacity, like.shape[2])


def grown(capacity: int, tokens: int) -> int:
    """Half as much again, at most 2,048 tokens more than are needed, so that buffers are seldom moved."""
    spare = min(2048, max(ROUND, capacity // 2))
    return -(-(tokens + spare) // ROUND) * ROUND
