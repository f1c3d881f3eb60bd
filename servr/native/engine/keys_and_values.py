"""The keys and values of one conversation, layer by layer."""

from torch import Tensor

ROUND = 128
"""Capacities are multiples of it."""
UNLIMITED = 1 << 40


class KeysAndValues:
    """Buffers with room for more than there is; each layer's grows when it is written beyond its end.

    What stands behind the conversation's last token has no meaning, so that cutting costs nothing and a step
    that failed half-way can be done again.
    """

    def __init__(
        self,
        token_bytes: int,
        most: int = UNLIMITED,
        layers: dict[int, tuple[Tensor, Tensor]] | None = None,
        capacity: int = 0,
    ) -> None:
        self._token_bytes = token_bytes
        """Of all layers together."""
        self._most = most
        """Tokens for which there will ever be need of room."""
        self.layers = layers or {}
        """(heads, capacity, width) each."""
        self.capacity = capacity
        self._is_lent = False
        """Whether the buffers are somebody else's, and so of no weight here."""

    @property
    def bytes(self) -> int:
        own = [] if self._is_lent else list(self.layers.values())  # asked while the model's thread adds one
        return sum(keys.nbytes + values.nbytes for keys, values in own)

    def bytes_for(self, tokens: int) -> int:
        """What it takes with room for `tokens`."""
        if tokens > self.capacity:
            return self._token_bytes * grown(self.capacity, tokens, self._most)
        return 0 if self._is_lent else self._token_bytes * self.capacity

    def reserve(self, length: int, more: int) -> None:
        """Room for `more` behind the first `length`."""
        if length + more > self.capacity:
            capacity = grown(self.capacity, length + more, self._most)
            if self._is_lent:
                self.leave(length)  # with all layers: what a step that fails left there would be written over
            self.capacity = capacity

    def extend(self, layer: int, before: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Write new (heads, tokens, width) behind the first `before`; views of all up to there."""
        after = before + keys.shape[1]
        buffers = self.layers.get(layer)
        if buffers is None or buffers[0].shape[1] < after:
            buffers = self._moved(layer, before, keys, values)
        buffers[0][:, before:after] = keys
        buffers[1][:, before:after] = values
        return buffers[0][:, :after], buffers[1][:, :after]

    def copy(self, length: int) -> "KeysAndValues":
        capacity = grown(0, length, self._most)
        layers = {}
        for layer, (keys, values) in self.layers.items():
            layers[layer] = (room(keys, capacity), room(values, capacity))
            layers[layer][0][:, :length] = keys[:, :length]
            layers[layer][1][:, :length] = values[:, :length]
        return KeysAndValues(self._token_bytes, self._most, layers, capacity)

    def move(self, layers: dict[int, tuple[Tensor, Tensor]], length: int, capacity: int) -> None:
        """Go on in these buffers, which are lent, with the first `length` tokens."""
        for layer, (keys, values) in self.layers.items():
            layers[layer][0][:, :length] = keys[:, :length]
            layers[layer][1][:, :length] = values[:, :length]
        self.layers, self.capacity, self._is_lent = layers, capacity, True

    def leave(self, length: int) -> None:
        """Go on in buffers of its own."""
        own = self.copy(length)
        self.layers, self.capacity, self._is_lent = own.layers, own.capacity, False

    def is_in(self, buffers: Tensor) -> bool:
        """Whether its keys, of the first layer that it has, stand there."""
        first = next(iter(self.layers.values()), None)
        return first is not None and first[0].data_ptr() == buffers.data_ptr()

    def _moved(self, layer: int, before: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        buffers = room(keys, self.capacity), room(values, self.capacity)
        if before:
            old = self.layers[layer]
            buffers[0][:, :before] = old[0][:, :before]
            buffers[1][:, :before] = old[1][:, :before]
        self.layers[layer] = buffers
        return buffers


def room(like: Tensor, capacity: int) -> Tensor:
    return like.new_empty(like.shape[0], capacity, like.shape[2])


def grown(capacity: int, tokens: int, most: int) -> int:
    """Half as much again, at most 2,048 tokens more than are needed, so that buffers are seldom moved."""
    spare = min(2048, max(ROUND, capacity // 2))
    return max(tokens, min(most, -(-(tokens + spare) // ROUND) * ROUND))
