"""What the gate of an earlier run said of a project, for one in which few files have changed.

A file in which nothing was found, by its bytes and the project's names alone, is not read again
while it is as it was and no file that has changed gives the project a name, or gave it one. The
names themselves are not worked out again, be it that a single file is asked about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sessionlint.cache.digests import digest
from sessionlint.facts.own import Known, Own, is_giving
from sessionlint.facts.waiting import is_async_source
from sessionlint.source.gate import may_speak

if TYPE_CHECKING:
    from sessionlint.cache.stamps import Stamps
    from sessionlint.check import Project

__all__ = ["Gate"]

_MANY: Final = 200
"""How many files may have changed; beyond that, all are looked at anew."""


class Gate:
    """What is known of one project with one configuration.

    `read` gives what is stored, and is called when that is asked for first.
    """

    def __init__(
        self,
        project: Project,
        read: Callable[[], Any],  # Any: JSON
        stamps: Stamps,
    ) -> None:
        self._project = project
        self._read = read
        self._stamps = stamps
        self._stored: dict[str, Any] = {}
        self._speaking = ""
        self._same: set[str] = set()
        self._passed: set[str] = set()

    def recalled(self) -> Known | None:
        """What an earlier run knew of the project, if that is still so.

        Raises:
            ValueError, TypeError, KeyError: what is stored makes no sense.
        """
        stored = self._read()
        if stored is None:
            return None
        known = _known(stored)
        # Each line is a path, and when it was changed; one that was passed is marked in front.
        rows = (line.split("\t") for line in stored["files"].split("\n") if line)
        old = {path: (stamp, mark == "-") for mark, path, stamp in rows if stamp}
        files = self._project.files.python_files
        same = {path for path in files if path in old and self._stamps.of(path) == old[path][0]}
        # All that said something has to be as it was, what is gone included.
        if len(files) - len(same) > _MANY or not known.givers | {known.waiting} <= same | {""}:
            return None
        for path in files:
            data = None if path in same else self._project.files.read(Path(path))
            if data is not None and _is_news(data, known):
                return None
        self._stored, self._same, self._speaking = stored, same, str(stored["speaking"])
        self._passed = {path for path in same if old[path][1]}
        return known

    def passes(self, path: str) -> bool:
        """Whether nothing is found in a file, as is certain without reading it."""
        return self._project.producers.recalls() and path in self._passed

    def let_pass(self, path: str) -> None:
        """Remember that nothing was found in a file; unless that rests on what others hold."""
        if not self._project.producers.rests_on_neighbours(path):
            self._passed.add(path)

    def same(self, digests: Mapping[str, str]) -> set[str] | None:
        """The files that are as they were when `digests` were theirs, None if that is open."""
        if not self._project.producers.recalls() or not self._same or not digests:
            return None
        return self._same if self._speaking == _told(digests) else None

    def stored(self, digests: Mapping[str, str]) -> dict[str, Any] | None:  # Any: JSON
        """What to store, None where that is nothing new.

        `digests` are those of all files that speak, by their paths, as far as they are known.
        """
        known = self._project.producers.known()
        files = self._project.files.python_files if known is not None else ()
        if known is None or any("\n" in path or "\t" in path for path in files):
            return None
        rows = (
            f"{'-' if path in self._passed else ''}\t{path}\t{self._stamp(path)}" for path in files
        )
        new = {
            "files": "\n".join(rows),
            "names": [_texts(names) for names in known.own],
            "givers": sorted(known.givers),
            "waiting": known.waiting,
            "speaking": _told(digests),
        }
        return None if new == self._stored else new

    def _stamp(self, path: str) -> str:
        return self._stamps.of(path) if self._stamps.is_settled(path) else ""


def _known(stored: Any) -> Known:  # Any: JSON
    shared, every, makers, givers = (
        frozenset(one.encode("latin-1") for one in names) for names in stored["names"]
    )
    own = Own(shared, every, makers, givers)
    return Known(own, frozenset(map(str, stored["givers"])), str(stored["waiting"]))


def _texts(names: Iterable[bytes]) -> list[str]:
    return sorted(name.decode("latin-1") for name in names)


def _told(digests: Mapping[str, str]) -> str:
    return digest(*(part for pair in sorted(digests.items()) for part in pair))


def _is_news(data: bytes, known: Known) -> bool:
    """Whether a file may change what is known of its project."""
    if not may_speak(data):
        return False
    return is_giving(data, known.own) or (not known.waiting and is_async_source(data))
