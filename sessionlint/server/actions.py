"""What an editor offers to do about findings.

An action says what it is about; the edit that does it is worked out when somebody wants it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from lsprotocol import types

from sessionlint.model import Finding, Fix, Safety
from sessionlint.server.diagnostics import SOURCE

__all__ = ["FIX_ALL", "Wanted", "fix_all", "is_asked", "meaning", "quick_fixes"]

FIX_ALL = f"{types.CodeActionKind.SourceFixAll.value}.{SOURCE}"
"""The kind of the action that makes every safe fix."""

Wanted = Callable[[Finding], bool]
"""Whether a finding is to be fixed."""


def is_asked(kind: str, only: Sequence[types.CodeActionKind | str] | None) -> bool:
    """Whether actions of a kind are asked for: all are, unless only some kinds are named."""
    if only is None:
        return True
    names = (one.value if isinstance(one, types.CodeActionKind) else one for one in only)
    return any(not name or f"{kind}.".startswith(f"{name}.") for name in names)


def quick_fixes(
    uri: str, found: Sequence[tuple[Finding, types.Diagnostic]]
) -> Iterator[types.CodeAction]:
    """An action for each finding that can be fixed by itself, the unsafe ones marked."""
    for finding, shown in found:
        fix = finding.fix
        if fix is not None:
            yield types.CodeAction(
                title=_title(finding.code, fix),
                kind=types.CodeActionKind.QuickFix,
                diagnostics=[shown],
                is_preferred=fix.safety is Safety.SAFE or None,
                data=json.dumps([uri, _told(finding)]),
            )


def fix_all(uri: str, found: Sequence[Finding]) -> Iterator[types.CodeAction]:
    """The action that makes every safe fix of a file, if there is one to make."""
    if any(map(_is_safe, found)):
        title = f"{SOURCE}: fix all that is safe"
        yield types.CodeAction(title=title, kind=FIX_ALL, data=json.dumps([uri, None]))


def meaning(action: types.CodeAction) -> tuple[str, Wanted] | None:
    """The document that an action is about, and which findings it is to fix there.

    None if the action is none of ours.
    """
    try:
        uri, told = json.loads(str(action.data))
    except (TypeError, ValueError):
        return None
    if not isinstance(uri, str):
        return None
    return uri, _is_safe if told is None else partial(_is_same, told)


def _is_safe(finding: Finding) -> bool:
    return finding.fix is not None and finding.fix.safety is Safety.SAFE


def _is_same(told: list[object], other: Finding) -> bool:
    return told == _told(other)


def _told(finding: Finding) -> list[object]:
    """What tells a finding from all others of its file."""
    return [finding.code, *finding.span, finding.message]


def _title(code: str, fix: Fix) -> str:
    if fix.safety is Safety.SAFE:
        return f"{code}: {fix.title}"
    return f"{code}: {fix.title} (unsafe{f': {fix.reason}' if fix.reason else ''})"
