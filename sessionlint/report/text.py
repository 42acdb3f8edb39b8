"""Findings as lines for people."""

from collections.abc import Callable, Iterator, Sequence

from sessionlint.model import Finding, Fix, Note, Safety
from sessionlint.report.excerpt import excerpt, flat
from sessionlint.report.paint import Paint, printable

__all__ = ["Lines", "below", "concise", "steps"]

Lines = Callable[[str], Sequence[str]]
"""The source lines of a file, by the path it is shown with; none if it cannot be read."""


def concise(path: str, finding: Finding, paint: Paint, *, has_fix: bool) -> str:
    """One line: place, code, a star in brackets if there is a fix to make, message."""
    place = f"{printable(path)}:{finding.span.line}:{finding.span.column + 1}"
    code = paint(finding.code, "code")
    star = f" [{paint('*', 'path')}]" if has_fix else ""
    return f"{paint(place, 'path')}: {code}{star} {printable(finding.message)}"


def below(path: str, finding: Finding, lines: Lines, paint: Paint) -> Iterator[str]:
    """The source, with the place and each note underlined, and what the fix would do."""
    here = [note for note in finding.notes if note.path in {None, path}]
    places = [(finding.span, ""), *((note.span, note.message) for note in here)]
    yield from excerpt(lines(path), places, paint)
    for note in finding.notes:
        if note not in here and note.path is not None:
            yield f"{paint(' -->', 'margin')} {_place(note.path, note)}"
            yield from excerpt(lines(note.path), [(note.span, note.message)], paint)
    if finding.fix is not None:
        yield f"{paint('help:', 'heading')} {printable(_help(finding.fix))}"


def _help(fix: Fix) -> str:
    if fix.safety is Safety.SAFE:
        return fix.title
    return f"{fix.title} (unsafe{f': {fix.reason}' if fix.reason else ''})"


def steps(path: str, finding: Finding, lines: Lines, paint: Paint) -> Iterator[str]:
    """The way to the harm, one step a line, each followed by its source line."""
    if not finding.steps:
        return
    yield paint("  the way there:", "heading")
    for number, step in enumerate(finding.steps, start=1):
        where = step.path or path
        place = f"line {step.span.line}" if where == path else _place(where, step)
        yield f"  {number}. {place}: {printable(step.message)}"
        source = lines(where)[step.span.line - 1 : step.span.line]
        yield from (f"       {flat(line.strip())}" for line in source)


def _place(path: str, note: Note) -> str:
    return f"{printable(path)}:{note.span.line}:{note.span.column + 1}"
