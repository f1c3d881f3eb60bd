"""What a skill may import and do, as far as its text shows it. The sandbox holds whatever the text hides."""

import ast
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from core.skill_module import Module, Needed, Problem, is_type_checking


def _names(words: str) -> frozenset[str]:
    return frozenset(words.split())


PROCESSES = _names(
    "subprocess multiprocessing concurrent pty signal asyncio code codeop pdb runpy importlib imp"
    " pkgutil zipimport builtins ensurepip venv pydoc idlelib tkinter turtle turtledemo webbrowser"
    " antigravity posix nt winreg msvcrt _posixsubprocess"
)
NETWORK = _names(
    "socket ssl socketserver http urllib ftplib smtplib smtpd poplib imaplib nntplib telnetlib xmlrpc"
    " wsgiref asyncore asynchat selectors cgi cgitb _socket _ssl"
)
FOREIGN = _names("ctypes _ctypes mmap gc sysconfig faulthandler pickle shelve marshal dbm")
HARMLESS = ("urllib.parse", "http.HTTPStatus")
ALWAYS_ALLOWED = ("numpy",)
NO_CALLS = _names("eval exec compile __import__ input breakpoint exit quit")
NO_ATTRIBUTES = _names(
    "os.system os.popen os.fork os.forkpty os.kill os.killpg os.abort os._exit os.posix_spawn"
    " os.posix_spawnp os.startfile sys.exit sys.settrace sys.setprofile sys.modules"
)
PREFIXES = ("os.exec", "os.spawn")
MAKES_VALUES = _names(
    "frozenset set tuple list dict range len min max sum sorted abs round int float str bool complex"
    " bytes zip enumerate reversed divmod pow chr typing.TypeVar typing.NewType typing.TypedDict"
    " collections.namedtuple logging.getLogger collections.defaultdict collections.Counter"
    " collections.OrderedDict collections.deque types.MappingProxyType decimal.Decimal"
    " fractions.Fraction pathlib.Path pathlib.PurePath datetime.date datetime.datetime"
    " datetime.timedelta datetime.time datetime.timezone dataclasses.field random.Random"
)
MODULES_OF_VALUES = ("math.", "numpy.", "cmath.", "statistics.", "re.", "string.", "operator.")
DECORATORS = _names(
    "dataclasses.dataclass property staticmethod classmethod functools.wraps functools.cache"
    " functools.lru_cache functools.cached_property functools.total_ordering functools.singledispatch"
    " contextlib.contextmanager abc.abstractmethod typing.overload typing.final enum.unique"
)
INTO_A_FUNCTION = "Move it into a function, or delete it: loading a skill must do nothing."


