"""Bytes to text and lines, the way Python itself reads a source file."""

import codecs
import io
import re
from contextlib import suppress
from pathlib import Path

from sessionlint.errors import UnreadableFile

__all__ = [
    "NOTEBOOK",
    "decoded",
    "encoded",
    "is_notebook",
    "is_plain",
    "line_start",
    "line_starts",
    "lines",
    "written",
]

NOTEBOOK = ".ipynb"
"""What the name of a notebook ends with."""

# Compiled by `re` when first asked for: most files are never decoded.
_NEWLINE = r"\r\n?|\n"


def is_notebook(path: Path | str) -> bool:
    """Whether a file holds Python in the cells of a notebook, by its name."""
    return str(path).endswith(NOTEBOOK)


def is_plain(data: bytes) -> bool:
    """Whether a file is ASCII without a coding line, so that its text is known to be its bytes.

    Source: PEP 263; the coding is named on one of the first two lines.
    """
    second = data.find(b"\n", data.find(b"\n") + 1)
    is_named = data.find(b"coding", 0, second if second >= 0 else len(data)) >= 0
    return data.isascii() and not is_named and b"\0" not in data


def decoded(data: bytes) -> str:
    """The text of a source file, by its byte order mark or coding line, else UTF-8.

    Raises:
        UnreadableFile: unknown coding, bytes that do not fit it, or a NUL byte.
    Source: PEP 263; `tokenize.detect_encoding` implements it.
    """
    if is_plain(data):
        return data.decode("ascii")
    # Few files are not plain, and importing it takes as long as reading hundreds of those that are.
    import tokenize

    nul = data.find(b"\0")
    if nul >= 0:
        raise UnreadableFile("source contains a NUL byte", line=_line_of(data, nul))
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    except SyntaxError as error:
        if not isinstance(error.__context__, UnicodeDecodeError):
            raise UnreadableFile(str(error.msg)) from error
        # Have: one of the first two lines is not UTF-8, and decoding all says where.
        encoding = "utf-8"
    try:
        text = data.removeprefix(codecs.BOM_UTF8).decode(encoding)
    except UnicodeDecodeError as error:
        reason = f"not {encoding}: byte 0x{error.object[error.start]:02x} cannot be decoded"
        raise UnreadableFile(reason, line=_line_of(error.object, error.start)) from error
    except (LookupError, UnicodeError) as error:
        # Have: `undefined` and `punycode` are known, and refuse in words of their own.
        raise UnreadableFile(f"{encoding} is not a text encoding") from error
    return text


def encoded(text: str, like: bytes) -> bytes:
    """The bytes of a text in the encoding, and with the byte order mark, of a source file.

    Raises:
        UnreadableFile: the file's own text would come out with other bytes than it has.
    """
    if is_plain(like):
        return text.encode("utf-8")
    import tokenize

    encoding, _ = tokenize.detect_encoding(io.BytesIO(like).readline)
    mark = codecs.BOM_UTF8 if like.startswith(codecs.BOM_UTF8) else b""
    encoding = "utf-8" if mark else encoding
    with suppress(UnicodeError):
        if mark + decoded(like).encode(encoding) == like:
            return mark + text.encode(encoding)
    raise UnreadableFile(f"its {encoding} does not come out as it went in")


def written(text: str, errors: str = "replace") -> bytes:
    """The bytes of a text that no file holds, in the encoding that it names.

    They are UTF-8, with `errors` for what cannot be written, where Python does not know that
    encoding or it cannot hold the text: whoever decodes the bytes will say so.
    """
    import tokenize

    data = text.encode(errors=errors)
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return text.encode(encoding)
    except (LookupError, SyntaxError, UnicodeError):
        return data


def lines(text: str) -> list[str]:
    """The lines of a text without their ends; form feeds do not end a line."""
    return re.split(_NEWLINE, text)


def line_start(data: bytes, at: int) -> int:
    """Where the line begins that an index stands in, whose lines end with a line feed."""
    return data.rfind(b"\n", 0, at) + 1


def line_starts(text: str) -> list[int]:
    """The index at which each line begins; `line_starts(t)[i]` is line i + 1."""
    return [0, *(match.end() for match in re.finditer(_NEWLINE, text))]


def _line_of(data: bytes, offset: int) -> int:
    return data.count(b"\n", 0, offset) + 1
