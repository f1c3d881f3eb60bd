"""Where files in other languages define what, by the grammars of the extras `code` and `shell`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from tool.code_chunks import Defined

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

MOST_NODES = 300_000
"""Looked at in one file."""
MOST_NAME_CHARS = 100


@dataclass(frozen=True)
class Grammar:
    module: str
    plain: frozenset[str]
    """Kinds of nodes that define something."""
    holders: frozenset[str] = frozenset()
    """Those that hold further definitions."""
    language: str = "language"
    """The function of the module that has the grammar."""


def _kinds(kinds: str) -> frozenset[str]:
    return frozenset(kinds.split())


SCRIPT = _kinds(
    "function_declaration generator_function_declaration method_definition variable_declarator"
    " type_alias_declaration enum_declaration function_signature method_signature"
)
SCRIPT_HOLDERS = _kinds(
    "class_declaration abstract_class_declaration interface_declaration internal_module module"
)
C = _kinds("function_definition struct_specifier enum_specifier union_specifier type_definition")
CPP_HOLDERS = _kinds("class_specifier struct_specifier namespace_definition")

JAVASCRIPT = Grammar("tree_sitter_javascript", SCRIPT, SCRIPT_HOLDERS)
TYPESCRIPT = Grammar("tree_sitter_typescript", SCRIPT, SCRIPT_HOLDERS, "language_typescript")
GRAMMARS: Mapping[str, Grammar] = {
    **dict.fromkeys((".js", ".jsx", ".mjs", ".cjs"), JAVASCRIPT),
    **dict.fromkeys((".ts", ".mts", ".cts"), TYPESCRIPT),
    ".tsx": Grammar("tree_sitter_typescript", SCRIPT, SCRIPT_HOLDERS, "language_tsx"),
    ".go": Grammar("tree_sitter_go", _kinds("function_declaration method_declaration type_spec")),
    ".rs": Grammar(
        "tree_sitter_rust",
        _kinds(
            "function_item function_signature_item struct_item enum_item union_item type_item"
            " macro_definition"
        ),
        _kinds("impl_item trait_item mod_item"),
    ),
    **dict.fromkeys((".sh", ".bash"), Grammar("tree_sitter_bash", _kinds("function_definition"))),
    ".java": Grammar(
        "tree_sitter_java",
        _kinds("method_declaration constructor_declaration"),
        _kinds("class_declaration interface_declaration enum_declaration record_declaration"),
    ),
    ".c": Grammar("tree_sitter_c", C),
    **dict.fromkeys(
        (".h", ".cc", ".cpp", ".cxx", ".hh", ".hpp", ".hxx"), Grammar("tree_sitter_cpp", C, CPP_HOLDERS)
    ),
}
"""By the end of a file's name. A header may be C++, whose grammar reads C too."""
VALUES = _kinds("arrow_function function_expression function generator_function class")
"""What makes a variable a definition."""
RECEIVER = re.compile(r"(\w+)\s*(?:\[[^\]]*\]\s*)?,?\s*\)$")
NEEDS_BODY = _kinds("struct_specifier enum_specifier union_specifier class_specifier")


def definitions_in(text: str, suffix: str) -> list[Defined]:
    """Raises ImportError when there is no grammar for the kind of file."""
    grammar = GRAMMARS.get(suffix)
    if grammar is None:
        raise ImportError(suffix)
    tree = _parser(grammar.module, grammar.language).parse(text.encode("utf-8", "replace"))
    found, looked = list[Defined](), 0
    waiting = [("", tree.root_node)]
    while waiting and looked < MOST_NODES:
        outer, node = waiting.pop()
        looked += 1
        kind, name = node.type, ""
        if (kind in grammar.plain or kind in grammar.holders) and (name := _name_of(node)):
            holds = kind in grammar.holders
            name = f"{outer}.{name}" if outer else name
            found.append(Defined(name, node.start_point.row + 1, node.end_point.row + 1, holds))
            if not holds:
                continue
        waiting += ((name or outer, child) for child in node.named_children)
    return found


@cache
def _parser(module: str, language: str) -> "Parser":
    from tree_sitter import Language, Parser

    return Parser(Language(getattr(import_module(module), language)()))


def _name_of(node: "Node") -> str:
    """Empty for what defines nothing: a variable that is no function, a struct that is only named."""
    if node.type == "variable_declarator":
        value = node.child_by_field_name("value")
        if value is None or value.type not in VALUES:
            return ""
    if node.type in NEEDS_BODY and node.child_by_field_name("body") is None:
        return ""
    named = _declared(node) or node.child_by_field_name("name")
    if named is None and node.type == "impl_item":
        named = node.child_by_field_name("type")
    written = named.text if named is not None else None
    name = " ".join((written or b"").decode("utf-8", "replace").split())
    return (_receiver_of(node) + name)[:MOST_NAME_CHARS]


def _receiver_of(node: "Node") -> str:
    """The type that a method of Go is said to be of, with a dot; empty for all others."""
    receiver = node.child_by_field_name("receiver")
    written = receiver.text if receiver is not None else None
    found = RECEIVER.search((written or b"").decode("utf-8", "replace"))
    return f"{found[1]}." if found else ""


def _declared(node: "Node") -> "Node | None":
    """In C a name stands inside of what says how it is used: `*(name[3])(int)`."""
    inner, found = node.child_by_field_name("declarator"), None
    while inner is not None:
        found, inner = inner, inner.child_by_field_name("declarator")
        if inner is None and found.type in ("reference_declarator", "parenthesized_declarator"):
            inner = next(iter(found.named_children), None)
    return found
