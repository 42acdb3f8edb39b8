"""Where a line of imports goes in a module, and what happens to the white space around it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import libcst as cst

from sessionlint.source.mentions import Import, imports_in, origin_of

__all__ = ["exchanged", "inserted", "left_out", "without"]

_BLANK = cst.EmptyLine(indent=False)


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of imports: its index in the module's body, and what isort looks at.

    `section` is 0 for `__future__`, 1 for the standard library, 2 for other packages and 3 for
    relative imports; `group` counts the stretches between blank lines.
    """

    index: int
    origin: str
    section: int
    group: int
    is_from: bool

    @property
    def top(self) -> str:
        """The outermost package."""
        return self.origin.partition(".")[0]


def exchanged(module: cst.Module, old: Import, new: Import) -> cst.Module:
    """The module with one of its top-level imports replaced."""
    index, line = _line_of(module, old)
    small = [new if one is old else one for one in line.body]
    return _with(module, index, index + 1, [line.with_changes(body=small)])


def left_out(module: cst.Module, node: Import) -> cst.Module:
    """The module without a top-level import; the comments above it stay.

    One of several statements on a line is not taken out.
    """
    _, line = _line_of(module, node)
    return module if len(line.body) > 1 else without(module, line)


def without(module: cst.Module, statement: cst.BaseStatement) -> cst.Module:
    """The module without one of its statements; the comments above it stay."""
    index = next(at for at, one in enumerate(module.body) if one is statement)
    above = _leading(statement)
    is_said = any(one.comment is not None for one in above)
    if index + 1 == len(module.body):
        footer = [*above, *module.footer] if is_said else module.footer
        return _with(module.with_changes(footer=footer), index, index + 1, [])
    below = module.body[index + 1]
    kept = _leading(below)
    if is_said:
        kept = [*above, *kept]
    elif not kept:
        kept = above
    elif index == 0 and not module.header:
        kept = kept[_blanks(kept) :]
    return _with(module, index, index + 2, [below.with_changes(leading_lines=kept)])


def inserted(module: cst.Module, origin: str, name: str) -> cst.Module:
    """The module with `from origin import name` on a line of its own, where isort would have it.

    It goes into the first block of imports, after the docstring and `__future__`, and into the
    group that holds its like. A comment above another import stays with that.
    """
    new = _line(origin, name)
    run = _run(module.body)
    section = _section(origin)
    like = _like(run, section, origin.partition(".")[0])
    if like:
        return _among(module, like, new, origin)
    before = [line.index for line in run if line.section < section]
    start = run[0].index if run else _after_docstring(module.body)
    at = before[-1] + 1 if before else start
    if at == 0:
        return _on_top(module, new)
    # Have: something stands above, and the new line is a group of its own.
    new = new.with_changes(leading_lines=[_BLANK])
    return _with(module, at, at + 1, [new, *_set_off(module.body[at : at + 1])])


def _among(
    module: cst.Module, like: Sequence[_Line], new: cst.SimpleStatementLine, origin: str
) -> cst.Module:
    """Into a group, in the order of the modules that names are imported from."""
    later = [one for one in like if one.is_from and one.origin.lower() > origin.lower()]
    if later:
        index = later[0].index
        below = module.body[index]
        leading = _leading(below)
        if all(line.comment is None for line in leading):
            new = new.with_changes(leading_lines=leading)
            return _with(module, index, index + 1, [new, below.with_changes(leading_lines=[])])
        return _with(module, index + 1, index + 1, [new])
    after = [one.index for one in like if one.is_from] or [like[-1].index]
    return _with(module, after[-1] + 1, after[-1] + 1, [new])


