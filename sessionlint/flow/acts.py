"""What can happen to a resource while an expression is evaluated."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

import libcst as cst

__all__ = ["Act", "Operation"]


class Act(Enum):
    """One thing that happens while an expression is evaluated."""

    RISK = "may raise"
    AWAIT = "may raise or be cancelled"
    USE = "uses the resource"
    ADD = "adds objects to it, for which it takes no connection yet"
    REACH = "may use it through an object that was given it"
    READ = "reads an object that it has loaded"
    COMMIT = "ends its transaction"
    QUIET = "ends its transaction, as clean-up"
    ACQUIRE = "acquires it"
    REBIND = "binds its name to something else"
    RELEASE = "releases it"
    HAND_OVER = "gives it to somebody else"
    DOUBT = "does something that is not understood"
    YIELD = "lends a value"
    YIELD_IT = "lends the resource"
    EXIT = "ends the process"
    CHOICE = "does one of two things"

    # Asked of every operation, and `Enum` hashes by name in Python.
    __hash__ = object.__hash__


class Operation(NamedTuple):
    """An act at a node; `test`, `first` and `second` belong to a choice alone."""

    act: Act
    node: cst.CSTNode
    test: cst.BaseExpression | None = None
    first: tuple[Operation, ...] = ()
    second: tuple[Operation, ...] = ()
