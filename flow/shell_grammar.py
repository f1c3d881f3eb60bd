"""What a shell command would run, found with a real shell grammar (the extra `shell`).

    text ── tree-sitter-bash ──> words, quotes and escapes resolved ──> wrappers taken off ──> parts

Every simple command is a part, also those inside substitutions, bodies and wrappers, so that
deny rules see them. What is not certainly all, and certainly so, is not `understood`, and
never matches an allow rule. When in doubt there are more parts rather than fewer.
"""

import re
from collections.abc import Sequence
from dataclasses import field
from itertools import chain
from typing import TYPE_CHECKING

from core.records import dataclass
from core.values import value
from flow.shell_nodes import (
    BODIES,
    HEREDOC_SIGNS,
    LEAVES,
    has_touching_words,
    is_live,
    literal,
    only_later,
    root_of,
    string_pieces,
    text_before,
    text_of,
    words_behind,
)
from flow.shell_words import HIDDEN, guessed_words, other_readings, plain_words, quoted_text
from flow.shell_wrappers import command_name, is_harmless_variable, tails, unwrap

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_CHARACTERS = 100_000
_MAX_DEPTH = 60
_MAX_SCRIPTS = 20
_MAX_PARTS = 500
MISSING_EXTRA = "the extra `shell` is not installed (pip install 'roost[shell]')"


@value
class SimpleCommand:
    argv: tuple[str, ...]
    fed_by: tuple[str, ...] = ()
    """Names of the commands whose output it reads, from a pipe or inside its words."""
    wrapper: bool = False
    """It only runs other parts, which decide; of interest to deny and ask rules alone."""


@value
class ParsedCommand:
    parts: tuple[SimpleCommand, ...]
    writes: tuple[str, ...] = ()
    """Files its redirections write to."""
    reads: tuple[str, ...] = ()
    understood: bool = True
    why_not: str = ""


def parse(command: str) -> ParsedCommand:
    """The parts of a shell command, in the order they are written."""
    if len(command) > MAX_CHARACTERS:
        return _guessed(command, f"it is longer than {MAX_CHARACTERS} characters")
    walk = _Walk()
    try:
        walk.script(command, ())
    except ImportError:
        return _guessed(command, MISSING_EXTRA)
    return walk.result()


def _guessed(command: str, why_not: str) -> ParsedCommand:
    walk = _Walk(problems=[why_not])
    walk.guess(command[:MAX_CHARACTERS])
    return walk.result()


