"""A lifetime ended by hand, or not at all, rewritten so that a `with` ends it."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from sessionlint.facts.scopes import BlockKind
from sessionlint.facts.syntax import TRIES, Handler, Try, index_of, is_name
from sessionlint.flow.acts import Act
from sessionlint.flow.leaving import is_about
from sessionlint.flow.nodes import SCOPES
from sessionlint.flow.operations import Operations
from sessionlint.flow.ways import Ending, Lifetime, Way
from sessionlint.model import Fix, Replace, Splice
from sessionlint.rewrite.annotated import unused_imports
from sessionlint.rewrite.closes import (
    behind,
    closes,
    ends_pool,
    is_doubted,
    is_spoken,
)
from sessionlint.rewrite.driving import opening_of
from sessionlint.rewrite.joining import joined
from sessionlint.rewrite.lists import holds_nothing, led_closely, lines_of, merged, tried
from sessionlint.rewrite.manners import Opening
from sessionlint.rewrite.moved import is_needed_there, parts_around
from sessionlint.rewrite.outliving import doubts
from sessionlint.rewrite.pruning import pruned
from sessionlint.rewrite.region import Region, region
from sessionlint.rewrite.remarks import all_comments
from sessionlint.rewrite.replaced import stand_in
from sessionlint.rewrite.tails import Tail, Tails, handles_errors, leaps
from sessionlint.rewrite.unread import gives_unread, reaching
from sessionlint.source.walk import descend

__all__ = ["managed"]

_Statements = Sequence[cst.BaseStatement]


def managed(life: Lifetime) -> Fix | None:
    """The fix that lets a `with` end a lifetime, None where no sound one is known."""
    if any(end.ending not in {Ending.LEFT_OPEN, Ending.RELEASED} for end in life.ends):
        return None
    entered = opening_of(life.resource)
    place = region(life.resource) if entered is not None else None
    if entered is None or place is None or life.resource.left_to:
        return None
    if place.is_entered and entered.is_manager:
        edit = Replace(life.resource.acquired, entered.expression)
        return Fix.weighed("leave the `await` out", (edit,), entered.doubt)
    if place.may_go_on and any(end.way is Way.LOST for end in life.leaks):
        return None
    try:
        return _Rewriting(life, entered, place).fix()
    except RecursionError:
        # LibCST recurses over nesting, a chain of `elif` included: such a function is left alone.
        return None


class _Rewriting:
    """One attempt: `reasons` are why the result would not do the same in every run."""

    def __init__(self, life: Lifetime, entered: Opening, place: Region) -> None:
        self._life = life
        self._entered = entered
        self._place = place
        self._resource = life.resource
        self._reasons: list[str] = []
        if not life.has_releases:
            place.stretch()
        place.cover()
        self._nodes = [node for one in place.statements for node in descend(one)]
        parts: list[cst.CSTNode] = [*place.statements, *([place.guard] if place.guard else [])]
        self._marks = {id(c): c for part in parts for c in closes(part, life.resource)}
        self._closed = behind(place.statements, set(self._marks))
        self._before, self._inside, self._behind = self._parted()

    def fix(self) -> Fix | None:
        """The whole rewrite, None where it would not be sound or lose something."""
        resource = self._resource
        if not self._is_followed() or not self._is_free() or self._is_emptying_a_try():
            return None
        if self._is_around_definitions() or gives_unread(self._life, self._nodes, self._closed):
            return None
        if not self._life.has_releases and self._is_for_others():
            return None
        self._reasons += doubts(self._life, self._place, self._nodes, self._marks, self._closed)
        if not self._life.has_releases and not self._entered.doubt:
            # A fake need not have the close that nobody calls so far.
            doubt = stand_in(resource.evaluator, resource.block, resource.acquired)
            self._reasons += [doubt] if doubt else []
        splice = self._splice()
        unused = unused_imports(resource)
        return None if splice is None else self._entered.fix(splice, self._reasons, unused)

    def _is_for_others(self) -> bool:
        """Whether what nobody closes here may be there for other modules, or for nothing at all."""
        place = self._place
        if self._life.thing.is_guess or (not place.statements and place.guard is None):
            return True
        is_of_module = self._resource.block.kind is BlockKind.MODULE
        return is_of_module and not place.body.is_for_program(place.acquiring)

    def _is_around_definitions(self) -> bool:
        """Whether functions or classes of a module would have to stand in the `with`."""
        is_any = any(isinstance(one, (cst.FunctionDef, cst.ClassDef)) for one in self._nodes)
        return is_any and self._resource.block.kind is BlockKind.MODULE

    def _parted(self) -> tuple[_Statements, _Statements, _Statements]:
        """What stands before the `with`, what goes inside, and what a `finally` does after it.

        What a `finally` does after the close has to wait for the end of the `with`, in a
        `finally` of its own.
        """
        whole = (), self._place.statements, ()
        tails = Tails(Operations(self._resource), self._place.companions, set(self._marks))
        if not self._place.statements:
            return whole
        *before, only = self._place.statements
        match only:
            case cst.Try(finalbody=cst.Finally(body=cst.IndentedBlock() as last) as final):
                marked = [i for i, one in enumerate(last.body) if id(one) in self._marks]
                behind = last.body[marked[0] + 1 :] if marked else ()
                rest = [one for one in behind if id(one) not in self._marks]
                leading = last.body[: marked[0]] if marked else ()
                is_worth = bool(rest) and tails.after(rest) is Tail.WORK and not leaps(leading)
                is_closed = any(id(one) in self._marks for one in before)
                if not is_worth or is_closed or tails.after(before) is not Tail.NOTHING:
                    return whole
                kept = last.with_changes(body=last.body[: marked[0] + 1])
                ended = only.with_changes(finalbody=final.with_changes(body=kept))
                return before, [ended], rest
        return whole

    def _is_followed(self) -> bool:
        """Whether nothing uses the resource between its closes and the end of the `with`."""
        place, marks = self._place, set(self._marks)
        scope = place.guard or cst.IndentedBlock(list(place.statements))
        if is_doubted(scope, self._resource, marks) or self._is_helped(scope):
            return False
        tails = Tails(Operations(self._resource), place.companions, marks)
        tails.follow(self._inside)
        if place.guard is not None and not self._is_guard_followed(place.guard, tails):
            return False
        if tails.worst is Tail.MORE or ends_pool(self._inside, self._resource):
            return False
        if self._behind:
            self._reasons.append(
                "the rest of the `finally` would also run if the opening or the close failed"
            )
        if tails.worst is Tail.WORK:
            self._reasons.append("what stood behind a close would run before it")
        if tails.is_caught:
            self._reasons.append("an error of the close itself would reach no handler")
        return True

    def _is_helped(self, scope: cst.CSTNode) -> bool:
        """Whether nothing but a function that is called ends it: a `with` would end it twice."""
        operations = Operations(self._resource)
        calls = (node for node in descend(scope) if isinstance(node, cst.Call))
        acts = (one.act for call in calls for one in operations.of(call))
        return not self._marks and Act.RELEASE in acts

    def _is_guard_followed(self, guard: Try, tails: Tails) -> bool:
        """The same for a `try` around: its other parts would run after the close, not before."""
        parts = parts_around(guard)
        ending = [one for part in parts for one in closes(part, self._resource)]
        marked = {id(node) for one in ending for node in descend(one)}
        later = max((tails.after(lines_of(part.body)) for part in parts), default=Tail.NOTHING)
        if later is Tail.MORE or any(id(name) not in marked for name in self._place.outside):
            return False
        if is_needed_there(self._place, self._marks.keys()):
            return False
        if later is Tail.WORK or self._place.is_outlived_in(parts):
            self._reasons.append("what stood before a close would run behind it")
        if any(not self._is_passing_on(handler) for handler in guard.handlers):
            self._reasons.append("an error of the close itself would reach a handler")
        if self._place.unborn is None or not all(isinstance(one, cst.If) for one in ending):
            self._reasons.append("an error of the opening itself would be raised as it is")
        return True

    def _is_passing_on(self, handler: Handler) -> bool:
        """Whether a handler without its closes only raises again; `except*` makes a group."""
        rest = [one for one in lines_of(handler.body) if id(one) not in self._marks]
        match handler, rest:
            case cst.ExceptHandler(), [cst.SimpleStatementLine(body=[cst.Raise(exc=None)])]:
                return True
        return False

    def _is_free(self) -> bool:
        """Whether nobody outside gets it, and no function or generator inside may use it later."""
        if any(map(self._is_given_away, self._nodes)):
            return False
        scopes = [node for node in self._nodes if isinstance(node, SCOPES)]
        if not scopes or not self._life.leaks:
            return True
        names = reaching(self._resource)
        return not any(is_about(self._resource.block, names, one) for one in scopes)

    def _is_emptying_a_try(self) -> bool:
        """Whether a `try` is there for closes alone, and handles their errors or does more at last.

        So is a `with`, whatever it does.
        """
        parts = [self._place.guard] if self._place.guard else self._place.statements
        return any(
            isinstance(node, (cst.With, *TRIES))
            and (isinstance(node, cst.With) or handles_errors(node) or self._does_more(node))
            and all(id(one) in self._marks for one in lines_of(node.body))
            for part in parts
            for node in descend(part)
        )

    def _does_more(self, node: Try) -> bool:
        """Whether a `finally` does anything but close it."""
        last = lines_of(node.finalbody.body) if node.finalbody else ()
        return any(id(one) not in self._marks for one in last)

    def _is_given_away(self, node: cst.CSTNode) -> bool:
        """Whether a statement stores or returns it: after a close that is no hand-over."""
        match node:
            case cst.Assign(value=value) | cst.Return(value=cst.BaseExpression() as value):
                return is_name(value, self._resource.name)
        return False

    def _splice(self) -> Splice | None:
        """The statements of the innermost list that holds everything, rewritten."""
        place = self._place
        block, start, stop = place.block, place.start, place.stop
        new: list[cst.BaseStatement] = [*self._before, *self._whole()]
        if place.guard is not None:
            rest = [*block.body[:start], *new, *block.body[stop:]]
            new = [place.guard.with_changes(body=block.with_changes(body=rest))]
            above = next(place.body.above(place.guard))
            if not isinstance(above, (cst.IndentedBlock, cst.Module)):
                return None
            block, start = above, index_of(above.body, place.guard)
            stop = start + 1
        removed = set(self._marks)
        if place.unborn is not None:
            unborn = [i for i, one in enumerate(block.body[:start]) if one is place.unborn]
            if not unborn:
                return None
            removed.add(id(place.unborn))
            new = [place.others_unborn, *block.body[unborn[0] + 1 : start], *new]
            start = unborn[0]
        old = block.body[start:stop]
        statements = tuple(map(merged, pruned(new, frozenset(removed))))
        is_empty = holds_nothing(statements) and not self._entered.is_manager
        if is_empty or all_comments(old) != all_comments(statements):
            return None
        splice = Splice(block, start, stop, statements)
        return joined(splice, place.body, self._resource)

    def _whole(self) -> list[cst.BaseStatement]:
        """The `with`, inside a `try` for what has to follow it."""
        place = self._place
        line, name = place.acquiring, self._resource.name
        inside = list(self._inside)
        if inside:
            inside[0] = led_closely(inside[0])
            if id(self._inside[0]) in self._marks:
                self._marks[id(inside[0])] = inside[0]
        spoken = name if is_spoken(self._inside, name, set(self._marks)) else None
        whole: list[cst.BaseStatement] = (
            [self._entered.around(spoken, inside, line, place.block)]
            if self._entered.is_manager
            else self._entered.after(name, inside, line, place.block)
        )
        if not self._behind:
            return whole
        leading = line.leading_lines
        whole[0] = whole[0].with_changes(leading_lines=[])
        return [tried(whole, self._behind, place.block, leading)]
