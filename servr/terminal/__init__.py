"""The chat in a terminal: a reader of the event stream, and a loop that takes what a person types."""

from servr.terminal.chat import ChatHeader, ChatPeople, chat, chat_people
from servr.terminal.talk import Next, OwnCommands

__all__ = ["ChatHeader", "ChatPeople", "Next", "OwnCommands", "chat", "chat_people"]