@dataclass
class _Walk:
    """Collects parts and doubts while it goes through the tree."""

    parts: list[SimpleCommand] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)
    reads: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    scripts: int = 0
    depth: int = 0

    def result(self) -> ParsedCommand:
        parts, writes, reads = tuple(dict.fromkeys(self.parts)), tuple(self.writes), tuple(self.reads)
        why_not = self.problems[0] if self.problems else ""
        return ParsedCommand(parts=parts, writes=writes, reads=reads, understood=not why_not, why_not=why_not)

    def script(self, text: str, fed_by: Sequence[str]) -> None:
        """Go through a text that a shell would run."""
        if words := plain_words(text):
            self.run(words, fed_by)
            return
        self.scripts += 1
        if self.scripts > _MAX_SCRIPTS:
            self.problems.append("too many shells are nested in it")
            self.guess(text)
            return
        if HIDDEN.search(text):
            self.problems.append("it holds control characters")
        root = root_of(text)
        if root.has_error:
            self.problems.append("it is no complete shell command")
            self.guess(text)
        self.visit(root, fed_by)
        for why_not, other in other_readings(text):
            self.problems.append(why_not)
            self.script(other, fed_by)

    def guess(self, text: str) -> None:
        """Without a grammar, any word may begin a command."""
        for words in guessed_words(text):
            self.parts += [SimpleCommand(argv=tail, wrapper=True) for tail in tails(words)]
        self.writes += re.findall(r">\s*([^\s<>&]+)", text)

    def visit(self, node: "Node", fed_by: Sequence[str]) -> None:
        self.depth += 1
        if self.depth > _MAX_DEPTH or len(self.parts) > _MAX_PARTS:
            self.problems.append("it is too long or nested too deeply")
            self.guess(text_of(node))
        else:
            self._visit(node, fed_by)
        self.depth -= 1

    def _visit(self, node: "Node", fed_by: Sequence[str]) -> None:
        match node.type:
            case "command":
                self.command(node, fed_by)
            case "pipeline":
                self.pipeline(node.named_children, fed_by)
            case "redirected_statement":
                self.redirected(node, fed_by)
            case "file_redirect":
                self.file_redirect(node)
            case "heredoc_redirect":
                self.heredoc(node, fed_by)
            case "variable_assignment" | "for_statement":
                self.assignment(node, fed_by)
            case "comment":
                self.comment(node)
            case kind if kind in LEAVES:
                self.word(node)
            case kind:
                if kind not in BODIES or (kind == "compound_statement" and text_of(node).startswith("((")):
                    self.problems.append(only_later(kind))
                self.children(node, fed_by)

    def children(self, node: "Node", fed_by: Sequence[str]) -> None:
        for child in node.named_children:
            self.visit(child, fed_by)

    def pipeline(self, nodes: Sequence["Node"], fed_by: Sequence[str]) -> None:
        """Visit nodes of which each reads what those before it write."""
        start = len(self.parts)
        for node in nodes:
            self.visit(node, (*fed_by, *self._names_since(start)))

    def redirected(self, node: "Node", fed_by: Sequence[str]) -> None:
        """Visit a command and its redirections; the grammar takes words behind one for part of it."""
        body = node.child_by_field_name("body")
        redirects = [child for child in node.named_children if child != body]
        words = list(chain.from_iterable(map(words_behind, redirects)))
        if body is not None and body.type == "command":
            self.command(body, fed_by, words)
        elif body is not None:
            self.visit(body, fed_by)
        if words and (body is None or body.type != "command"):
            self.problems.append("words stand behind a redirection")
            before = self.parts[-1].argv if self.parts else ()
            self.run((*before, *map(self.word, words)), fed_by)
        start = len(self.parts)
        for redirect in redirects:
            self.visit(redirect, (*fed_by, *self._names_since(max(0, start - 1))))

    def _names_since(self, start: int) -> tuple[str, ...]:
        parts = self.parts[start : start + _MAX_PARTS]
        return tuple(dict.fromkeys(command_name(part.argv[0]) for part in parts))

    def command(self, node: "Node", fed_by: Sequence[str], behind: Sequence["Node"] = ()) -> None:
        start = len(self.parts)
        argv: list[str] = []
        given: list[str] = []
        for at, child in enumerate(node.children):
            if node.field_name_for_child(at) in ("name", "argument"):
                argv.append(self.word(child))
            elif child.type == "herestring_redirect":
                given += map(self.word, child.named_children)
            elif child.is_named:
                self.visit(child, fed_by)
        argv += map(self.word, behind)
        if has_touching_words(node):
            self.problems.append("where a word of it ends is not certain")
            self.guess(text_of(node))
        if argv:
            if re.search(r"[*?\[\]{}~$`]", argv[0]):
                self.problems.append(f"the command {argv[0][:60]!r} is only known when it runs")
                self.parts += [SimpleCommand(argv=tail, wrapper=True) for tail in tails(argv[1:])]
            self.run(tuple(argv), (*fed_by, *self._names_since(start)))
        for text in given:
            self._given(start, text)

    def run(self, argv: tuple[str, ...], fed_by: Sequence[str]) -> None:
        """Add a command and whatever it runs."""
        self.depth += 1
        inside = unwrap(argv)
        fed_by = tuple(fed_by)
        self.parts.append(SimpleCommand(argv=argv, fed_by=fed_by, wrapper=inside.transparent))
        if inside.problem:
            self.problems.append(inside.problem)
        self.parts += [SimpleCommand(argv=tail, fed_by=fed_by, wrapper=True) for tail in inside.tails]
        if self.depth > _MAX_DEPTH:
            self.problems.append("it is too long or nested too deeply")
            self.parts += [SimpleCommand(argv=tail, wrapper=True) for tail in tails(argv)]
        else:
            for words in inside.commands:
                self.run(words, fed_by)
            for script in inside.scripts:
                self.script(script, fed_by)
        self.depth -= 1

    def _given(self, start: int, text: str) -> None:
        """A text that the parts from `start` on read: a script, if one of them is a shell."""
        if any(unwrap(part.argv).problem for part in self.parts[start:]):
            self.problems.append("a shell may run its input")
            self.script(text, ())

    def assignment(self, node: "Node", fed_by: Sequence[str]) -> None:
        name = node.child_by_field_name("name") or node.child_by_field_name("variable")
        if name is None or not is_harmless_variable(text_of(name)):
            self.problems.append(f"it sets the variable {text_of(name) if name else ''}")
        for child in node.named_children[1:]:
            self.visit(child, fed_by)

    def comment(self, node: "Node") -> None:
        before = text_before(node)[-1:]
        if before.strip() and before not in ";&|()":
            self.problems.append("it may hold a comment")

    def file_redirect(self, node: "Node") -> None:
        sign = next((child.type for child in node.children if not child.is_named), "")
        target = node.child_by_field_name("destination")
        word = self.word(target) if target else ""
        if word and (sign not in (">&", "<&") or not re.fullmatch(r"\d+-?|-", word)):
            (self.reads if sign in ("<", "<&") else self.writes).append(word)

    def heredoc(self, node: "Node", fed_by: Sequence[str]) -> None:
        start = next((text_of(child) for child in node.children if child.type == "heredoc_start"), "")
        name = re.fullmatch(r"(['\"]?)(\w+)\1", start)
        body = next((text_of(child) for child in node.children if child.type == "heredoc_body"), "")
        if name is None or name[2] in map(str.strip, body.rstrip("\t").splitlines()):
            self.problems.append("where its here-document ends is not certain")
        behind = words_behind(node)
        for child in node.named_children:
            if child.type == "heredoc_body":
                self.substitutions(child)
            elif child not in behind and child.type not in HEREDOC_SIGNS:
                self.visit(child, fed_by)
        self._given(0, body)

    def substitutions(self, node: "Node") -> None:
        """Find what runs inside a text that is not itself a command."""
        for child in node.named_children:
            if child.type in LEAVES - {"word"}:
                self.word(child)

    def word(self, node: "Node") -> str:
        """The word as the command gets it; what only the shell knows stays as it is written."""
        text = literal(node)
        if text is not None:
            return text
        match node.type:
            case "command_name" | "translated_string":
                return "".join(map(self.word, node.named_children))
            case "concatenation":
                return "".join(map(self.word, node.children))
            case "string":
                return self.string(node)
            case _:
                return self.unknown(node)

    def unknown(self, node: "Node") -> str:
        if node.is_named or is_live(text_of(node)):
            self.problems.append(only_later(node.type))
            self.children(node, ())
        return text_of(node)

    def string(self, node: "Node") -> str:
        pieces = string_pieces(node)
        if any(isinstance(piece, str) and is_live(piece) for piece in pieces):
            self.problems.append(only_later(node.type))
        return "".join(quoted_text(piece) if isinstance(piece, str) else self.word(piece) for piece in pieces)
