"""A program as a tree of statements, and its text with the places the executor must know."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from textwrap import dedent
from typing import Final

__all__ = ["Clause", "Compound", "Line", "Node", "Program", "constructs", "program", "written"]

_HEADER: Final = """\
import asyncio
from contextlib import aclosing, asynccontextmanager, closing, contextmanager

from elsewhere import Fault, choose, guard, holder, items, pause, stream, work
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session


def close_it(x):
    x.close()


async def close_later(x):
    await x.close()


"""
# The imports are for the linter only: the executor brings its own objects.
_IMPORTS: Final = 7
_ACQUISITION: Final = re.compile(r"\w+ = (Async)?Session\(engine\)")
_HAND_OVER: Final = re.compile(r"return ([st])$")
_RAISE: Final = re.compile(r"raise Fault$")
_HANDLER: Final = re.compile(r"except( .+?)?( as error)?:$")


@dataclass(frozen=True, slots=True)
class Line:
    """A statement on one line; `name` is the variable it is about."""

    text: str
    construct: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Clause:
    """One head and its block: `if …:`, `except …:`, `case …:`."""

    head: str
    body: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Compound:
    """A statement with blocks."""

    construct: str
    clauses: tuple[Clause, ...]


Node = Line | Compound


@dataclass(frozen=True, slots=True)
class Program:
    """One function named `subject` in a module, ready to be checked and to be run.

    `sites` are the lines of its acquisitions in order, `looped` those inside a loop, `doubtful`
    those under a condition whose release stands under another one: only the author knows whether
    the two go together, so the linter may hold its tongue. `owned` are those under a condition
    whose variable may also hold what somebody else releases: no `with` can take the place of the
    release; what is acquired for itself elsewhere is no such thing. `helped` are those for which a
    `with` may not be worth it: their variable is given to the helper, or closed by the very next
    statement, so that it would hold nothing, or holds another one before or after, so that some of
    the function may not be theirs. `quiet` are lines whose `rollback` counts as not failing, for a
    release follows directly. `turns` are the lines whose `choose` decides about a turn, with the
    answer that goes on.
    """

    text: str
    executed: str
    is_async: bool
    sites: tuple[int, ...]
    looped: frozenset[int]
    doubtful: frozenset[int]
    owned: frozenset[int]
    helped: frozenset[int]
    quiet: frozenset[int]
    turns: Mapping[int, int]


def program(function: str) -> Program:
    """The module around the text of one function, which may be indented as a whole."""
    text = _HEADER + dedent(function).strip("\n") + "\n"
    lines = text.splitlines()
    subject = ast.parse(text).body[-1]
    assert isinstance(subject, ast.FunctionDef | ast.AsyncFunctionDef)
    executed = [_HAND_OVER.sub(r"return handed_over(\1)", line) for line in lines[_IMPORTS:]]
    executed = [_RAISE.sub("raise fault()", line) for line in executed]
    executed = [_HANDLER.sub(_seen, line) for line in executed]
    sites = [at for at, line in enumerate(lines, 1) if _ACQUISITION.fullmatch(line.strip())]
    return Program(
        text=text,
        executed="\n" * _IMPORTS + "\n".join(executed) + "\n",
        is_async=isinstance(subject, ast.AsyncFunctionDef),
        sites=tuple(sites),
        looped=frozenset(sites) & frozenset(_looped(subject)),
        doubtful=frozenset(_doubtful(subject)),
        owned=frozenset(_owned(subject)),
        helped=frozenset(_helped(lines, sites)) | frozenset(_shared(subject)),
        quiet=frozenset(_quiet(lines)),
        turns=dict(_turns(subject)),
    )


def _seen(head: re.Match[str]) -> str:
    """The head of a handler that shows the world what it is asked to catch."""
    return f"except seen({(head[1] or 'BaseException').strip()}){head[2] or ''}:"


def _looped(subject: ast.AST) -> Iterator[int]:
    for node in ast.walk(subject):
        if isinstance(node, ast.While | ast.For | ast.AsyncFor):
            yield from range(node.body[0].lineno, _lines(node.body[-1]).stop)


def _doubtful(subject: ast.AST) -> Iterator[int]:
    """The acquisitions in a branch that does not hold the condition of their release."""
    nodes = list(ast.walk(subject))
    branches = [node for node in nodes if isinstance(node, ast.If | ast.Match)]
    for site in nodes:
        if not (isinstance(site, ast.Assign) and isinstance(site.value, ast.Call)):
            continue
        around = [branch for branch in branches if site.lineno in _lines(branch)]
        elsewhere = [it for it in branches if it not in around] if around else []
        far = [it for it in elsewhere if it.lineno not in _lines(around[-1])]
        if any(_asks_release(branch, ast.unparse(site.targets[0])) for branch in far):
            yield site.lineno


def _owned(subject: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[int]:
    """The acquisitions in a branch whose variable is a parameter."""
    given = {node.arg for node in ast.walk(subject) if isinstance(node, ast.arg)}
    sites = _conditional(subject)
    return (site.lineno for site in sites if ast.unparse(site.targets[0]) in given)


def _shared(subject: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[int]:
    """Those whose variable is bound to something else, too, but for branches of their own."""
    values = [ast.unparse(site.targets[0]) for site in _acquisitions(subject)]
    for site in _conditional(subject):
        name = ast.unparse(site.targets[0])
        if values.count(name) > 1 and not _is_apart(subject, name):
            yield site.lineno


def _acquisitions(subject: ast.AST) -> list[ast.Assign]:
    values = (node for node in ast.walk(subject) if isinstance(node, ast.Assign))
    return [node for node in values if ast.unparse(node.value) != "None"]


def _conditional(subject: ast.AST) -> list[ast.Assign]:
    branches = [node for node in ast.walk(subject) if isinstance(node, ast.If | ast.Match)]
    sites = _acquisitions(subject)
    return [one for one in sites if any(one.lineno in _lines(branch) for branch in branches)]


def _is_apart(subject: ast.FunctionDef | ast.AsyncFunctionDef, name: str) -> bool:
    """Whether branches acquire a variable, each once, and nothing else speaks of it."""
    nodes = list(ast.walk(subject))
    suites = [suite for node in nodes for suite in _suites(node)]
    blocks = [range(suite[0].lineno, (suite[-1].end_lineno or 0) + 1) for suite in suites]
    spoken = [node for node in nodes if isinstance(node, ast.Name) and node.id == name]
    around = [
        min((block for block in blocks if node.lineno in block), key=len, default=None)
        for node in spoken
        if isinstance(node.ctx, ast.Store)
    ]
    is_parameter = any(isinstance(node, ast.arg) and node.arg == name for node in nodes)
    inside = set(filter(None, around))
    return (
        not is_parameter
        and len(inside) == len(around)
        and all(sum(node.lineno in block for block in inside) == 1 for node in spoken)
    )


def _suites(node: ast.AST) -> Iterator[list[ast.stmt]]:
    """The branches of an `if` or `match`."""
    if isinstance(node, ast.If):
        yield from filter(None, (node.body, node.orelse))
    elif isinstance(node, ast.Match):
        yield from (case.body for case in node.cases)


def _helped(lines: Sequence[str], sites: Iterable[int]) -> Iterator[int]:
    """The acquisitions in a variable that is given to the helper anywhere, or closed at once."""
    given = {line.strip().removeprefix("await ") for line in lines}
    for site in sites:
        name = lines[site - 1].split()[0]
        after = lines[site].strip() if site < len(lines) else ""
        is_closed = after.removeprefix("await ") == f"{name}.close()"
        if is_closed or given & {f"close_it({name})", f"close_later({name})"}:
            yield site


def _lines(node: ast.stmt) -> range:
    return range(node.lineno, (node.end_lineno or node.lineno) + 1)


def _asks_release(branch: ast.AST, name: str) -> bool:
    """Whether an `if` that asks nothing about the variable or its flag releases it."""
    if not isinstance(branch, ast.If):
        return False
    about = {it.id for it in ast.walk(branch.test) if isinstance(it, ast.Name)}
    ends = {ast.unparse(it) for it in (*branch.body, *branch.orelse)}
    releases = {f"{name}.close()", f"close_it({name})"}
    releases |= {f"await {name}.close()", f"await close_later({name})"}
    return not about & {name, "own"} and bool(ends & releases)


def _quiet(lines: Sequence[str]) -> Iterator[int]:
    """The lines that roll back and are followed by the release, in the same block."""
    for number, (line, after) in enumerate(pairwise(lines), 1):
        before, dot, _ = line.partition(".rollback()")
        indent, name = before[: len(before) - len(before.lstrip())], before[-1:]
        releases = (f"{before}.close()", f"{indent}close_it({name})")
        if dot and after in (*releases, f"{indent}await close_later({name})"):
            yield number


def _turns(subject: ast.AST) -> Iterator[tuple[int, int]]:
    """Lines that ask for another turn: the test of a loop, or the way out of an endless one."""
    for node in ast.walk(subject):
        if isinstance(node, ast.While) and isinstance(node.test, ast.Call):
            yield node.lineno, 1
        elif isinstance(node, ast.While) and isinstance(node.body[0], ast.If):
            yield node.body[0].lineno, 0


def written(body: Iterable[Node], depth: int = 1) -> Iterator[str]:
    """The lines of a block."""
    for node in body:
        if isinstance(node, Line):
            yield "    " * depth + node.text
            continue
        for clause in node.clauses:
            place = depth + clause.head.startswith("case ")
            yield "    " * place + clause.head
            yield from written(clause.body, place + 1)


def constructs(body: Iterable[Node]) -> Iterator[str]:
    """The kinds of all statements in a block, and the heads of handlers and of `else`."""
    for node in body:
        yield node.construct
        if isinstance(node, Compound):
            for clause in node.clauses:
                yield f"{node.construct} {clause.head}"
                yield from constructs(clause.body)