@dataclass(frozen=True)
class Rules:
    allowed: Collection[str] = ()
    """Modules that a setting adds to those of the standard library and numpy."""

    def problems(self, module: Module, needed: Needed) -> Iterator[Problem]:
        for node in module.tree.body:
            yield from self._at_the_top(node, module, needed)
        for statement in needed.statements:
            yield from self._within(statement, module)

    def _at_the_top(self, node: ast.stmt, module: Module, needed: Needed) -> Iterator[Problem]:
        match node:
            case ast.Import() | ast.ImportFrom():
                yield from self._imports(node, needed.names)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield from _defined(node, module) if node in needed.statements else ()
            case ast.Assign() | ast.AnnAssign() | ast.AugAssign():
                yield from _calls(node, module) if node in needed.statements else ()
            case ast.Expr(value=ast.Constant()) | ast.Pass():
                pass
            case ast.If(test=test) if is_main(test) or is_type_checking(test):
                pass  # not run when a skill is loaded
            case _:
                words = ast.unparse(node).partition("\n")[0][:60]
                said = f"{words!r} is run when the file is loaded."
                yield Problem(line=node.lineno, said=said, mend=INTO_A_FUNCTION)

    def _within(self, statement: ast.stmt, module: Module) -> Iterator[Problem]:
        for node in ast.walk(statement):
            match node:
                case ast.Import() | ast.ImportFrom() if node is not statement:
                    yield from self._imports(node, None)
                case ast.Name(id=name) if name in NO_CALLS and name not in module.bound:
                    mend = (
                        "Return the value, or raise ValueError."
                        if name in ("exit", "quit")
                        else "Write it out."
                    )
                    yield Problem(line=node.lineno, said=f"{name} is not for skills.", mend=mend)
                case ast.Name() | ast.Attribute() if _is_forbidden(name := module.full_name(node)):
                    mend = (
                        "Raise ValueError." if name == "sys.exit" else "A skill starts and ends no processes."
                    )
                    yield Problem(line=node.lineno, said=f"{name} is not for skills.", mend=mend)

    def _imports(self, node: ast.Import | ast.ImportFrom, names: Collection[str] | None) -> Iterator[Problem]:
        if isinstance(node, ast.ImportFrom) and (
            node.level or any(alias.name == "*" for alias in node.names)
        ):
            said = f"{ast.unparse(node)!r} depends on what is around the file."
            yield Problem(line=node.lineno, said=said, mend="Name what is needed, or copy it into this file.")
            return
        for alias in node.names:
            if names is not None and (alias.asname or alias.name).partition(".")[0] not in names:
                continue  # left out of the skill
            full = f"{node.module}.{alias.name}" if isinstance(node, ast.ImportFrom) else alias.name
            root = full.partition(".")[0]
            if why := self._refusal(full, root):
                mend = f"Allowed are the standard library and {', '.join((*ALWAYS_ALLOWED, *self.allowed))}."
                yield Problem(line=node.lineno, said=f"{root} {why}.", mend=mend)

    def _refusal(self, full: str, root: str) -> str:
        if root in self.allowed or root in ALWAYS_ALLOWED or root == "__future__":
            return ""
        if any(full == one or full.startswith(f"{one}.") for one in HARMLESS):
            return ""
        if root in NETWORK:
            return "reaches the network, which skills cannot"
        if root in PROCESSES:
            return "starts or changes processes, which skills cannot"
        if root in FOREIGN:
            return "goes around Python's own types, which skills may not"
        return (
            ""
            if root in sys.stdlib_module_names
            else "is not allowed in skills; copy what is needed into the file"
        )


def is_main(test: ast.expr) -> bool:
    return isinstance(test, ast.Compare) and "__name__" in ast.unparse(test)


def _is_forbidden(name: str) -> bool:
    return name in NO_ATTRIBUTES or name.startswith(PREFIXES)


def _defined(
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, module: Module
) -> Iterator[Problem]:
    for decorator in node.decorator_list:
        named = decorator.func if isinstance(decorator, ast.Call) else decorator
        name = module.full_name(named)
        if name not in DECORATORS and name.partition(".")[0] not in module.bound:
            said = f"@{ast.unparse(decorator)} is run when the file is loaded."
            yield Problem(line=decorator.lineno, said=said, mend="Leave it out.")
        elif isinstance(decorator, ast.Call):
            yield from (problem for one in ast.iter_child_nodes(decorator) for problem in _calls(one, module))
    if not isinstance(node, ast.ClassDef):
        yield from _calls(node.args, module)
        yield from _calls(node.returns, module)
        return
    for part in (*node.bases, *node.keywords):
        yield from _calls(part, module)
    for item in node.body:
        if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from _defined(item, module)
        elif isinstance(item, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.Expr | ast.Pass):
            yield from _calls(item, module)
        else:
            said = "This is run when the file is loaded."
            yield Problem(line=item.lineno, said=said, mend=INTO_A_FUNCTION)


def _calls(node: ast.AST | None, module: Module) -> Iterator[Problem]:
    """Calls that do more than make a value, in what is evaluated when the file is loaded."""
    for part in ast.walk(node) if node else ():
        if isinstance(part, ast.Call) and not _makes_a_value(part, module):
            said = f"{ast.unparse(part)[:60]!r} is called when the file is loaded."
            yield Problem(line=part.lineno, said=said, mend="Call it in the function that needs it.")


def _makes_a_value(call: ast.Call, module: Module) -> bool:
    name = module.full_name(call.func)
    if not name:  # a method of a value: "a b".split()
        return isinstance(call.func, ast.Attribute)
    if isinstance(call.func, ast.Attribute) and name.partition(".")[0] in module.bound:
        return True
    own = module.bound.get(name, ())
    return (
        name in MAKES_VALUES
        or name.startswith(MODULES_OF_VALUES)
        or any(isinstance(node, ast.ClassDef) for node in own)
    )
