"""The skill compiler: from the text of a Python function to a tool's contract. Nothing of it is run here.

    file ─► module ─► what the function needs ─► rules ─► types and docstring ─► contract
             syntax                              imports, side effects            description, schema, kinds

What is wrong is told all at once, with the line and the mend, to the model that wrote it.
"""

import ast
import keyword
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from core.errors import SkillRejected
from core.skill_kinds import Signature, parameters_schema
from core.skill_module import Module, Needed, Problem, needed_by, source_of, whole
from core.skill_rules import Rules
from core.skill_types import Types
from core.values import value

NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
FUNCTION, EXAMPLE = "# function: ", "# example: "
ARROW = re.compile(r"(\w+\(.*\))\s*(?:->|=>|→|returns|#)\s*([^#]+)", re.DOTALL)
MOST_TOLD, MOST_EXAMPLES, MOST_EXAMPLE_CHARS = 8, 20, 2_000


@value
class Contract:
    """What a skill is: its text, and what can be known of it without running it."""

    name: str
    function: str
    source: str
    """The whole file, as it is kept."""
    description: str
    signature: Signature
    examples: tuple[str, ...] = ()
    """Python expressions that are true."""
    has_doctests: bool = False
    imports: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    """What of the file it came from was not needed."""

    @property
    def parameters(self) -> Mapping[str, Any]:
        return parameters_schema(self.signature)

    @property
    def is_tested(self) -> bool:
        return bool(self.examples) or self.has_doctests


def check_name(name: str, taken: Collection[str] = ()) -> None:
    """Raises SkillRejected for what cannot be the name of a skill."""
    if not NAME.fullmatch(name) or keyword.iskeyword(name):
        hint = "Take small letters, digits and _, beginning with a letter, at most 40."
        raise SkillRejected(f"{name[:80]!r} is no name for a tool.", hint=hint)
    if name in taken:
        raise SkillRejected(f"There is a tool {name!r} already.", hint="Take another tool_name.")


@contextmanager
def _read_to_its_end() -> Iterator[None]:
    try:
        yield
    except (RecursionError, MemoryError) as error:
        said = "The file holds what is nested too deeply to be read."
        raise SkillRejected(said, hint="Write it in smaller steps.") from error
    except ValueError as error:  # a number of thousands of digits, a NUL
        raise SkillRejected(f"The file cannot be read as Python: {error}.") from error


@_read_to_its_end()
def promoted(
    source: str, function: str, name: str, examples: Sequence[str] = (), allowed: Collection[str] = ()
) -> Contract:
    """The contract of a function of a file: of the file it keeps what the function needs.

    Raises:
        SkillRejected: with all that is wrong, and how to mend it.
    """
    check_name(name)
    lines = source.replace("\r\n", "\n").replace("\r", "\n")
    module = Module.read(lines.removeprefix("\ufeff"))
    module.function(function)
    needed = needed_by(function, module)
    written, faults = _expressions(examples, {function, name})
    _compiled(module, needed, function, allowed, faults)
    header = [f"# A skill of Roost: `roost skills show {name}`; after an edit `roost skills accept {name}`."]
    header += [f"{FUNCTION}{function}", *(EXAMPLE + example for example in written)]
    kept = "\n".join(header) + "\n\n" + source_of(module, needed)
    contract = kept_contract(kept, name, allowed)
    return replace(contract, left_out=tuple(needed.left_out(module)))


@_read_to_its_end()
def kept_contract(source: str, name: str, allowed: Collection[str] = ()) -> Contract:
    """The contract of a skill's own file. Raises SkillRejected."""
    check_name(name)
    module = Module.read(source)
    head = _head(module.lines)
    function = next((line.removeprefix(FUNCTION) for line in head if line.startswith(FUNCTION)), name).strip()
    examples = [line.removeprefix(EXAMPLE).strip() for line in head if line.startswith(EXAMPLE)]
    written, faults = _expressions(examples, {function, name})
    needed = whole(module)
    signature, summary, has_doctests = _compiled(module, needed, function, allowed, faults)
    return Contract(
        name=name,
        function=function,
        source=source,
        description=summary,
        signature=signature,
        examples=tuple(written),
        has_doctests=has_doctests,
        imports=tuple(dict.fromkeys(full.partition(".")[0] for full in module.imports.values())),
    )


def _compiled(
    module: Module, needed: Needed, function: str, allowed: Collection[str], faults: Sequence[Problem]
) -> tuple[Signature, str, bool]:
    node, problems = module.function(function), [*faults]
    if any(isinstance(inner, ast.Yield | ast.YieldFrom) for inner in ast.walk(node)):
        problems.append(Problem(line=node.lineno, said=f"{function} yields.", mend="Return a list."))
    problems += Rules(allowed).problems(module, needed)
    signature, told = Types(module, problems).signature(node)
    if problems:
        raise _rejected(problems)
    return signature, told.summary, told.has_examples


def _rejected(problems: Sequence[Problem]) -> SkillRejected:
    told = [str(problem) for problem in sorted(problems, key=lambda problem: problem.line)]
    told = list(dict.fromkeys(told))
    more = f"\nand {len(told) - MOST_TOLD} more" if len(told) > MOST_TOLD else ""
    return SkillRejected("Not promoted.\n" + "\n".join(told[:MOST_TOLD]) + more)


def _head(lines: Sequence[str]) -> list[str]:
    """The comments a file begins with."""
    end = next((at for at, line in enumerate(lines) if not line.startswith("#")), len(lines))
    return list(lines[:end])


def _expressions(examples: Sequence[str], callable_names: set[str]) -> tuple[list[str], list[Problem]]:
    written, problems = list[str](), list[Problem]()
    for number, example in enumerate(examples[:MOST_EXAMPLES], 1):
        try:
            expression = _expression(example[:MOST_EXAMPLE_CHARS])
        except (SyntaxError, ValueError, RecursionError):
            said = f"Example {number} is no Python expression: {example[:80]!r}."
            problems.append(Problem(line=0, said=said, mend="Write it as f(1, 2) == 3."))
            continue
        if not callable_names & {node.id for node in ast.walk(expression) if isinstance(node, ast.Name)}:
            said = f"Example {number} does not call the function: {example[:80]!r}."
            problems.append(Problem(line=0, said=said, mend="Write it as f(1, 2) == 3."))
        written.append(ast.unparse(expression))
    return written, problems


def _expression(example: str) -> ast.expr:
    """`f(1) == 2`, also as an assertion, as in a docstring, or with an arrow: models write them all."""
    text = example.strip()
    if arrow := ARROW.fullmatch(text):
        text = f"({arrow[1]}) == ({arrow[2]})"
    if text.startswith(">>>"):
        first, _, rest = text.removeprefix(">>>").strip().partition("\n")
        text = f"({first}) == ({rest.strip()})" if rest.strip() else first
    match ast.parse(text).body:
        case [ast.Expr(value=expression)]:
            return expression
        case [ast.Assert(test=expression)]:
            return expression
    raise ValueError(example)
