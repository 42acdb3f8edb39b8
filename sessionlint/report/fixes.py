"""What was fixed, what would be, and what can be.

Source: the sentences are ruff's, so that people and scripts know them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter

from sessionlint.model import Finding, Safety
from sessionlint.report.paint import Paint, Role, printable
from sessionlint.report.totals import plural, totals
from sessionlint.source.changes import Change, changes

__all__ = ["diff", "diff_for_people", "fixes", "is_offered", "offers", "would_fix"]

_ROLES: dict[str, Role] = {"+": "good", "-": "code", "@": "margin"}

_AROUND = 3
"""How many lines that stay are shown before and behind those that do not."""

_NO_END = b"\\ No newline at end of file\n"


def is_offered(finding: Finding, *, has_unsafe_fixes: bool) -> bool:
    """Whether `--fix` would be made for a finding as things are asked for."""
    return finding.fix is not None and (has_unsafe_fixes or finding.fix.safety is Safety.SAFE)


def offers(findings: Iterable[Finding], paint: Paint, *, has_unsafe_fixes: bool) -> Iterator[str]:
    """A sentence on what could be fixed, if anything could."""
    fixable = [one for one in findings if one.fix is not None]
    offered = sum(is_offered(one, has_unsafe_fixes=has_unsafe_fixes) for one in fixable)
    hidden = plural(len(fixable) - offered, "unsafe fix", "unsafe fixes")
    more = f"{hidden} available with `--fix --unsafe-fixes`"
    if offered == len(fixable):
        more = ""
    if offered:
        star = paint("*", "path")
        yield f"[{star}] {offered} fixable with `--fix`{f' ({more})' if more else ''}."
    elif more:
        yield f"{more}."


def fixes(applied: Sequence[tuple[str, Finding]]) -> Iterator[str]:
    """What was fixed, file by file."""
    if not applied:
        return
    yield ""
    yield f"Fixed {plural(len(applied), 'error')}:"
    for path, group in groupby(applied, key=itemgetter(0)):
        yield f"- {printable(path)}:"
        for code, name, number in totals(finding for _, finding in group):
            yield f"    {number} \N{MULTIPLICATION SIGN} {code} ({name})"
    yield ""


def would_fix(number: int, hidden: int) -> Iterator[str]:
    """A sentence on what `--fix` would do and what it would leave, if there is anything to say."""
    other = "additional " if number else ""
    count = plural(hidden, f"{other}fix", f"{other}fixes")
    more = f" ({count} available with `--unsafe-fixes`)" if hidden else ""
    if number:
        yield f"Would fix {plural(number, 'error')}{more}."
    elif hidden:
        yield f"No errors would be fixed{more}."


def diff(path: str, before: bytes, after: bytes) -> bytes:
    """A unified diff of a file as `patch` reads it, in the file's own encoding and newlines."""
    # Source: `patch` takes a name up to a tab, where there is none up to a space.
    name = path.encode(errors="surrogateescape") + b"\t" * (" " in path)
    texts = [data.split(b"\n") for data in (before, after)]
    old, new = ([*(line + b"\n" for line in text[:-1]), *filter(None, text[-1:])] for text in texts)
    pieces = _unified(old, new, name)
    return b"".join(line if line.endswith(b"\n") else line + b"\n" + _NO_END for line in pieces)


def _unified(old: list[bytes], new: list[bytes], name: bytes) -> Iterator[bytes]:
    """The lines of a diff."""
    hunks = list(_hunks(changes(old, new)))
    if hunks:
        yield from (b"--- " + name + b"\n", b"+++ " + name + b"\n")
    for hunk in hunks:
        first, last = hunk[0], hunk[-1]
        before = min(first.start, _AROUND)
        behind = min(len(old) - last.stop, _AROUND)
        at, stop = first.start - before, last.stop + behind
        new_range = _range(first.new_start - before, last.new_stop + behind)
        yield b"@@ -%s +%s @@\n" % (_range(at, stop), new_range)
        for one in hunk:
            yield from (b" " + line for line in old[at : one.start])
            yield from (b"-" + line for line in old[one.start : one.stop])
            yield from (b"+" + line for line in new[one.new_start : one.new_stop])
            at = one.stop
        yield from (b" " + line for line in old[at:stop])


def _hunks(changed: Iterable[Change]) -> Iterator[list[Change]]:
    """The changes that are shown together, since what is around them meets."""
    hunk: list[Change] = []
    for one in changed:
        if hunk and one.start - hunk[-1].stop > 2 * _AROUND:
            yield hunk
            hunk = []
        hunk.append(one)
    if hunk:
        yield hunk


def _range(start: int, stop: int) -> bytes:
    """Lines as the head of a hunk tells them. Source: POSIX, `diff -u`."""
    length = stop - start
    if length == 1:
        return b"%d" % (start + 1)
    return b"%d,%d" % (start + (length > 0), length)


def diff_for_people(data: bytes, paint: Paint) -> Iterator[str]:
    """The lines of a diff as a terminal shows them."""
    for line in data.decode(errors="replace").split("\n")[:-1]:
        text = printable(line.removesuffix("\r").replace("\t", "    "))
        role = _ROLES.get(line[:1])
        yield text if role is None else paint(text, role)
