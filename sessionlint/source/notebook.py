"""A Jupyter notebook as one Python module, and the way back from its lines to the cells."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import Any, Final, NamedTuple, TypeGuard

from sessionlint.errors import UnreadableFile
from sessionlint.model import Finding, Note, Span
from sessionlint.source.magics import without_magics
from sessionlint.source.text import lines

__all__ = ["Notebook", "opened_notebook"]

_BEFORE: Final = 2
"""How many empty lines stand first: what looks like a coding line in a cell must name none."""


class Notebook(NamedTuple):
    """The code cells of a notebook, one after the other in one text.

    `cells` are the texts of the code cells as they stand there, by their number from 1, in which
    all cells count. `starts` are the lines of `code` on which they begin.
    """

    code: bytes
    cells: dict[int, str]
    starts: tuple[int, ...]

    def placed(self, finding: Finding) -> Finding:
        """A finding in `code` as one in its cell; it has no fix, for nobody writes notebooks."""
        return finding._replace(
            span=self._in_cell(finding.span),
            notes=tuple(map(self._placed_note, finding.notes)),
            steps=tuple(map(self._placed_note, finding.steps)),
            fix=None,
        )

    def moved(self, error: UnreadableFile) -> UnreadableFile:
        """A complaint about `code` as one about its cell, if it is about a place."""
        if not self.starts or error.line < self.starts[0]:
            return UnreadableFile(error.reason)
        span = self._in_cell(Span(error.line, 0, error.line, 0))
        reason = re.sub(r"(?<= on line )\d+", self._line_in_cell, error.reason)
        return UnreadableFile(reason, span.line, error.column, span.cell)

    def _line_in_cell(self, number: re.Match[str]) -> str:
        """The number of a line of `code`, as it is in its cell."""
        line = int(number[0])
        return str(self._in_cell(Span(line, 0, line, 0)).line)

    def _placed_note(self, note: Note) -> Note:
        return note if note.path is not None else note._replace(span=self._in_cell(note.span))

    def _in_cell(self, span: Span) -> Span:
        index = max(bisect_right(self.starts, span.line) - 1, 0)
        above = self.starts[index] - 1
        return span._replace(
            line=span.line - above,
            end_line=span.end_line - above,
            cell=[*self.cells][index],
        )


def opened_notebook(data: bytes) -> Notebook:
    """The code of a notebook; of one in another language than Python there is none.

    Raises:
        UnreadableFile: it is no JSON, or no notebook of version 4.
    Source: https://nbformat.readthedocs.io/en/latest/format_description.html
    """
    cells = {number: "\n".join(lines(text)) for number, text in _code_cells(_parsed(data))}
    pieces = [without_magics(text) for text in cells.values()]
    starts = [_BEFORE + 1]
    for piece in pieces:
        starts.append(starts[-1] + piece.count("\n") + 1)
    code = "\n" * _BEFORE + "".join(f"{piece}\n" for piece in pieces)
    # JSON can hold half of a pair of surrogates, which no encoding has room for.
    return Notebook(code.encode(errors="replace"), cells, tuple(starts[: len(cells)]))


def _parsed(data: bytes) -> dict[str, Any]:
    if not data.strip():
        # An editor opens such a file as a new notebook.
        return {"cells": []}
    try:
        notebook = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UnreadableFile("not a notebook: not UTF-8", line) from error
    except json.JSONDecodeError as error:
        reason = f"not a notebook: invalid JSON: {error.msg}"
        raise UnreadableFile(reason, error.lineno, error.colno) from error
    except ValueError as error:
        raise UnreadableFile("not a notebook: invalid JSON") from error
    if not _is_object(notebook) or not isinstance(notebook.get("cells"), list):
        raise UnreadableFile("not a notebook of version 4: it has no cells")
    return notebook


def _code_cells(notebook: dict[str, Any]) -> Iterator[tuple[int, str]]:
    """Number and text of every cell with Python in it."""
    if not _is_python(notebook.get("metadata")):
        return
    for number, cell in enumerate(notebook["cells"], 1):
        if not _is_object(cell) or not isinstance(cell.get("cell_type"), str):
            raise UnreadableFile(f"not a notebook of version 4: cell {number} has no type")
        if cell["cell_type"] == "code" and not _is_foreign(cell.get("metadata")):
            yield number, _text(cell.get("source"), number)


def _text(source: object, number: int) -> str:
    pieces: list[object] = [*source] if _is_array(source) else [source]
    text = [piece for piece in pieces if isinstance(piece, str)]
    if len(text) != len(pieces):
        raise UnreadableFile(f"not a notebook of version 4: cell {number} has no source")
    return "".join(text)


def _is_python(metadata: object) -> bool:
    """Whether a notebook says that it is in Python, or says nothing."""
    told = [_entry(metadata, "language_info", "name"), _entry(metadata, "kernelspec", "language")]
    languages = [name for name in told if name]
    return not languages or "python" in languages[0].lower()


def _is_foreign(metadata: object) -> bool:
    """Whether a cell is in a language of its own. Source: VS Code notes it so."""
    return _entry(metadata, "vscode", "languageId") not in {"", "python"}


def _entry(metadata: object, group: str, name: str) -> str:
    inner = metadata.get(group) if _is_object(metadata) else None
    value = inner.get(name) if _is_object(inner) else None
    return value if isinstance(value, str) else ""


def _is_array(value: object) -> TypeGuard[list[object]]:
    """Whether a JSON value is an array."""
    return isinstance(value, list)


def _is_object(value: object) -> TypeGuard[dict[str, Any]]:  # Any: JSON holds anything
    """Whether a JSON value is an object; its keys are always strings."""
    return isinstance(value, dict)
