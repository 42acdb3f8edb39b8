"""The findings of an old code base, set aside so that only new ones are reported."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeGuard, cast

from sessionlint.errors import BaselineError

if TYPE_CHECKING:
    from sessionlint.model import Finding

__all__ = ["Baseline", "Sieve", "baseline_of", "read_baseline"]

_VERSION = 1

_Entry = tuple[str, str, str]
"""What a finding is known by when its line has moved: code, function, and the line's text."""

_FIELDS = ("code", "function", "line")


class Baseline(NamedTuple):
    """Known findings by the real paths of their files, each with how often it is there."""

    entries: Mapping[str, Counter[_Entry]]

    def holds(self, path: Path, finding: Finding) -> bool:
        """Whether a finding like this is known in a file."""
        known = self.entries.get(os.path.realpath(path))
        return known is not None and _entry(finding) in known


class Sieve:
    """Lets through what a baseline does not know, and counts what it knows in vain."""

    def __init__(self, baseline: Baseline) -> None:
        self._entries = baseline.entries
        # By the real paths of the files that were checked, with the paths they were checked by.
        self._left: dict[str, tuple[Path, Counter[_Entry]]] = {}

    def news(self, path: Path, found: Iterable[Finding]) -> list[Finding]:
        """Those findings of a file that are not known, or not so often.

        Nothing is counted as gone from a file that could not be checked. Of several that look
        alike nobody can say which is new, so that none of them is fixed.
        """
        found = list(found)
        place = os.path.realpath(path)
        left = Counter(self._entries.get(place, {}))
        news = [one for one in found if _is_error(one) or not _is_known(left, one)]
        if not any(map(_is_error, found)):
            self._left[place] = path, left
        return [one._replace(fix=None) if _entry(one) in left else one for one in news]

    def gone(self, given: Iterable[Path], is_on: Callable[[Path, str], bool]) -> int:
        """How many known findings were not found where one has looked for them.

        That is in the files that were checked, and in those below the `given` paths that are not
        there any more. `is_on` says whether the rule of a code was asked about the file of a path.
        """
        return sum(
            count
            for path, known in (*self._left.values(), *self._vanished(given))
            for entry, count in known.items()
            if count and is_on(path, entry[0])
        )

    def _vanished(self, given: Iterable[Path]) -> Iterator[tuple[Path, Counter[_Entry]]]:
        tops = [os.path.realpath(path) for path in given]
        for name in self._entries.keys() - self._left.keys():
            path = Path(name)
            if any(map(path.is_relative_to, tops)) and not path.exists():
                yield path, self._entries[name]


def _is_known(left: Counter[_Entry], finding: Finding) -> bool:
    """Whether a finding is among those left, which are fewer by one then."""
    entry = _entry(finding)
    if left[entry] <= 0:
        return False
    left[entry] -= 1
    return True


def baseline_of(path: Path, found: Iterable[tuple[Path, Finding]]) -> bytes:
    """What a baseline at this path holds for these findings: sorted, one entry a line.

    Paths are relative to its folder, with slashes.
    """
    entries: dict[str, Counter[_Entry]] = {}
    for file, finding in found:
        entries.setdefault(_relative(file, path), Counter())[_entry(finding)] += 1
    files = [
        f"    {_json(name)}: [\n{_rows(known)}\n    ]" for name, known in sorted(entries.items())
    ]
    body = ",\n".join(files)
    inside = f"{{\n{body}\n  }}" if files else "{}"
    text = f'{{\n  "version": {_VERSION},\n  "files": {inside}\n}}\n'
    return text.encode("utf-8", "surrogatepass")


def _rows(known: Counter[_Entry]) -> str:
    return ",\n".join(
        f"      {_json({**dict(zip(_FIELDS, entry, strict=True)), 'count': count})}"
        for entry, count in sorted(known.items())
    )


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _relative(file: Path, baseline: Path) -> str:
    folder = os.path.dirname(os.path.abspath(baseline))
    real, top = os.path.realpath(file), os.path.realpath(folder)
    if not file.is_relative_to(folder) and Path(real).is_relative_to(top):
        # Have: one of the two is named through a link.
        file, folder = Path(real), top
    try:
        name = os.path.relpath(file, folder)
    except ValueError:
        # Have: another drive of Windows, from which nothing is relative.
        name = str(file)
    return name.replace(os.sep, "/")


def _entry(finding: Finding) -> _Entry:
    return finding.code, finding.function, finding.text


def _is_error(finding: Finding) -> bool:
    return finding.severity.value == "error"


def read_baseline(path: Path) -> Baseline:
    """The baseline in a file.

    Raises:
        BaselineError: it cannot be read, or is none.
    """
    try:
        content: object = json.loads(path.read_bytes().decode("utf-8-sig", "surrogatepass"))
    except OSError as error:
        raise BaselineError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BaselineError(f"{path}: malformed baseline: not UTF-8") from error
    except json.JSONDecodeError as error:
        place = f"{path}:{error.lineno}:{error.colno}"
        raise BaselineError(f"{place}: malformed baseline: {error.msg}") from error
    except (RecursionError, ValueError) as error:
        raise BaselineError(f"{path}: malformed baseline: {error}") from error
    folder = os.path.dirname(os.path.abspath(path))
    return Baseline(
        {
            _real(os.path.join(folder, name)): Counter(dict(_known(path, name, rows)))
            for name, rows in _files(path, content).items()
        }
    )


def _real(path: str) -> str:
    # As it was made relative: two dots lead to the folder above by its name.
    return os.path.realpath(os.path.normpath(path))


def _files(path: Path, content: object) -> dict[str, object]:
    if not _is_object(content) or "version" not in content:
        raise BaselineError(f"{path}: malformed baseline: no object with a `version`")
    version = content["version"]
    if version != _VERSION:
        raise BaselineError(f"{path}: a baseline of version {version!r}, which is not known")
    files = content.get("files")
    if not _is_object(files):
        raise BaselineError(f"{path}: malformed baseline: `files` must be an object")
    return files


def _known(path: Path, name: str, rows: object) -> Iterator[tuple[_Entry, int]]:
    for row in cast("list[object]", rows) if isinstance(rows, list) else [None]:  # any JSON
        if not _is_object(row):
            break
        code, function, line = (row.get(field) for field in _FIELDS)
        count = row.get("count")
        if not (isinstance(code, str) and isinstance(function, str) and isinstance(line, str)):
            break
        if type(count) is not int or count < 1:
            break
        yield (code, function, line), count
    else:
        return
    wanted = "a list of objects with `code`, `function`, `line` and a `count`"
    raise BaselineError(f"{path}: malformed baseline: `files.{name}` must be {wanted}")


def _is_object(value: object) -> TypeGuard[dict[str, object]]:
    """Whether a JSON value is an object; its keys are always strings."""
    return isinstance(value, dict)
