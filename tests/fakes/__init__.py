"""Model servers that are none: they answer with the bodies of the real ones, over real sockets."""

from tests.fakes.ollama import FakeOllama
from tests.fakes.serving import Asked, FakeServer, Page

__all__ = ["Asked", "FakeOllama", "FakeServer", "Page"]
