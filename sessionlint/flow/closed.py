"""What is done in a function with a session that is closed on the way."""

from __future__ import annotations

from itertools import islice
from typing import Final

import libcst as cst

from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.parameters import is_plain, parameter_of
from sessionlint.facts.receivers import CLOSING, Effect, effect
from sessionlint.facts.scopes import Block, How
from sessionlint.facts.syntax import is_name, last_name
from sessionlint.facts.values import UNKNOWN, FunctionValue
from sessionlint.flow.acquisitions import is_to_fail
from sessionlint.flow.harmless import STATED
from sessionlint.flow.nodes import Nodes
from sessionlint.source.afterwards import TAKING

__all__ = ["GIVING_BACK", "Uses"]

_BEGINNING: Final = frozenset({"begin", "begin_nested", "get_transaction", "connection"})
"""Methods that return something which may give the connection back."""

GIVING_BACK: Final = _BEGINNING | frozenset(
    "commit rollback reset invalidate prepare __exit__ __aexit__".split()
)
"""Methods that may give the connection back, themselves or by what they return."""


class Uses:
    """Reads one function for the session of one name; `inside` are the nodes of its `with`."""

    def __init__(self, evaluator: Evaluator, block: Block, name: str) -> None:
        self._evaluator = evaluator
        self._block = block
        self._name = name
        self.body = Nodes(block)
        self.inside: set[int] = set()

    def is_taking(self, call: cst.Call) -> bool:
        """Whether a call takes a connection for the session, itself or as its argument."""
        above = list(self.body.above(call))
        if any(map(is_to_fail, above)):
            return False
        method = self._method(call)
        if method == "query":
            chain = self.body.chain(call)
            names = {one.attr.value for one in chain if isinstance(one, cst.Attribute)}
            return names.isdisjoint(STATED)
        return method in TAKING if method else self._is_lent_to(call)

    def is_left_open(self, index: int) -> bool:
        """Whether nothing gives the connection back that a use takes, or may do so.

        `index` is that of the use among the nodes of the function.
        """
        for at, node in enumerate(self.body.nodes):
            if is_name(node, self._name) and self._may_end(node, is_behind=at >= index):
                return False
        return True

    def may_close(self) -> bool:
        """Whether anything is done with the session but to use or to lend it."""
        spoken = (node for node in self.body.nodes if is_name(node, self._name))
        return any(
            self._may_end(node, is_behind=False) or self._is_closing(node) for node in spoken
        )

    def _is_closing(self, name: cst.CSTNode) -> bool:
        match next(self.body.above(name), None):
            case cst.Attribute(value=owner, attr=cst.Name(value=method)) if owner is name:
                return CLOSING.search(method) is not None
        return False

    def _may_end(self, name: cst.CSTNode, *, is_behind: bool) -> bool:
        """Whether what is done where the name stands may give back what a use takes."""
        around = list(islice(self.body.above(name), 2))
        if self.body.is_inside(name):
            return True
        match around:
            case [cst.Attribute(value=owner, attr=cst.Name(value=method)), *_] if owner is name:
                if method in _BEGINNING:
                    return id(name) not in self.inside
                is_giving = method in GIVING_BACK or CLOSING.search(method) is not None
                return is_behind and is_giving
            case [cst.Attribute() | cst.AssignTarget() | cst.AsName() | cst.Return(), *_]:
                return False
            case [cst.AnnAssign(target=target), *_]:
                return target is not name
            case [cst.Arg() as arg, cst.Call() as call]:
                return not self._is_loan(call, arg, is_behind=is_behind)
        return True

    def _is_loan(self, call: cst.Call, arg: cst.Arg, *, is_behind: bool) -> bool:
        """Whether a call only borrows the session; behind the use it has to be known."""
        if is_behind:
            return self._is_lent_to(call)
        return effect(self._evaluator, call, arg, self._block) is Effect.LOAN

    def _method(self, call: cst.Call) -> str:
        """The method of the session that is called, empty for any other call."""
        is_own = isinstance(call.func, cst.Attribute) and is_name(call.func.value, self._name)
        return last_name(call.func) if is_own else ""

    def _is_lent_to(self, call: cst.Call) -> bool:
        """Whether a function of ours takes a connection for the session, and does not end that.

        It does nothing with its parameter but call methods.
        """
        given = next((arg for arg in call.args if is_name(arg.value, self._name)), None)
        callee = self._evaluator.value(call.func, self._block) if given is not None else UNKNOWN
        if given is None or not isinstance(callee, FunctionValue) or not is_plain(callee.block):
            return False
        taken = parameter_of(callee, call, given)
        if taken is None or [one.how for one in callee.block.bindings(taken)] != [How.PARAMETER]:
            return False
        body = Nodes(callee.block)
        spoken = [node for node in body.nodes if is_name(node, taken)]
        around = [next(body.above(node), None) for node in spoken]
        called = {
            one.attr.value
            for node, one in zip(spoken, around, strict=True)
            if isinstance(one, cst.Attribute) and one.value is node
        }
        is_calling = all(isinstance(one, (cst.Attribute, cst.Param)) for one in around)
        is_ending = not called.isdisjoint(GIVING_BACK) or any(map(CLOSING.search, called))
        return is_calling and not called.isdisjoint(TAKING) and not is_ending
