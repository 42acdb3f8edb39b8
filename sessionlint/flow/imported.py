"""Whether other modules speak of what a module or a class gives a name to."""

from __future__ import annotations

import re

from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.scopes import Block, BlockKind

__all__ = ["is_imported"]


def is_imported(evaluator: Evaluator, block: Block, name: str) -> bool:
    """Whether another module of the project imports the name or reads it from the class."""
    home = block.home
    if block.kind is BlockKind.CLASS:
        dotted_name = rf"\b{re.escape(block.name)}\.{re.escape(name)}\b".encode()
        return evaluator.tree.has(name.encode(), re.compile(dotted_name))
    last = home.name.rpartition(".")[2] or home.path.stem
    module, item = re.escape(last), re.escape(name)
    taken = _taken(module, item)
    # The address of a database may end in the name of its file: `sqlite:///shop.db`.
    read = rf"(?<![\w/'\"-]){module}\.{item}\b"
    ways = ((_bytes(f"{last}.{name}"), read), (_bytes(last), taken))
    return any(
        evaluator.tree.has_any(word, re.compile(_bytes(way)), besides=home.path)
        for word, way in ways
    )


def _taken(module: str, item: str) -> str:
    """Matches an import of a name from a module, and one of everything if the name is used behind.

    Every line is looked at for one of the imports alone, and so much of the rest of its own.
    """
    head = rf"from\s+[\w.]*\b{module}\s+import\s+"
    rest = r"{0,1000}"
    listed = rf"\([^)\n]{rest}(?:\n(?![^)\n]*{head})[^)\n]*)*|[^\n]{rest}"
    behind = rf"\*[^\n]{rest}(?:\n(?![^\n]*{head}\*)[^\n]*)*"
    return rf"{head}(?:{listed}|{behind})\b{item}\b"


def _bytes(text: str) -> bytes:
    """A text as it stands in files; the name of a file may be no text."""
    return text.encode(errors="surrogateescape")
