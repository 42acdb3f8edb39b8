"""What the facts that a finding rests on are now, asked without a parser."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from sessionlint.cache.digests import digest
from sessionlint.facts.places import module_name
from sessionlint.facts.reads import (
    BELOW,
    ELSEWHERE,
    GETS,
    LOCKED,
    MODULE,
    NAMES,
    OLDER,
    OTHERS,
    PLACE,
    TESTED,
    Fact,
)
from sessionlint.source.gate import may_speak

if TYPE_CHECKING:
    from sessionlint.cache.gate import Gate
    from sessionlint.check import Project

__all__ = ["Answers"]


class Answers:
    """The answers of one project, each worked out once."""

    def __init__(self, project: Project, gate: Gate | None = None) -> None:
        self._project = project
        self._gate = gate
        self._known: dict[Fact, str] = {}
        self._names: list[str] | None = None

    def about(self, fact: Fact) -> str:
        """The answer about a fact as text; empty for one that holds or not with the others."""
        if fact not in self._known:
            self._known[fact] = self._answer(*fact)
        return self._known[fact]

    def _answer(self, kind: str, *about: str) -> str:
        places = self._project.places
        if kind == MODULE:
            return self._of_module(Path(*about))
        if kind in {PLACE, OTHERS}:
            name, folder = about
            # Only the folder of the importing file counts.
            importer = Path(folder, "_.py")
            if kind == OTHERS:
                return "\n".join(map(str, places.others(name, importer)))
            return str(places.locate(name, importer) or "")
        if kind == BELOW:
            folder, name = about
            return str(places.relative(Path(folder), name) or "")
        if kind == LOCKED:
            return self._project.files.locks.version(*about) or ""
        if kind == OLDER:
            folder, *release = about
            locks = self._project.files.locks
            return str(locks.may_be_before(folder, tuple(map(int, release))))
        if kind == GETS:
            return str(self._project.producers.may_get(Path(*about)))
        if kind in {ELSEWHERE, TESTED}:
            word, pattern = (text.encode("latin-1") for text in about)
            files = self._project.files
            searched = files.quiet if kind == ELSEWHERE else files.tests
            return "\n".join(map(str, searched(word, re.compile(pattern))))
        return digest("\n".join(self.names)) if kind == NAMES else ""

    def _of_module(self, path: Path) -> str:
        data = self._project.held(path)
        return "" if data is None else f"{digest(data)} {module_name(path)}"

    def held(self, path: Path) -> bytes:
        """What a module holds, nothing where it cannot be read."""
        return self._project.held(path) or b""

    @property
    def is_sparing(self) -> bool:
        """Whether the names of the project are not known, and not worth reading all of it."""
        return self._project.is_sparing

    @property
    def names(self) -> list[str]:
        """The names through which the project acquires."""
        if self._names is None:
            names = self._project.producers.all_names
            self._names = sorted(name.decode("latin-1") for name in names)
        return self._names

    def speaking(self, known: Mapping[str, str]) -> dict[str, str]:
        """The digest of each file that a search through the project looks at, by its path.

        `known` are those of an earlier run; what is as it was then is not read.
        """
        files = self._project.files
        same = None if self._gate is None else self._gate.same(known)
        if same is None:
            return {path: digest(data) for path, data in files.speaking}
        found = {path: known[path] for path in same if path in known}
        for path in files.python_files:
            data = None if path in same else files.read(Path(path))
            if data is not None and may_speak(data):
                found[path] = digest(data)
        return found