def _on_top(module: cst.Module, new: cst.SimpleStatementLine) -> cst.Module:
    """Before all statements, but after what a file begins with: licence, coding, interpreter."""
    below = _set_off(module.body[:1])
    header = list(module.header)
    if below and not imports_in(module.body[0]):
        last = max((at for at, line in enumerate(header) if line.comment is None), default=-1)
        if 0 <= last < len(header) - 1:
            # Have: comments right above the first statement that are not the file's first lines.
            leading = [*_leading(below[0]), *header[last + 1 :]]
            below = [below[0].with_changes(leading_lines=leading)]
            header = header[: last + 1]
    return _with(module.with_changes(header=header), 0, 1, [new, *below])


def _set_off(statements: Iterable[cst.BaseStatement]) -> list[cst.BaseStatement]:
    """The statements with a blank line before each, as many as PEP 8 wants."""
    found: list[cst.BaseStatement] = []
    for statement in statements:
        leading = _leading(statement)
        is_definition = isinstance(statement, (cst.FunctionDef, cst.ClassDef))
        missing = max((2 if is_definition else 1) - _blanks(leading), 0)
        found.append(statement.with_changes(leading_lines=[_BLANK] * missing + leading))
    return found


def _like(run: Sequence[_Line], section: int, top: str) -> list[_Line]:
    """The lines of a section in the group where a new one belongs: beside its own package."""
    same = [line for line in run if line.section == section]
    own = [line for line in same if line.top == top] or same
    return [line for line in same if line.group == own[0].group] if own else []


def _run(body: Sequence[cst.BaseStatement]) -> list[_Line]:
    """The first block of imports, up to the first other statement; values may stand above it."""
    found: list[_Line] = []
    group = 0
    start = _after_docstring(body)
    while start < len(body) and _is_value(body[start]):
        start += 1
    for index in range(start, len(body)):
        imports = imports_in(body[index])
        if not imports:
            break
        group += _blanks(_leading(body[index])) > 0
        origin = origin_of(imports[0])
        is_from = isinstance(imports[0], cst.ImportFrom)
        found.append(_Line(index, origin, _section(origin), group, is_from))
    return found


def _is_value(statement: cst.BaseStatement) -> bool:
    """Whether a line only names values, such as `__version__ = "1.0"`."""
    return isinstance(statement, cst.SimpleStatementLine) and all(
        isinstance(one, (cst.Assign, cst.AnnAssign)) for one in statement.body
    )


def _section(origin: str) -> int:
    if origin == "__future__":
        return 0
    if origin.startswith("."):
        return 3
    return 1 if origin.partition(".")[0] in sys.stdlib_module_names else 2


def _after_docstring(body: Sequence[cst.BaseStatement]) -> int:
    first = body[0] if body else None
    if not isinstance(first, cst.SimpleStatementLine):
        return 0
    match first.body[0]:
        case cst.Expr(value=cst.SimpleString() | cst.ConcatenatedString()):
            return 1
    return 0


def _line_of(module: cst.Module, node: Import) -> tuple[int, cst.SimpleStatementLine]:
    """The line of a top-level import, and its index in the body."""
    for index, line in enumerate(module.body):
        if isinstance(line, cst.SimpleStatementLine) and any(one is node for one in line.body):
            return index, line
    raise LookupError("not an import of this module")


def _line(origin: str, name: str) -> cst.SimpleStatementLine:
    module = cst.parse_module(f"from {origin} import {name}\n")
    line = module.body[0]
    assert isinstance(line, cst.SimpleStatementLine)
    return line


def _leading(statement: cst.BaseStatement) -> list[cst.EmptyLine]:
    """The blank lines and comments above a statement; every kind of statement has them."""
    lines: Sequence[cst.EmptyLine] = getattr(statement, "leading_lines", ())
    return list(lines)


def _blanks(lines: Sequence[cst.EmptyLine]) -> int:
    """How many blank lines come first."""
    return next((at for at, line in enumerate(lines) if line.comment is not None), len(lines))


def _with(
    module: cst.Module, start: int, stop: int, statements: Sequence[cst.BaseStatement]
) -> cst.Module:
    return module.with_changes(body=[*module.body[:start], *statements, *module.body[stop:]])
