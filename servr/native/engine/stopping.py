"""Ends a reply before a stop text, wherever the borders of its tokens fall."""

from collections.abc import Sequence


class Stopping:
    """Lets text through until a stop text is whole; what may still become one is held back.

    The one that is whole first ends the reply, the longest of several that are whole at once. Each character
    is looked at once, however long the texts are: this is the automaton of Aho and Corasick.
    """

    def __init__(self, stops: Sequence[str]) -> None:
        self._nodes = _automaton(stops)
        self._place = 0
        self._held = ""
        self.is_found = False

    def take(self, text: str) -> str:
        """What is certain to stand before any stop text; nothing once one was found."""
        if self.is_found:
            return ""
        if len(self._nodes) == 1:
            return text

        held = self._held + text
        for index, character in enumerate(text, len(self._held) + 1):
            self._place = _next(self._nodes, self._place, character)
            if length := self._nodes[self._place].found:
                self.is_found, self._held = True, ""
                return held[: index - length]

        sure = len(held) - self._nodes[self._place].depth
        self._held = held[sure:]
        return held[:sure]

    def end(self) -> str:
        """What was held back, when no more text comes."""
        held, self._held = self._held, ""
        return held


class _Node:
    """A beginning of one or more stop texts."""

    __slots__ = ("depth", "found", "onward", "shorter")

    def __init__(self, depth: int) -> None:
        self.depth = depth
        self.onward: dict[str, int] = {}
        self.shorter = 0
        """The longest of its proper ends that is a beginning too."""
        self.found = 0
        """Length of the longest stop text that it ends with."""


def _next(nodes: list[_Node], place: int, character: str) -> int:
    while place and character not in nodes[place].onward:
        place = nodes[place].shorter
    return nodes[place].onward.get(character, 0)


def _automaton(stops: Sequence[str]) -> list[_Node]:
    nodes = [_Node(0)]
    for stop in stops:
        place = 0
        for depth, character in enumerate(stop, 1):
            place = nodes[place].onward.setdefault(character, len(nodes))
            if place == len(nodes):
                nodes.append(_Node(depth))
        nodes[place].found = len(stop)
    return _joined(nodes)


def _joined(nodes: list[_Node]) -> list[_Node]:
    """Shorter beginnings first, for a node's `shorter` needs those of all shorter ones."""
    waiting = list(nodes[0].onward.values())
    for place in waiting:  # which grows
        for character, longer in nodes[place].onward.items():
            nodes[longer].shorter = _next(nodes, nodes[place].shorter, character)
            waiting.append(longer)
        nodes[place].found = nodes[place].found or nodes[nodes[place].shorter].found
    return nodes
