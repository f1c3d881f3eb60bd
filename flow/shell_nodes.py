"""The tree of the shell grammar: its kinds of nodes, and what they say."""

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from flow.shell_words import ansi_text, names, unquoted_text

if TYPE_CHECKING:
    from tree_sitter import Node


BODIES = names(
    "program list subshell compound_statement if_statement elif_clause else_clause while_statement "
    " do_group negated_command test_command unary_expression binary_expression parenthesized_expression"
)
"""Kinds of nodes that hold commands and words, and mean no more than those."""

LEAVES = names(
    "word number variable_name test_operator extglob_pattern regex raw_string ansi_c_string string"
    " translated_string concatenation brace_expression simple_expansion expansion command_substitution"
    " process_substitution arithmetic_expansion special_variable_name"
)

HEREDOC_SIGNS = names("heredoc_start heredoc_end file_descriptor")


def root_of(text: str) -> "Node":
    """The tree of a script. Raises ImportError without the extra `shell`."""
    import tree_sitter
    import tree_sitter_bash

    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_bash.language()))
    return parser.parse(text.encode(errors="replace")).root_node


def literal(node: "Node") -> str | None:
    """The text of a word that no shell has to be asked for; None for the others."""
    text = text_of(node)
    match node.type:
        case "raw_string":
            return text[1:-1]
        case "ansi_c_string":
            return ansi_text(text[2:-1])
        case "simple_expansion" if text in ("$?", "$#", "$$"):
            return text
        case "word" | "number" | "variable_name" | "test_operator" | "extglob_pattern" | "brace_expression":
            return None if is_live(text) else unquoted_text(text)
        case _:
            return None


def is_live(text: str) -> bool:
    """Whether a text outside of single quotes holds a `$` or a backtick that means something."""
    return re.search(r"(?<!\\)(?:\\\\)*[$`]", text) is not None


def string_pieces(node: "Node") -> list["str | Node"]:
    """What stands between double quotes: texts as they are written, and expansions.

    A string that is not closed may end in the middle of a character.
    """
    text, at = node.text or b"", 1
    pieces: list[str | Node] = []
    for child in node.named_children:
        if child.type != "string_content":
            pieces += [text[at : child.start_byte - node.start_byte].decode(errors="replace"), child]
            at = child.end_byte - node.start_byte
    return [*pieces, text[at:-1].decode(errors="replace")]


def text_of(node: "Node") -> str:
    return (node.text or b"").decode(errors="replace")


def text_before(node: "Node") -> str:
    """What the closest node around `node` has before it; empty at the start of everything."""
    around = node.parent
    while around is not None and around.start_byte == node.start_byte:
        around = around.parent
    before = b"" if around is None else (around.text or b"")[: node.start_byte - around.start_byte]
    return before.decode(errors="replace")


def has_touching_words(command: "Node") -> bool:
    """Whether two words stand side by side without a blank: to the grammar they are two, to a shell one."""
    fields = enumerate(command.children)
    words = [word for at, word in fields if command.field_name_for_child(at) in ("name", "argument")]
    return any(word.end_byte == following.start_byte for word, following in pairwise(words))


def words_behind(redirect: "Node") -> list["Node"]:
    """The words that stand behind a redirection, and belong to its command."""
    words = redirect.children_by_field_name("destination")[1:] + redirect.children_by_field_name("argument")
    return words + [
        word for inner in redirect.children_by_field_name("redirect") for word in words_behind(inner)
    ]


def only_later(kind: str) -> str:
    return f"what its {kind.replace('_', ' ').lower()} does is only known when it runs"
