"""The command `vendor-shield`: a copy of the shield, for projects without a linter at run time."""

from __future__ import annotations

import os
import re
from pathlib import Path

from sessionlint import __version__
from sessionlint.cli.console import say
from sessionlint.errors import UnwritableFile
from sessionlint.report.paths import shown

__all__ = ["vendored"]

_HEADER = """\
# sessionlint/shield.py of sessionlint {version}, written by `sessionlint vendor-shield`.
# To update it, run that again with a newer sessionlint; changes of yours belong elsewhere.
# sha256 of what follows: {digest}
"""
_LINES = re.compile(rb"# [^\n]*`sessionlint vendor-shield`[^\n]*\n#[^\n]*\n# sha256[^\n]*: (\w+)\n")


def vendored(name: str, *, is_forced: bool) -> int:
    """Write a copy to a file, or into a folder, and give the exit code.

    A name that ends in a slash is that of a folder, be there one or not.

    Raises:
        UnwritableFile: it cannot be written, or what is there is no unchanged copy.
    """
    path = Path(name)
    is_folder = path.is_dir() or name.endswith(("/", os.sep))
    target = path / "shield.py" if is_folder else path
    before = _contents(target)
    after = _copy()
    if before is None or is_forced or _is_unchanged(before):
        _write(target, before, after)
        say([f"{shown(target.absolute())} holds the shield of sessionlint {__version__}"])
        return 0
    raise UnwritableFile(f"{target} is no unchanged copy of the shield; --force overwrites it")


def _copy() -> bytes:
    """The shield under a header that tells where it is from."""
    from importlib.resources import files

    code = _unix(files("sessionlint").joinpath("shield.py").read_bytes())
    return _HEADER.format(version=__version__, digest=_digest(code)).encode() + code


def _contents(path: Path) -> bytes | None:
    """What a file holds, None if there is none."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UnwritableFile(f"{path} cannot be read: {error.strerror}") from error


def _is_unchanged(data: bytes) -> bool:
    """Whether nobody has changed a copy since it was written, but for the ends of its lines."""
    text = _unix(data)
    header = _LINES.match(text)
    return header is not None and header[1].decode() == _digest(text[header.end() :])


def _unix(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n")


def _digest(data: bytes) -> str:
    from hashlib import sha256

    return sha256(data).hexdigest()


def _write(path: Path, before: bytes | None, after: bytes) -> None:
    from sessionlint.write import put, written

    if before is None:
        put(path, after)
        return
    try:
        if before != after:
            written(path, before, after, [path])
    except UnwritableFile as error:
        raise UnwritableFile(f"{path} {error}") from error
