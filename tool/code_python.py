"""Where a Python file defines what: read as a tree, never imported and never run."""

import ast
import warnings
from collections.abc import Iterator

from tool.code_chunks import Defined

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
MOST_BYTES = 1_000_000
"""Parsing takes some hundred times as much memory as the text has."""


def definitions_in(text: str) -> list[Defined]:
    """Functions and classes, not those inside of functions.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: it is no Python, or too much of it.
    """
    if len(text) > MOST_BYTES:
        raise ValueError("it is too long")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(text)
    found, waiting = list[Defined](), [("", node) for node in _statements(tree)]
    while waiting:
        outer, node = waiting.pop()
        if not isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            waiting += ((outer, inner) for inner in _statements(node))
            continue
        name = f"{outer}.{node.name}" if outer else node.name
        holds = isinstance(node, ast.ClassDef)
        first = min((decorator.lineno for decorator in node.decorator_list), default=node.lineno)
        found.append(Defined(name, first, node.end_lineno or node.lineno, holds))
        if holds:
            waiting += ((name, inner) for inner in _statements(node))
    return found


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """Of a block, and the branches of an `if` or `try` around some."""
    kinds = (ast.stmt, ast.ExceptHandler, ast.match_case)
    return (child for child in ast.iter_child_nodes(node) if isinstance(child, kinds))
