"""Findings as lines for people."""

from collections.abc import Callable, Iterator, Sequence

from sessionlint.model import Finding, Fix, Safety, Span
from sessionlint.report.excerpt import excerpt, flat
from sessionlint.report.paint import Paint, printable
from sessionlint.report.paths import text_name

__all__ = ["Lines", "below", "concise", "steps"]

Lines = Callable[[str], Sequence[str]]
"""The source lines of a text, by the name it is shown with; none if it cannot be read."""


def concise(path: str, finding: Finding, paint: Paint, *, has_fix: bool) -> str:
    """One line: place, code, a star in brackets if there is a fix to make, message."""
    place = _place(path, finding.span)
    code = paint(finding.code, "code")
    star = f" [{paint('*', 'path')}]" if has_fix else ""
    return f"{paint(place, 'path')}: {code}{star} {printable(finding.message)}"


def below(path: str, finding: Finding, lines: Lines, paint: Paint) -> Iterator[str]:
    """The source, with the place and each note underlined, and what the fix would do."""
    text = text_name(path, finding.span)
    here = [note for note in finding.notes if text_name(note.path or path, note.span) == text]
    places = [(finding.span, ""), *((note.span, note.message) for note in here)]
    yield from excerpt(lines(text), places, paint)
    for note in finding.notes:
        if note not in here:
            other = note.path or path
            yield f"{paint(' -->', 'margin')} {_place(other, note.span)}"
            yield from excerpt(
                lines(text_name(other, note.span)), [(note.span, note.message)], paint
            )
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
        where = text_name(step.path or path, step.span)
        is_here = where == text_name(path, finding.span)
        place = f"line {step.span.line}" if is_here else _place(step.path or path, step.span)
        yield f"  {number}. {place}: {printable(step.message)}"
        source = lines(where)[step.span.line - 1 : step.span.line]
        yield from (f"       {flat(line.strip())}" for line in source)


def _place(path: str, span: Span) -> str:
    return f"{printable(text_name(path, span))}:{span.line}:{span.column + 1}"
