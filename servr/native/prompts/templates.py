"""A model's chat template: where it comes from nobody knows, so it reads no files and comes to its end.

It runs in Jinja's sandbox. What it does is counted: rounds of loops and calls, and how large the values are
that it puts together.
"""

from collections.abc import Iterable, Mapping, Sized
from datetime import datetime
from json import dumps
from typing import Any

from jinja2 import TemplateError, nodes
from jinja2.compiler import CodeGenerator
from jinja2.ext import Extension, loopcontrols
from jinja2.meta import find_undeclared_variables
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace

MOST_STEPS = 2_000_000
MOST_CHARS = 2**24
"""Of one text that is put together; of other things their number."""
MOST_BITS = 2**12
MOST_POWER = 64
ASKS = ("defined", "undefined")

FAULTS = (
    TemplateError,
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What a template may raise that is given what its author did not think of."""


class Template:
    """A template that is compiled; only one thread may use it at a time."""

    def __init__(self, text: str, *, most_steps: int = MOST_STEPS) -> None:
        """Raises one of `FAULTS` for what is no template."""
        self.text = text
        self._environment = Environment(most_steps)
        self._compiled = self._environment.from_string(text)

    def render(self, names: Mapping[str, object]) -> str:
        """Raises one of `FAULTS`."""
        self._environment.steps = 0
        rendered: str = self._compiled.render(names)
        return rendered

    def names(self) -> frozenset[str]:
        """All that it looks at and does not say itself."""
        parsed = self._environment.parse(self.text)
        looked_at: set[str] = find_undeclared_variables(parsed)
        said = {one.name for one in parsed.find_all(nodes.Name) if one.ctx == "store"}
        asked_for = {getattr(one.node, "name", "") for one in parsed.find_all(nodes.Test) if one.name in ASKS}
        return frozenset(looked_at - self._environment.globals.keys() - (said - asked_for))


class _Counting(CodeGenerator):
    """Counts the rounds of loops, and looks at what `~` puts together."""

    def visit_For(self, node: Any, frame: Any) -> None:  # noqa: N802
        node.iter = nodes.Call(nodes.EnvironmentAttribute("counted"), [node.iter], [], None, None)
        node.iter.set_environment(self.environment)
        super().visit_For(node, frame)

    def visit_Concat(self, node: Any, frame: Any) -> None:  # noqa: N802
        self.write("environment.sized(")
        super().visit_Concat(node, frame)
        self.write(")")


class Environment(ImmutableSandboxedEnvironment):
    code_generator_class = _Counting
    intercepted_binops = frozenset(("+", "*", "**", "%"))

    def __init__(self, most_steps: int) -> None:
        super().__init__(trim_blocks=True, lstrip_blocks=True, extensions=[_Generation, loopcontrols])
        self.most_steps = most_steps
        self.steps = 0
        self.filters["tojson"] = _json
        self.globals["raise_exception"] = _refuse
        self.globals["strftime_now"] = _now
        self.globals["namespace"] = _Names
        self.globals["dict"] = _dict
        del self.globals["lipsum"]

    def call(self, *args: Any, **kwargs: Any) -> Any:
        self.count(1)
        return self.sized(super().call(*args, **kwargs))

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "**" and not (abs(left) < 2**MOST_POWER and abs(right) <= MOST_POWER):
            raise TemplateError("The chat template reckons with numbers that are too large.")
        if operator == "*":
            for one, times in ((left, right), (right, left)):
                if isinstance(one, Sized) and isinstance(times, int):
                    self.check_size(len(one) * times)
        return self.sized(super().call_binop(context, operator, left, right))

    def counted(self, items: Iterable[object]) -> Iterable[object]:
        known = items if isinstance(items, Sized) else list(items)
        self.count(len(known))
        return known if isinstance(known, Iterable) else items

    def count(self, steps: int) -> None:
        self.steps += steps
        if self.steps > self.most_steps:
            raise TemplateError("The chat template does not come to its end.")

    def sized(self, made: Any) -> Any:
        if isinstance(made, int):
            self.check_size(made.bit_length(), MOST_BITS)
        elif isinstance(made, Sized):
            self.check_size(len(made))
        return made

    def check_size(self, size: int, most: int = MOST_CHARS) -> None:
        if size > most:
            raise TemplateError("The chat template puts together a value that is too large.")


class _Generation(Extension):
    """`{% generation %}`, by which training knows what the model said: here it changes nothing."""

    tags = frozenset(("generation",))

    def parse(self, parser: Any) -> Any:
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.Scope(body, lineno=line)


class _Names(Namespace):
    """Keeps no name that begins with `_`: behind such stand Python's own."""

    def __init__(*args: Any, **kwargs: Any) -> None:
        self, *given = args
        Namespace.__init__(self)
        for name, value in dict(*given, **kwargs).items():
            self[name] = value

    def __setitem__(self, name: str, value: object) -> None:
        if name.startswith("_"):
            raise TemplateError(f"The chat template keeps something as {name!r}.")
        super().__setitem__(name, value)


def _json(
    item: object,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    """As models saw it in training: nothing is escaped for HTML."""
    return dumps(item, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def _dict(*args: Any, **kwargs: Any) -> dict[Any, Any]:
    """A function, so that a template does not get at the class."""
    return dict(*args, **kwargs)


def _refuse(message: str) -> None:
    raise TemplateError(message)


def _now(form: str) -> str:
    return datetime.now().strftime(form)
