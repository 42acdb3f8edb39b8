"""`check --add-noqa`: findings taken back by comments."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sessionlint.cli.console import paint_for, say
from sessionlint.cli.request import Asked, job_of, loaded
from sessionlint.errors import UsageError
from sessionlint.report.paths import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sessionlint.model import Finding

__all__ = ["noted"]


def noted(asked: Asked) -> int:
    """Add a `# noqa` to every line with a finding, and say how many lines that were.

    Raises:
        UsageError: the only file is standard input.
    """
    from sessionlint.annotate import annotate_files
    from sessionlint.discover import distinct
    from sessionlint.report.paint import printable
    from sessionlint.report.progress import watched
    from sessionlint.report.text import concise
    from sessionlint.write import written

    if asked.reads_stdin:
        raise UsageError("`--add-noqa` rewrites files, and `-` is none")
    job = job_of(asked)
    write = partial(written, given=job.given)
    news = job.sieve.news if job.sieve else _all
    files = distinct(job.files)
    made = annotate_files(map(Path, files), loaded, job.configuration, job.options, news, write)
    count = 0
    complaints: list[str] = []
    for one in watched(made, len(files), sys.stderr):
        count += one.count
        where = shown(one.path)
        if one.failure:
            complaints.append(printable(f"sessionlint: {where}: {one.failure}"))
        complaints += (concise(where, it, paint_for(None), has_fix=False) for it in one.errors)
    say(complaints, is_error=True)
    if not asked.quiet:
        say([f"Added `# noqa` to {count} {'line' if count == 1 else 'lines'}."])
    return 2 if complaints else 0


def _all(_path: Path, found: Sequence[Finding]) -> Sequence[Finding]:
    return found
