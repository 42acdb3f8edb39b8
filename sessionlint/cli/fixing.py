"""`check --fix` and `check --diff`: files rewritten, or shown as they would be."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sessionlint.cli.console import deliver, paint_for, say, say_bytes
from sessionlint.cli.request import Asked, Job, has_error, job_of, loaded, view_of
from sessionlint.errors import UsageError
from sessionlint.report.paths import relative, shown

if TYPE_CHECKING:
    from sessionlint.baseline import Sieve
    from sessionlint.model import Finding
    from sessionlint.repair import Repair, Write
    from sessionlint.report.output import Placed

__all__ = ["fixed", "previewed"]

_SHIELD = re.compile(rb"^[ \t]*(?:from|import)[ \t]+sessionlint\.shield\b", re.MULTILINE)
_SHIELDED = (
    "note: fixed code imports sessionlint.shield: install sessionlint where it runs, or copy the "
    "shield by `sessionlint vendor-shield`"
)


def fixed(asked: Asked) -> int:
    """Fix files and report what is left; what was read from standard input is printed instead."""
    from sessionlint.report.output import output
    from sessionlint.write import written

    job = job_of(asked)
    write = _nowhere if job.is_stdin else partial(written, given=job.given)
    tally = _Tally(job.sieve, is_quiet=asked.quiet)
    unsaved = dict(job.options.unsaved)
    for repair in _repairs(job, write):
        tally.add(repair)
        if job.is_stdin:
            unsaved[repair.path] = repair.fixed.data
    for data in unsaved.values():
        say_bytes(data)
    stream = sys.stderr if job.is_stdin else sys.stdout
    view = view_of(asked, stream, unsaved)
    report = output(tally.found, view, tally.applied)
    deliver(report, asked.output_file, is_error=job.is_stdin)
    say((*tally.complaints, *tally.needs), is_error=True)
    if job.sieve:
        from sessionlint.cli.known import say_what_is_gone

        say_what_is_gone(job, asked)
    if tally.has_failed:
        return 2
    is_bad = tally.found or (tally.applied and asked.exit_non_zero_on_fix)
    return 1 if is_bad and not asked.exit_zero else 0


def previewed(asked: Asked) -> int:
    """Print what fixing would change; of all findings only those that stop it are told.

    Raises:
        UsageError: statistics were asked for as well.
    """
    from sessionlint.report.fixes import diff

    if asked.statistics:
        raise UsageError("`--diff` and `--statistics` do not go together")
    job = job_of(asked)
    tally = _Tally(job.sieve, is_quiet=asked.quiet)
    pieces: list[bytes] = []
    for repair in _repairs(job, _nowhere):
        tally.add(repair)
        if repair.fixed.applied:
            pieces.append(diff(shown(repair.path), repair.before, repair.fixed.data))
    _show(b"".join(pieces), asked)
    say(_beside_a_diff(tally, asked), is_error=True)
    if tally.has_failed:
        return 2
    return 1 if tally.applied and not asked.exit_zero else 0


@dataclass
class _Tally:
    """What became of all files so far; `complaints` say why something was not fixed."""

    sieve: Sieve | None
    is_quiet: bool
    found: list[Placed] = field(default_factory=list["Placed"])
    applied: list[Placed] = field(default_factory=list["Placed"])
    complaints: list[str] = field(default_factory=list[str])
    has_failed: bool = False
    is_shielded: bool = False

    @property
    def needs(self) -> list[str]:
        """What fixed code needs to run that it did not need before."""
        return [_SHIELDED] if self.is_shielded and not self.is_quiet else []

    def add(self, repair: Repair) -> None:
        """Count one more file; a fix that was refused is offered no more."""
        from sessionlint.report.paint import printable

        where, outcome = shown(repair.path), repair.fixed
        refused = {finding for finding, _ in outcome.refused}
        remaining = outcome.remaining
        news = self.sieve.news(repair.path, remaining) if self.sieve else remaining
        left = (one._replace(fix=None) if one in refused else one for one in news)
        self.found += ((where, relative(one)) for one in left)
        self.applied += ((where, one) for one in outcome.applied)
        if not self.is_quiet:
            self.complaints += (_warning(where, *one) for one in outcome.refused)
        if repair.failure:
            self.complaints.append(printable(f"sessionlint: {where}: {repair.failure}"))
        self.has_failed |= bool(repair.failure) or has_error(outcome.remaining)
        if outcome.applied and not _SHIELD.search(repair.before):
            self.is_shielded |= _SHIELD.search(outcome.data) is not None


def _warning(where: str, finding: Finding, reason: str) -> str:
    from sessionlint.report.paint import printable

    place = f"{where}:{finding.span.line}:{finding.span.column + 1}"
    return printable(f"warning: {place}: {finding.code} is not fixed: {reason}")


def _repairs(job: Job, write: Write) -> Iterator[Repair]:
    from sessionlint.discover import distinct
    from sessionlint.repair import fix_files
    from sessionlint.report.progress import watched

    files = distinct(job.files)
    repairs = fix_files(map(Path, files), loaded, job.configuration, job.options, write)
    return watched(repairs, len(files), sys.stderr)


def _nowhere(_path: Path, _before: bytes, _after: bytes) -> None:
    """Accept new contents and write nothing."""


def _show(data: bytes, asked: Asked) -> None:
    """A diff: byte for byte for programs, readable for people."""
    from sessionlint.report.fixes import diff_for_people

    if sys.stdout and sys.stdout.isatty() and asked.output_file is None:
        say(diff_for_people(data, paint_for(sys.stdout, is_plain=asked.no_color)))
    else:
        deliver(data, asked.output_file)


def _beside_a_diff(tally: _Tally, asked: Asked) -> Iterator[str]:
    """What is said about a diff: files that could not be read, refused fixes, and a sum."""
    from sessionlint.report.fixes import is_offered, would_fix
    from sessionlint.report.text import concise

    for where, finding in tally.found:
        if has_error([finding]):
            yield concise(where, finding, paint_for(None), has_fix=False)
    yield from tally.complaints
    yield from tally.needs
    if not asked.quiet:
        offered = partial(is_offered, has_unsafe_fixes=asked.unsafe_fixes)
        hidden = sum(one.fix is not None and not offered(one) for _, one in tally.found)
        yield from would_fix(len(tally.applied), hidden)
