"""One file rewritten: fixes applied, and kept only where a new check proves them right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sessionlint.check import Project, check_source
from sessionlint.errors import UnfitEdit, UnreadableFile
from sessionlint.marks import Mark, marks
from sessionlint.model import Finding, Safety, Severity
from sessionlint.rule import Rule
from sessionlint.source.python import uncompiled

if TYPE_CHECKING:
    from sessionlint.source.parse import Source
    from sessionlint.source.splice import Map

__all__ = ["Fixed", "fix_source", "fixed_singly", "without_edits"]

WALKS = 10
"""How often a file is checked and rewritten before it counts as never settling."""


SINGLY = 20
"""How many fixes of one file are tried by themselves; each takes as long as a check of the file."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """A file after its fixes, and its findings, none of which holds a syntax tree any more.

    `applied` are findings of the old text, in the order in which they were fixed; `remaining` are
    those of the new one. `refused` are the remaining ones whose fix was allowed and not good, each
    with the reason in words. Where nothing is applied, `data` is what was given.
    """

    data: bytes
    applied: tuple[Finding, ...] = ()
    remaining: tuple[Finding, ...] = ()
    refused: tuple[tuple[Finding, str], ...] = ()


def fix_source(
    data: bytes,
    path: Path,
    rules: Sequence[Rule],
    project: Project,
    allowed: Callable[[Finding], bool],
) -> Fixed:
    """A file with every finding fixed that has a fix, is `allowed` and turns out well.

    A fix turns out well when the new text is Python, its finding is gone and no other has come.
    Fixing the result again changes nothing. Nothing is written; afterwards `project` knows the
    file as it is returned.

    Raises:
        UnreadableFile: the file cannot be decoded or parsed, or nests too deep to follow.
    """
    found = check_source(data, path, rules, project)
    if not any(one.fix is not None and allowed(one) for one in found):
        return Fixed(data, remaining=tuple(map(without_edits, found)))
    # Edits are about nodes of the whole file; what was found is found again in its tree.
    project.read_whole(path)
    found = check_source(data, path, rules, project)
    return _Bench(path, rules, project, allowed).fixed(data, found)


def fixed_singly(
    data: bytes,
    path: Path,
    rules: Sequence[Rule],
    project: Project,
    allowed: Callable[[Finding], bool],
) -> Iterator[tuple[Finding, bytes]]:
    """Each finding whose fix is `allowed` and turns out well, and the file after that fix alone.

    Of a file with many such findings, the first `SINGLY` are tried.

    Raises:
        UnreadableFile: the file cannot be decoded or parsed, or nests too deep to follow.
    """
    project.read_whole(path)
    found = check_source(data, path, rules, project)
    yield from _Bench(path, rules, project, allowed).singly(data, found)


def without_edits(finding: Finding) -> Finding:
    """The finding with nothing that keeps a syntax tree alive."""
    if finding.fix is None or not finding.fix.edits:
        return finding
    return finding._replace(fix=finding.fix._replace(edits=()))


@dataclass(frozen=True)
class _State:
    """A text of the file with what is found in it; edits are about the tree of `source`."""

    source: Source
    findings: Sequence[Finding]
    marks: Sequence[frozenset[Mark]]

    @cached_property
    def is_kept(self) -> bool:
        """Whether the tree has every byte of the text."""
        return self.source.module.bytes == self.source.data

    @cached_property
    def map(self) -> Map:
        """Where the nodes of the tree stand."""
        from sessionlint.source.splice import Map

        return Map(self.source.module)


class _Bench:
    """Where one file is fixed, text by text."""

    def __init__(
        self,
        path: Path,
        rules: Sequence[Rule],
        project: Project,
        allowed: Callable[[Finding], bool],
    ) -> None:
        self._path = path
        self._rules = rules
        self._project = project
        self._allowed = allowed

    def fixed(self, data: bytes, found: Sequence[Finding]) -> Fixed:
        """The file after as many walks as it needs."""
        state = start = self._state(data, found)
        applied: list[Finding] = []
        refused: list[tuple[Finding, str]] = []
        for _ in range(WALKS):
            after, done, refused = self._walk(state)
            if after is state:
                break
            state = after
            applied += done
        else:
            refused = []
            if self._wanted(state):
                # Have: what is written now would be changed by the next run.
                refused = [(one, _UNSETTLED) for one in self._wanted(start)]
                state, applied = start, []
        self._project.replace(self._path, state.source.data)
        return Fixed(
            state.source.data,
            tuple(map(without_edits, applied)),
            tuple(map(without_edits, state.findings)),
            tuple((without_edits(finding), reason) for finding, reason in refused),
        )

    def singly(self, data: bytes, found: Sequence[Finding]) -> Iterator[tuple[Finding, bytes]]:
        """The file after each fix by itself."""
        start = self._state(data, found)
        for finding in self._wanted(start)[:SINGLY] if start.is_kept else ():
            attempt = _Attempt(self, start)
            attempt.add([finding])
            if attempt.done:
                yield without_edits(finding), attempt.after.source.data
        self._project.replace(self._path, data)

    def _wanted(self, state: _State) -> list[Finding]:
        return [one for one in state.findings if one.fix is not None and self._allowed(one)]

    def _walk(self, state: _State) -> tuple[_State, list[Finding], list[tuple[Finding, str]]]:
        """The text after fixes that can be made together, those fixes' findings, and the refused.

        As long as all of them fail, the ones that had to wait for them are tried.
        """
        from sessionlint.source.splice import apart

        waiting = self._wanted(state)
        refused: list[tuple[Finding, str]] = []
        if waiting and not state.is_kept:
            return state, [], [(one, _NOT_KEPT) for one in waiting]
        if waiting and (error := uncompiled(state.source.data)):
            return state, [], [(one, f"{_NOT_COMPILED}: {error}") for one in waiting]
        while waiting:
            fixes = [one.fix for one in waiting if one.fix is not None]
            chosen = {id(waiting[index]) for index in apart(state.map, fixes)}
            attempt = _Attempt(self, state)
            attempt.add([one for one in waiting if id(one) in chosen])
            refused += attempt.refused
            if attempt.done:
                return attempt.after, attempt.done, refused
            waiting = [one for one in waiting if id(one) not in chosen]
        return state, [], refused

    def checked(self, data: bytes) -> _State:
        """Another text of the file.

        Raises:
            UnreadableFile: it cannot be parsed.
        """
        self._project.replace(self._path, data)
        return self._state(data, check_source(data, self._path, self._rules, self._project))

    def _state(self, data: bytes, found: Sequence[Finding]) -> _State:
        source = self._project.evaluator.tree.source(self._path, data)
        return _State(source, found, marks(source, found))


class _Attempt:
    """Fixes of one text, made together as far as they get along with it and each other."""

    def __init__(self, bench: _Bench, state: _State) -> None:
        self._bench = bench
        self._before = state
        self.after = state
        self.done: list[Finding] = []
        self.refused: list[tuple[Finding, str]] = []

    def add(self, findings: Sequence[Finding]) -> None:
        """Make these as well; halves of them by themselves where not all can be made."""
        outcome = self._tried([*self.done, *findings])
        if isinstance(outcome, _State):
            self.after = outcome
            self.done += findings
        elif len(findings) == 1:
            self.refused.append((findings[0], outcome))
        else:
            half = len(findings) // 2
            self.add(findings[:half])
            self.add(findings[half:])

    def _tried(self, findings: Sequence[Finding]) -> _State | str:
        """The text with these fixed, or why it is not good."""
        from sessionlint.source.splice import applied

        before = self._before
        edits = [edit for one in findings if one.fix is not None for edit in one.fix.edits]
        try:
            data = applied(before.map, edits).bytes
            if data == before.source.data:
                return "its edits change nothing"
            after = self._bench.checked(data)
        except UnfitEdit as error:
            return str(error)
        except UnreadableFile as error:
            return f"the result is not Python: {error.reason}"
        except SyntaxError as error:
            # Have: LibCST refuses to build a node, which is this error to it.
            return f"the result is not Python: {error.msg}"
        except UnicodeError:
            return "the file's encoding has no room for the result"
        except RecursionError:
            return "nested too deep to rewrite"
        if not after.is_kept:
            return _NOT_KEPT
        return _complaint(before, after, findings) or after


_NOT_KEPT = "the parser does not keep every byte of this file"
_NOT_COMPILED = "this Python cannot compile the file"
_UNSETTLED = f"the file is still not settled after {WALKS} rounds"


def _complaint(before: _State, after: _State, fixed: Sequence[Finding]) -> str:
    """What speaks against a new text; empty when it is good."""
    error = uncompiled(after.source.data)
    if error:
        return f"the result is not Python: {error}"
    ids = set(map(id, fixed))
    room: Counter[Mark] = Counter()
    gone: set[Mark] = set()
    for finding, own in zip(before.findings, before.marks, strict=True):
        if id(finding) in ids:
            gone.update(own)
        else:
            room.update(own)
    for finding, own in zip(after.findings, after.marks, strict=True):
        if any(room[mark] <= 0 for mark in own):
            if own & gone:
                return "it would still be found"
            if _is_next(finding):
                # Have: what is closed now can be managed where it is taken, by another walk.
                continue
            where = f"{finding.code} on line {finding.span.line}"
            return f"the result would have a new {where}: {finding.message}"
        room.subtract(own)
    return ""


def _is_next(finding: Finding) -> bool:
    """Whether a finding has a fix of its own and is a matter of style, or of a risk that it ends.

    `async with s.begin()` is as much at risk in a `with` as it was before, and only there mended.
    """
    if finding.fix is None:
        return False
    is_ended = finding.severity is Severity.RISK and finding.fix.safety is Safety.SAFE
    return is_ended or finding.severity is Severity.STYLE
