"""Which names a module imports, binds and mentions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from textwrap import dedent
from typing import Final, TypeAlias

import libcst as cst

from sessionlint.source.python import is_python
from sessionlint.source.walk import descend

__all__ = [
    "Import",
    "aliases",
    "binders",
    "code_of",
    "has_comment",
    "imports_in",
    "is_for_checkers",
    "is_mentioned",
    "local_name",
    "origin_of",
]

Import: TypeAlias = cst.Import | cst.ImportFrom
"""Either form of an import."""


def imports_in(statement: cst.BaseStatement) -> list[Import]:
    """The imports on one line, none of a compound statement."""
    small = statement.body if isinstance(statement, cst.SimpleStatementLine) else ()
    return [one for one in small if isinstance(one, (cst.Import, cst.ImportFrom))]


def aliases(node: Import) -> Sequence[cst.ImportAlias]:
    """What an import names, nothing for a star."""
    return () if isinstance(node.names, cst.ImportStar) else node.names


def origin_of(node: Import) -> str:
    """The module of an import, dots first for a relative one; of `import a, b` the first."""
    if isinstance(node, cst.Import):
        return node.names[0].evaluated_name
    name = "" if node.module is None else code_of(node.module)
    return "." * len(node.relative) + name


def local_name(alias: cst.ImportAlias) -> str:
    """The name that an import binds: `a` for `import a.b`."""
    return alias.evaluated_alias or alias.evaluated_name.partition(".")[0]


def has_comment(node: cst.CSTNode) -> bool:
    """Whether a comment stands anywhere in a node, the lines above it not counted."""
    bare = node.with_changes(leading_lines=()) if hasattr(node, "leading_lines") else node
    # Have: no string in it, so that `#` begins a comment.
    return "#" in code_of(bare)


_BINDING: Final = frozenset(
    {
        cst.FunctionDef,
        cst.ClassDef,
        cst.Param,
        cst.TypeAlias,
        cst.TypeVar,
        cst.TypeVarTuple,
        cst.ParamSpec,
        cst.MatchAs,
        cst.MatchStar,
        cst.AssignTarget,
        cst.AnnAssign,
        cst.AugAssign,
        cst.NamedExpr,
        cst.For,
        cst.CompFor,
        cst.WithItem,
        cst.ExceptHandler,
        cst.ExceptStarHandler,
        cst.MatchMapping,
        cst.Import,
        cst.ImportFrom,
    }
)
"""What `binders` looks for: each of its patterns takes long to tell that a node is another."""


def binders(module: cst.Module, name: str) -> Iterator[cst.CSTNode]:
    """Every place in a module that gives the name a meaning, in whatever scope."""
    for node in descend(module):
        if type(node) not in _BINDING:
            continue
        match node:
            case (
                cst.FunctionDef()
                | cst.ClassDef()
                | cst.Param()
                | cst.TypeAlias()
                | cst.TypeVar()
                | cst.TypeVarTuple()
                | cst.ParamSpec()
                | cst.MatchAs()
                | cst.MatchStar()
            ) if node.name is not None and node.name.value == name:
                yield node
            case cst.AssignTarget() | cst.AnnAssign() | cst.AugAssign() | cst.NamedExpr():
                yield from _named(node.target, name)
            case cst.For(target=target) | cst.CompFor(target=target):
                yield from _named(target, name)
            case cst.WithItem(asname=cst.AsName(name=target)):
                yield from _named(target, name)
            case cst.ExceptHandler() | cst.ExceptStarHandler() if node.name is not None:
                yield from _named(node.name.name, name)
            case cst.MatchMapping(rest=cst.Name(value=bound)) if bound == name:
                yield node
            case cst.Import() | cst.ImportFrom():
                if any(local_name(alias) == name for alias in aliases(node)):
                    yield node


def _named(target: cst.CSTNode, name: str) -> Iterator[cst.CSTNode]:
    """A target that is the name, or unpacks into it."""
    match target:
        case cst.Name(value=value) if value == name:
            yield target
        case cst.Tuple(elements=elements) | cst.List(elements=elements):
            for element in elements:
                yield from _named(element.value, name)


def is_for_checkers(statement: cst.BaseStatement) -> bool:
    """Whether a statement is `if TYPE_CHECKING:`."""
    test = statement.test if isinstance(statement, cst.If) else None
    name = test.attr if isinstance(test, cst.Attribute) else test
    return isinstance(name, cst.Name) and name.value == "TYPE_CHECKING"


def is_mentioned(module: cst.Module, name: str) -> bool:
    """Whether a module uses a name, also in a type comment or in a string that reads as code.

    Attributes, keywords and imports of that name do not count.
    """
    word = re.compile(rf"\b{re.escape(name)}\b")
    if re.search(rf"#\s*type:.*\b{re.escape(name)}\b", module.code):
        return True
    silent: set[int] = set()
    for node in descend(module):
        match node:
            case cst.Attribute(attr=inner) | cst.Arg(keyword=cst.Name() as inner):
                silent.add(id(inner))
            case cst.ImportAlias(name=first, asname=cst.AsName(name=second)):
                silent.update((id(first), id(second)))
            case cst.ImportAlias(name=first):
                silent.add(id(first))
            case cst.ImportFrom(module=cst.Name() as inner):
                silent.add(id(inner))
            case cst.SimpleString(value=text) if word.search(text) and _is_code(node):
                return True
            case cst.FormattedStringText(value=text) if word.search(text):
                return True
            case cst.BaseSmallStatement() if _is_offer(node) and word.search(code_of(node)):
                return True
            case cst.Name(value=value) if value == name and id(node) not in silent:
                return True
    return False


def _is_offer(node: cst.BaseSmallStatement) -> bool:
    """Whether a module says what it offers: `__all__ = "load Session".split()`."""
    match node:
        case cst.Assign(targets=[cst.AssignTarget(target=owner), *_]):
            pass
        case cst.AugAssign(target=owner) | cst.AnnAssign(target=owner):
            pass
        case cst.Expr(value=cst.Call(func=cst.Attribute(value=owner))):
            pass
        case _:
            return False
    return isinstance(owner, cst.Name) and owner.value == "__all__"


def code_of(node: cst.CSTNode) -> str:
    """The text of a node."""
    return cst.Module([]).code_for_node(node)


def _is_code(string: cst.SimpleString) -> bool:
    """Whether the contents of a string are Python, as those of an annotation or doctest are."""
    contents = string.evaluated_value
    if b">>>" in (contents if isinstance(contents, bytes) else contents.encode()):
        return True
    return is_python(dedent(contents) if isinstance(contents, str) else contents)
