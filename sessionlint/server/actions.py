"""What an editor offers to do about findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from lsprotocol import types

from sessionlint.model import Finding, Fix, Safety, Span
from sessionlint.server.diagnostics import SOURCE

__all__ = ["FIX_ALL", "Edited", "fix_all", "is_asked", "quick_fixes"]

FIX_ALL = f"{types.CodeActionKind.SourceFixAll.value}.{SOURCE}"
"""The kind of the action that makes every safe fix."""

Edited = Callable[[Callable[[Finding], bool], object], "types.WorkspaceEdit | None"]
"""The edit that fixes what is wanted, kept under a name; None where nothing can be fixed."""


def is_asked(kind: str, only: Sequence[types.CodeActionKind | str] | None) -> bool:
    """Whether actions of a kind are asked for: all are, unless only some kinds are named."""
    if only is None:
        return True
    names = (one.value if isinstance(one, types.CodeActionKind) else one for one in only)
    return any(not name or f"{kind}.".startswith(f"{name}.") for name in names)


def quick_fixes(
    found: Sequence[tuple[Finding, types.Diagnostic]], edited: Edited
) -> Iterator[types.CodeAction]:
    """An action for each finding that can be fixed by itself, the unsafe ones marked."""
    for finding, shown in found:
        fix = finding.fix
        if fix is None:
            continue
        edit = edited(partial(_is_same, finding), _key(finding))
        if edit is not None:
            yield types.CodeAction(
                title=_title(finding.code, fix),
                kind=types.CodeActionKind.QuickFix,
                diagnostics=[shown],
                is_preferred=fix.safety is Safety.SAFE or None,
                edit=edit,
            )


def fix_all(found: Sequence[Finding], edited: Edited) -> Iterator[types.CodeAction]:
    """The action that makes every safe fix of a file, if there is one to make."""
    edit = edited(_is_safe, FIX_ALL) if any(map(_is_safe, found)) else None
    if edit is not None:
        yield types.CodeAction(title=f"{SOURCE}: fix all that is safe", kind=FIX_ALL, edit=edit)


def _is_safe(finding: Finding) -> bool:
    return finding.fix is not None and finding.fix.safety is Safety.SAFE


def _is_same(finding: Finding, other: Finding) -> bool:
    return _key(finding) == _key(other)


def _key(finding: Finding) -> tuple[str, Span, str]:
    """What tells a finding from all others of its file."""
    return finding.code, finding.span, finding.message


def _title(code: str, fix: Fix) -> str:
    if fix.safety is Safety.SAFE:
        return f"{code}: {fix.title}"
    return f"{code}: {fix.title} (unsafe{f': {fix.reason}' if fix.reason else ''})"
