"""Findings of single files, each with what it rests on.

What was found in a file is still so if the file is the same, every fact that was asked for has
the answer it had, and no search through the project would give anything else.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sessionlint.cache.answers import Answers
from sessionlint.cache.digests import digest
from sessionlint.cache.outcome import Outcome, Told
from sessionlint.facts.reads import MODULE, NAMES, SEARCH, Fact
from sessionlint.stored import Row, findings_of, rows_of

if TYPE_CHECKING:
    from sessionlint.cache.gate import Gate
    from sessionlint.check import Project
    from sessionlint.model import Finding

__all__ = ["Entries", "told"]


def told(facts: Iterable[Fact], answers: Answers) -> list[Told]:
    """Facts with their answers."""
    return [(*fact, answers.about(fact)) for fact in facts]


class _Entry(NamedTuple):
    contents: str
    rests_on: tuple[int, ...]
    found: list[Row]


class Entries:
    """What is known of the files of one project with one configuration.

    Raises:
        ValueError, TypeError, KeyError, IndexError, AttributeError: what is stored makes no sense.
    """

    def __init__(
        self,
        project: Project,
        stored: Any,  # Any: JSON
        gate: Gate | None = None,
    ) -> None:
        stored = stored or {"facts": [], "names": {}, "speaking": {}, "files": {}, "died": []}
        self.answers = Answers(project, gate)
        self.is_changed = False
        self._facts: list[Told] = [tuple(fact) for fact in stored["facts"]]
        self._numbers = {fact: number for number, fact in enumerate(self._facts)}
        self._names: dict[str, list[str]] = dict(stored["names"])
        self._speaking = {path: str(one) for path, one in stored["speaking"].items()}
        self._files = {
            path: _Entry(contents, tuple(rests_on), found)
            for path, (contents, rests_on, found) in stored["files"].items()
        }
        self._died: set[str] = set(stored["died"])
        self._has_searched = False
        self._asked: set[str] = set()

    def has(self, path: str) -> bool:
        """Whether anything is known of a file."""
        return path in self._files

    def found(self, path: str, data: bytes) -> list[Finding] | None:
        """What is certainly still found in a file that holds these bytes, None if that is open."""
        self._asked.add(path)
        entry = self._files.get(path)
        if entry is None or (self.answers.is_sparing and self._rests_on_names(entry)):
            # To read all of the project for its names costs more than to look at the file again.
            return None
        if entry.contents != digest(data) or not self._holds(path, entry):
            self._files.pop(path, None)
            self.is_changed = True
            return None
        return findings_of(entry.found)

    def _rests_on_names(self, entry: _Entry) -> bool:
        return any(self._facts[number][0] == NAMES for number in entry.rests_on)

    def _holds(self, name: str, entry: _Entry) -> bool:
        facts = [self._facts[number] for number in entry.rests_on]
        if not all(self.answers.about(fact[:-1]) == fact[-1] for fact in facts if fact[0] != NAMES):
            return False
        if any(fact[0] == SEARCH for fact in facts):
            self._search()
            if name not in self._files:
                return False
        return all(self._is_deaf_to(fact[-1], name, facts) for fact in facts if fact[0] == NAMES)

    def _is_deaf_to(self, names: str, name: str, facts: list[Told]) -> bool:
        """Whether no name of the project that came or went stands in what was read."""
        changed = {*self._names[names]} ^ {*self.answers.names}
        if not changed:
            return True
        paths = [name, *(fact[1] for fact in facts if fact[0] == MODULE)]
        texts = [self.answers.held(Path(path)) for path in paths]
        return not any(one.encode("latin-1") in text for one in changed for text in texts)

    def _search(self) -> None:
        """Forget what rests on a search that may give something else by now.

        Files that are as they were are not looked at again.
        """
        if self._has_searched:
            return
        self._has_searched = True
        digests = self.answers.speaking(self._speaking)
        changed = [path for path in digests if self._speaking.get(path) != digests[path]]
        if digests != self._speaking:
            self._speaking, self.is_changed = digests, True
        searches = [number for number, fact in enumerate(self._facts) if fact[0] == SEARCH]
        for path in changed:
            data = self.answers.held(Path(path))
            given = {number for number in searches if _gives(self._facts[number], data)}
            same = self._numbers.get((MODULE, path, self.answers.about((MODULE, path))), -1)
            for name, entry in list(self._files.items()):
                # An entry that knows the file as it is now has taken it into account.
                if same not in entry.rests_on and not given.isdisjoint(entry.rests_on):
                    del self._files[name]

    def add(self, path: str, outcome: Outcome) -> None:
        """Keep what came out of a file; nothing of it can be used any more after that."""
        if outcome.rests_on is None:
            return
        self.is_changed = True
        for fact in outcome.rests_on:
            if fact[0] == SEARCH:
                self._search()
            if fact[0] == NAMES:
                if fact[-1] != self.answers.about((NAMES,)):
                    # Somebody wrote a file of the project between two looks at it.
                    return
                self._names[fact[-1]] = self.answers.names
        self._died.discard(path)
        numbers = tuple(map(self._number, outcome.rests_on))
        self._files[path] = _Entry(outcome.contents, numbers, rows_of(outcome.found))

    def digests(self) -> dict[str, str]:
        """Those of the files that speak as they are now, none where nothing rests on a search."""
        if not any(fact[0] == SEARCH for fact in self._facts):
            return {}
        self._search()
        return self._speaking

    def fear(self, path: str) -> None:
        """Remember that a process died over a file."""
        self._died.add(path)
        self.is_changed = True

    def is_feared(self, path: str) -> bool:
        """Whether a process has died over a file since one last came through."""
        return path in self._died

    def _number(self, fact: Told) -> int:
        if fact not in self._numbers:
            self._numbers[fact] = len(self._facts)
            self._facts.append(fact)
        return self._numbers[fact]

    def stored(self) -> dict[str, Any]:  # Any: JSON
        """All that is known, without what nothing rests on any more."""
        kept = {
            name: entry
            for name, entry in self._files.items()
            if name in self._asked or os.path.isfile(name)
        }
        numbers = sorted({number for entry in kept.values() for number in entry.rests_on})
        new = {number: index for index, number in enumerate(numbers)}
        facts = [self._facts[number] for number in numbers]
        names = {fact[-1] for fact in facts if fact[0] == NAMES}
        return {
            "facts": facts,
            "names": {one: self._names[one] for one in sorted(names)},
            "died": sorted(self._died),
            "speaking": self._speaking,
            "files": {
                name: [entry.contents, [new[number] for number in entry.rests_on], entry.found]
                for name, entry in kept.items()
            },
        }


def _gives(search: Told, data: bytes) -> bool:
    _, word, pattern, _ = search
    return word.encode("latin-1") in data and re.search(pattern.encode("latin-1"), data) is not None
