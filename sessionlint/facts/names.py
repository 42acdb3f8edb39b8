"""Names the user or custom vouches for, used only where resolution finds nothing."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Names"]


class Names(NamedTuple):
    """What `[tool.sessionlint]` says of the project's own callables, as dotted names.

    `factories` give a session the caller must close, `managers` give a context manager,
    `closers` close what they are given, `owners` keep and later close it, `shields` protect an
    await from cancellation. A name without dots matches the last part of any callee.
    `shield_module` is where the project has its copy of the shield.
    """

    factories: frozenset[str] = frozenset()
    managers: frozenset[str] = frozenset()
    closers: frozenset[str] = frozenset()
    owners: frozenset[str] = frozenset()
    shields: frozenset[str] = frozenset()
    shield_module: str = "sessionlint.shield"
