"""Finds leaked SQLAlchemy sessions, connections and engines.

The public names are loaded when they are first asked for, so that importing the package costs
nothing and a runtime part of it needs no parser.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sessionlint.check import check_source
    from sessionlint.errors import SessionlintError
    from sessionlint.fix import Fixed, fix_source
    from sessionlint.flow.scope import Scope
    from sessionlint.flow.ways import Lifetime
    from sessionlint.model import Edit, Finding, Fix, Note, Safety, Severity, Span
    from sessionlint.project import check_paths
    from sessionlint.rule import Rule

__all__ = [
    "Edit",
    "Finding",
    "Fix",
    "Fixed",
    "Lifetime",
    "Note",
    "Rule",
    "Safety",
    "Scope",
    "SessionlintError",
    "Severity",
    "Span",
    "__version__",
    "check_paths",
    "check_source",
    "fix_source",
]

__version__ = "0.1.0"

_HOMES = {
    "Edit": "model",
    "Finding": "model",
    "Fix": "model",
    "Fixed": "fix",
    "Lifetime": "flow.ways",
    "Note": "model",
    "Rule": "rule",
    "Safety": "model",
    "Scope": "flow.scope",
    "SessionlintError": "errors",
    "Severity": "model",
    "Span": "model",
    "check_paths": "project",
    "check_source": "check",
    "fix_source": "fix",
}


def __getattr__(name: str) -> object:
    """A public name, imported from its module on first use."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names, loaded or not."""
    return sorted({*globals(), *__all__})
