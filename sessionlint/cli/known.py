"""`check --baseline` and `check --write-baseline`: findings that are known already."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from sessionlint.cli.console import paint_for, say
from sessionlint.cli.request import Asked, Job, has_error, job_of, loaded
from sessionlint.errors import BaselineError
from sessionlint.project import Run
from sessionlint.report.paths import shown

__all__ = ["baselined", "say_what_is_gone"]


def baselined(asked: Asked) -> int:
    """Write down what is found, and report only what could not be checked.

    Raises:
        UnwritableFile: the baseline cannot be written.
    """
    from sessionlint.baseline import baseline_of
    from sessionlint.discover import distinct
    from sessionlint.project import check_files
    from sessionlint.report.progress import watched
    from sessionlint.report.text import concise
    from sessionlint.write import put

    target = Path(asked.write_baseline or "")
    _refuse_other(target)
    job = job_of(asked)
    files = distinct(job.files)
    checked = check_files(files, loaded, job.configuration, job.options)
    found = [
        (path, finding)
        for path, findings in watched(checked, len(files), sys.stderr)
        for finding in findings
    ]
    errors = [(path, one) for path, one in found if has_error([one])]
    known = [(path, one) for path, one in found if not has_error([one])]
    put(target, baseline_of(target, known))
    plain = paint_for(None)
    say((concise(shown(path), one, plain, has_fix=False) for path, one in errors), is_error=True)
    if not asked.quiet:
        say([f"Wrote {len(known)} {_findings(len(known))} to {target}."])
    return 2 if errors else 0


def _refuse_other(path: Path) -> None:
    """Complain early where a file cannot be written, or is something else than a baseline."""
    from sessionlint.baseline import read_baseline
    from sessionlint.write import refuse_to_put

    refuse_to_put(path)
    try:
        if path.is_file() and path.stat().st_size:
            read_baseline(path)
    except BaselineError as error:
        raise BaselineError(f"{error}; name another file, or remove this one") from error


def say_what_is_gone(job: Job, asked: Asked) -> None:
    """Say how many entries of the baseline have become needless, unless nobody wants to hear it."""
    if asked.quiet or job.sieve is None:
        return
    run = Run(loaded, job.configuration, job.options)

    def is_on(path: Path, code: str) -> bool:
        return any(rule.code == code for rule in run.rules_of(path))

    say(_gone(job.sieve.gone(job.given, is_on), asked.baseline), is_error=True)


def _gone(count: int, name: str | None) -> Iterator[str]:
    if count:
        said = f"{count} {_findings(count)} of {name} {'is' if count == 1 else 'are'} gone"
        yield f"warning: {said}; `--write-baseline {name}` writes it anew"


def _findings(count: int) -> str:
    return "finding" if count == 1 else "findings"
