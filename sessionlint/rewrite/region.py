"""The statements that a `with` would cover."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise

import libcst as cst

from sessionlint.facts.scopes import How
from sessionlint.facts.syntax import TRIES, Try, index_of, is_name
from sessionlint.flow.leaving import own_names
from sessionlint.flow.nodes import Nodes
from sessionlint.flow.resource import Resource
from sessionlint.flow.sections import Section, section_of
from sessionlint.rewrite.companions import Companions
from sessionlint.rewrite.leaving import Loaded
from sessionlint.source.walk import descend

__all__ = ["Region", "is_target", "region", "spoken_elsewhere"]

_LOOPS = (cst.For, cst.While)
_BOUND_AND_ENTERED = 2


@dataclass(slots=True, eq=False)
class Region:
    """Where a resource lives in its function.

    `block` holds the acquiring statement at `start`; `stop` is behind the last statement there
    that speaks of the resource. `unborn` is the statement `name = None` before, which may bind
    other names, too. `guard` is the `try` whose body is `block` and whose other parts speak of the
    resource, in `outside`. `section` is what the region lies in where others open the name, too.
    `covered` is how many statements at its end only close companions.
    """

    resource: Resource
    body: Nodes
    block: cst.IndentedBlock | cst.Module
    start: int
    stop: int
    companions: Companions
    unborn: cst.SimpleStatementLine | None = None
    guard: Try | None = None
    outside: list[cst.Name] = field(default_factory=list[cst.Name])
    section: Section | None = None
    covered: int = 0

    @property
    def statements(self) -> Sequence[cst.BaseStatement]:
        """What the `with` would hold."""
        return self.block.body[self.start + 1 : self.stop]

    @property
    def is_entered(self) -> bool:
        """Whether the next statement enters the name, and that is all there is of it.

        Nothing of a driver can be entered that was awaited: `acq = await pool.acquire()`.
        """
        match self.block.body[self.start + 1 : self.stop]:
            case [cst.With(items=[cst.WithItem(item=cst.Name() as name)], asynchronous=entered)]:
                spoken = sum(1 for _ in _mentions(self))
                is_it = name.value == self.resource.name and spoken == _BOUND_AND_ENTERED
                return is_it and entered is not None and self.resource.thing.type.is_of_driver
        return False

    @property
    def limit(self) -> int:
        """Where in `block` the resource loses its name, at the latest."""
        parts = self.section.parts if self.section else ()
        ends = [place for place, one in enumerate(self.block.body) if one in parts]
        return ends[-1] + 1 if ends else len(self.block.body)

    @property
    def may_go_on(self) -> bool:
        """Whether the name may still hold the resource in the section of the next one."""
        return self.section is not None and self.section.may_go_on

    @property
    def behind(self) -> Sequence[cst.BaseStatement]:
        """What follows the acquiring statement, as far as the name is that of the resource."""
        return self.block.body[self.start + 1 : self.limit]

    @property
    def later(self) -> Sequence[cst.BaseStatement]:
        """Those statements of it that are behind the region."""
        return self.block.body[self.stop : self.limit]

    def stretch(self) -> None:
        """Cover all that may need the resource, where nothing ever closes it.

        What is opened meanwhile is covered up to its close, or it could have no `with` then.
        What a driver's connection was told, to listen or to lock, holds as long as it is open.
        """
        loaded = Loaded.through(self.resource, self.behind)
        needing = [index for index, one in enumerate(self.later) if loaded.is_in(one)]
        self.stop += needing[-1] + 1 if needing else 0
        ending = [index for index, one in enumerate(self.later) if self._is_end_inside(one)]
        self.stop += ending[-1] + 1 if ending else 0
        if self.resource.thing.type.is_of_driver:
            self.stop = self.limit

    def cover(self) -> None:
        """Cover as well the closes that follow of companions that are opened in the region.

        Closed in the order in which they were opened, they could not all have a `with` else.
        """
        while self.guard is None and self.later and self._is_end_inside(self.later[0]):
            self.stop += 1
            self.covered += 1

    def _is_end_inside(self, line: cst.BaseStatement) -> bool:
        """Whether a statement closes a companion that a line of the region opens."""
        closed = self.companions.closed_by(line)
        lines = (one for one in self.statements if isinstance(one, cst.SimpleStatementLine))
        opened = (small for line in lines for small in line.body)
        return closed is not None and any(one is closed.binding.node for one in opened)

    def is_outlived_in(self, parts: Iterable[cst.CSTNode]) -> bool:
        """Whether parts of the `try` close a companion that is opened in the region.

        It would have to be closed there for good, behind a `with` of this one.
        """
        inside = {id(node) for one in self.statements for node in descend(one)}
        closed = (self.companions.closed_by(node) for one in parts for node in descend(one))
        return any(one is not None and id(one.binding.node) in inside for one in closed)

    @property
    def last(self) -> cst.BaseStatement:
        """What the region ends with, closes of companions left out."""
        return self.block.body[self.stop - self.covered - 1]

    @property
    def others_unborn(self) -> cst.SimpleStatementLine:
        """What `unborn` does without the name, `unborn` itself where that is nothing."""
        assert self.unborn is not None
        match self.unborn.body:
            case [cst.Assign(targets=targets) as assign]:
                rest = [one for one in targets if not is_name(one.target, self.resource.name)]
                if rest:
                    return self.unborn.with_changes(body=[assign.with_changes(targets=rest)])
        return self.unborn

    @property
    def acquiring(self) -> cst.SimpleStatementLine:
        """The statement that acquires."""
        line = self.block.body[self.start]
        assert isinstance(line, cst.SimpleStatementLine)
        return line


def region(resource: Resource) -> Region | None:
    """Where the resource lives, None when that is not the tail of one list of statements."""
    if len(resource.names) > 1 or resource.members:
        return None
    body = Nodes(resource.block)
    section = section_of(resource, body)
    if not _is_plain(resource, has_section=section is not None):
        return None
    line = next(body.above(resource.binding.node), None) if resource.binding.node else None
    block = next(body.above(line), None) if line is not None else None
    if not isinstance(line, cst.SimpleStatementLine) or len(line.body) != 1:
        return None
    if not isinstance(block, (cst.IndentedBlock, cst.Module)):
        return None
    start = index_of(block.body, line)
    found = Region(resource, body, block, start, start + 1, Companions(resource), section=section)
    return found if _has_unborn(found) and _has_placed(found) else None


def _is_plain(resource: Resource, *, has_section: bool) -> bool:
    """Whether one name is bound to the acquired and, at most, to None before that.

    What is bound to it out of its own section does not count.
    """
    match resource.binding.node:
        case cst.Assign(targets=[cst.AssignTarget(target=cst.Name())]):
            pass
        case cst.AnnAssign(target=cst.Name()):
            pass
        case _:
            return False
    if resource.binding.how is not How.VALUE or resource.name in resource.block.declared:
        return False
    others = resource.others
    return has_section or (len(others) <= 1 and all(one.is_none for one in others))


def _has_unborn(found: Region) -> bool:
    """Note the statement `name = None`, if any; False when it is no statement of its own."""
    others = found.resource.others
    if not others or found.section is not None:
        return True
    line = next(found.body.above(others[0].node), None) if others[0].node else None
    match line:
        case cst.SimpleStatementLine(body=[cst.Assign(targets=targets)]):
            is_alone = any(is_name(one.target, found.resource.name) for one in targets)
        case cst.SimpleStatementLine(body=[cst.AnnAssign()]):
            is_alone = True
        case _:
            return False
    # In `db, n = None, 1` the name cannot be left out.
    found.unborn = line
    return is_alone


def _has_placed(found: Region) -> bool:
    """Find a place for every mention of the name; False when one has none."""
    guard = next(found.body.above(found.block), None)
    for name in _mentions(found):
        above = [name, *found.body.above(name)]
        if any(node is found.resource.binding.node or node is found.unborn for node in above):
            continue
        line = next((a for a, b in pairwise(above) if b is found.block), None)
        if line is not None and index_of(found.block.body, line) > found.start:
            found.stop = max(found.stop, index_of(found.block.body, line) + 1)
        elif line is None and isinstance(guard, TRIES) and any(node is guard for node in above):
            found.guard = guard
            found.outside.append(name)
        else:
            return False
    if found.guard is not None:
        # What stands between the region and the parts of the `try` would follow the close.
        found.stop = len(found.block.body)
    return True


def spoken_elsewhere(place: Region, names: frozenset[str]) -> bool:
    """Whether a value that one of these names got in the region is asked for out of its block.

    In a loop that may be in the next turn, even inside: by what comes first there.
    """
    inside = {id(node) for one in place.statements for node in descend(one)}
    around = {id(node) for one in place.block.body[: place.limit] for node in descend(one)}
    loops = [node for node in place.body.above(place.block) if isinstance(node, _LOOPS)]
    is_first, is_before = True, True
    for node in place.body.nodes:
        is_before = is_before and node is not place.acquiring
        if not isinstance(node, cst.Name) or node.value not in names or _is_another(place, node):
            continue
        is_asked = not is_target(place.body, node)
        turns = any(above is loop for loop in loops for above in place.body.above(node))
        if id(node) in inside:
            if is_first and is_asked and turns:
                return True
            is_first = False
        elif is_asked and (turns if is_before else id(node) not in around):
            return True
    return False


def is_target(body: Nodes, name: cst.Name) -> bool:
    """Whether a name is bound where it stands."""
    match list(islice(body.above(name), 1)):
        case [cst.AssignTarget() | cst.AsName()]:
            return True
        case [cst.For(target=target) | cst.CompFor(target=target) | cst.AnnAssign(target=target)]:
            return target is name
    return False


def _mentions(found: Region) -> Iterator[cst.Name]:
    body = found.body
    for node in body.variables(found.resource.name):
        if found.section is not None and not found.section.holds(body, node):
            continue
        if not _is_another(found, node):
            yield node


def _is_another(found: Region, name: cst.Name) -> bool:
    """Whether a name is that of a variable which a function inside of the block has for itself."""
    return any(
        isinstance(around, cst.FunctionDef)
        and below is around.body
        and name.value in own_names(found.resource.block, around)
        for below, around in pairwise([name, *found.body.above(name)])
    )
