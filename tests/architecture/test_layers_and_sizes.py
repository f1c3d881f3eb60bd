"""The house rules a program can check: who imports whom, and how long things may get."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("boot", "core", "flow", "gate", "model", "servr", "store", "tool")
SOURCES = sorted([ROOT / "cli.py", *(file for name in PACKAGES for file in (ROOT / name).rglob("*.py"))])

FILE_LINES = 300
STATEMENTS = 40
BRANCHES = 8
LEVELS = 3
POSITIONAL_PARAMETERS = 5
EXCEPT_EXCEPTION = 5

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
NESTING = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.Try, ast.TryStar, ast.Match)


def test_no_file_is_longer_than_its_ceiling() -> None:
    lengths = {name_of(file): len(file.read_text(encoding="utf-8").splitlines()) for file in SOURCES}

    assert {name: lines for name, lines in lengths.items() if lines > FILE_LINES} == {}


def test_no_function_is_above_a_ceiling() -> None:
    found = [
        f"{name_of(file)}:{function.lineno} {function.name}: {complaint}"
        for file in SOURCES
        for function in functions_in(tree_of(file))
        for complaint in complaints(function)
    ]

    assert found == []


def test_all_errors_are_caught_in_five_places_at_most() -> None:
    found = [
        f"{name_of(file)}:{node.lineno}"
        for file in SOURCES
        for node in ast.walk(tree_of(file))
        if isinstance(node, ast.ExceptHandler) and catches_everything(node)
    ]

    assert len(found) <= EXCEPT_EXCEPTION, found


def test_every_package_is_one_of_ours_and_typed() -> None:
    files = {f"{name}/{file}" for name in PACKAGES for file in ("__init__.py", "py.typed")}

    assert {file for file in files if not (ROOT / file).is_file()} == set()


@pytest.mark.slow
def test_the_import_contracts_hold() -> None:
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"

    finished = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120
    )

    assert finished.returncode == 0, finished.stdout + finished.stderr


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("x = 1\n" * 41, "41 statements"),
        ("if x: pass\n" * 9, "9 branches"),
        ("for a in x:\n if a:\n  try:\n   while a: pass\n  finally: pass\n", "4 levels"),
        ("try: pass\nexcept A: pass\n" * 9, "9 branches"),
    ],
)
def test_the_ceilings_see_what_is_too_much(body: str, complaint: str) -> None:
    source = "def f(x):\n" + "".join(f" {line}\n" for line in body.splitlines())
    (function,) = functions_in(ast.parse(source))

    assert complaint in list(complaints(function))


def test_the_ceilings_let_ordinary_code_pass() -> None:
    source = "def f(a, b, c, d, e, *, g):\n if a: pass\n elif b: pass\n elif c: pass\n else: pass\n def h():\n  return 1\n"

    assert [list(complaints(function)) for function in functions_in(ast.parse(source))] == [[], []]


def name_of(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


@cache
def tree_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def functions_in(tree: ast.AST) -> Iterator[FunctionNode]:
    return (node for node in ast.walk(tree) if isinstance(node, FunctionNode))


def complaints(function: FunctionNode) -> Iterator[str]:
    inside = own_nodes(function)
    positional = [
        argument
        for argument in function.args.posonlyargs + function.args.args
        if argument.arg not in ("self", "cls")
    ]
    counted = (
        (sum(isinstance(node, ast.stmt) for node in inside), STATEMENTS, "statements"),
        (sum(branches_at(node) for node in inside), BRANCHES, "branches"),
        (depth(function), LEVELS, "levels"),
        (len(positional), POSITIONAL_PARAMETERS, "positional parameters"),
    )
    return (f"{count} {what}" for count, ceiling, what in counted if count > ceiling)


def own_nodes(function: ast.AST) -> list[ast.AST]:
    """What stands in a function, without the functions and classes within it."""
    waiting = [*ast.iter_child_nodes(function)]
    for node in waiting:
        if not isinstance(node, FunctionNode | ast.ClassDef):
            waiting += ast.iter_child_nodes(node)
    return waiting


def branches_at(node: ast.AST) -> int:
    """A `match` counts once: over a closed union its cases are a table, not a tangle."""
    return isinstance(node, (ast.If, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.Match))


def depth(node: ast.AST, *, is_elif: bool = False) -> int:
    deepest = 0
    for child in ast.iter_child_nodes(node):
        if isinstance(child, FunctionNode | ast.ClassDef):
            continue
        chained = isinstance(node, ast.If) and isinstance(child, ast.If) and [child] == node.orelse
        deepest = max(deepest, depth(child, is_elif=chained))
    return deepest + (isinstance(node, NESTING) and not is_elif)


def catches_everything(handler: ast.ExceptHandler) -> bool:
    names = (
        {node.id for node in ast.walk(handler.type) if isinstance(node, ast.Name)}
        if handler.type
        else {"Exception"}
    )
    return not names.isdisjoint({"Exception", "BaseException"})
