"""Files fixed one after the other, each judged by what became of those before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sessionlint.errors import ChangedFile, ConfigError, UnreadableFile, UnwritableFile
from sessionlint.fix import Fixed, fix_source, fixed_singly
from sessionlint.project import Options, Rules, Run
from sessionlint.source.text import decoded

if TYPE_CHECKING:
    from sessionlint.config import Configuration
    from sessionlint.model import Finding

__all__ = ["Repair", "Write", "fix_files", "texts_of_fixes"]

TRIES = 3
"""How often a file is fixed anew because somebody else wrote it meanwhile."""

Write = Callable[[Path, bytes, bytes], object]
"""Puts new contents in place of old ones; raises ChangedFile or UnwritableFile."""


@dataclass(frozen=True, slots=True)
class Repair:
    """What became of one file: what it held before, and `failure` where it could not be written."""

    path: Path
    before: bytes
    fixed: Fixed
    failure: str = ""


def fix_files(
    files: Iterable[Path],
    rules: Rules,
    configuration: Configuration,
    options: Options,
    write: Write,
) -> Iterator[Repair]:
    """Files, given as absolute paths, fixed and handed to `write` where that changes them.

    Files that come later are judged by what `write` has accepted. Those that came before a change
    are looked at again and come once more with what is new in them, if anything is. A file that
    cannot be checked has one remaining finding of severity ERROR.

    Raises:
        ConfigError: a pyproject.toml above one of the files is wrong.
    """
    run = Run(rules, configuration, options)
    done: list[Repair] = []
    for path in files:
        done.append(_repair(run, path, write))
        yield done[-1]
    changed = [index for index, one in enumerate(done) if one.fixed.applied]
    for repair in done[: changed[-1]] if changed else ():
        known = {(one.code, one.span) for one in repair.fixed.remaining}
        news = [one for one in run.findings(repair.path) if (one.code, one.span) not in known]
        if news:
            yield _left(run, repair.path, news)


def texts_of_fixes(
    files: Iterable[Path], rules: Rules, configuration: Configuration, options: Options
) -> Iterator[tuple[Path, Finding, tuple[str, str]]]:
    """Each finding whose fix is allowed and good, with its file's text before and after it alone.

    Nothing is written. A file that cannot be checked has none.

    Raises:
        ConfigError: a pyproject.toml above one of the files is wrong.
    """
    run = Run(rules, configuration, options)
    for path in files:
        settings, project = run.place(path)
        may_fix = partial(run.may_fix, path, settings=settings)
        with suppress(UnreadableFile, RecursionError):
            data = run.bytes_of(path)
            before = decoded(data)
            for finding, after in fixed_singly(data, path, run.rules_of(path), project, may_fix):
                yield path, finding, (before, decoded(after))


def _repair(run: Run, path: Path, write: Write) -> Repair:
    attempts = (_attempt(run, path, write) for _ in range(TRIES))
    done = next((one for one in attempts if one is not None), None)
    failure = "changed again and again while it was being fixed"
    return _left(run, path, run.findings(path), failure) if done is None else done


def _attempt(run: Run, path: Path, write: Write) -> Repair | None:
    """A file repaired, or not; None when somebody else has written it meanwhile."""
    try:
        return _repaired(run, path, write)
    except (UnreadableFile, RecursionError) as error:
        return _left(run, path, run.unreadable(path, error))
    except UnwritableFile as error:
        return _left(run, path, run.findings(path), str(error))
    except ChangedFile:
        return None
    except ConfigError:
        raise
    except Exception:  # noqa: BLE001 - a bug costs one file; what became of the others is told
        from traceback import print_exc

        print_exc()
        return _left(run, path, run.unreadable(path, UnreadableFile("the fixer died on this file")))


def _left(run: Run, path: Path, found: Iterable[Finding], failure: str = "") -> Repair:
    """A file as it is."""
    data = run.read(path) or b""
    return Repair(path, data, Fixed(data, remaining=tuple(found)), failure)


def _repaired(run: Run, path: Path, write: Write) -> Repair:
    data = run.bytes_of(path)
    settings, project = run.place(path)
    fixed = fix_source(
        data, path, run.rules_of(path), project, lambda one: run.may_fix(path, one, settings)
    )
    if fixed.data != data:
        try:
            write(path, data, fixed.data)
        except (ChangedFile, UnwritableFile):
            run.replace(path, run.read(path) or b"")
            raise
        run.replace(path, fixed.data)
    remaining = tuple(run.offered(fixed.remaining, settings))
    return Repair(path, data, replace(fixed, remaining=remaining))
