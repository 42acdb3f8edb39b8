"""New contents for a file, all of them or none."""

from __future__ import annotations

import os
import secrets
import signal
import stat
from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from errno import EACCES, EISDIR, ENOTDIR
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO

from sessionlint.errors import ChangedFile, UnwritableFile

__all__ = ["put", "put_report", "refuse_to_put", "written"]


def written(path: Path, before: bytes, after: bytes, given: Iterable[Path]) -> None:
    """Let a file that holds `before` hold `after`, with its mode and, where possible, its owner.

    Whoever reads it meanwhile sees the one or the other. A link stays a link: what it leads to
    is written, if that is one of the `given` paths or lies below one.

    Raises:
        ChangedFile: the file holds something else by now.
        UnwritableFile: it leads elsewhere, is read-only, or the system refuses.
    """
    target = _target(path, given)
    try:
        if target.exists() and not os.access(target, os.W_OK):
            raise UnwritableFile("is read-only")
        with _held(target) as file:
            if file.read() != before or not os.path.samestat(
                os.fstat(file.fileno()), target.stat()
            ):
                raise ChangedFile("changed while it was being fixed")
            status = os.fstat(file.fileno())
            if not _has_locks():
                # Windows replaces no file that is open, and holding it keeps nobody out there.
                file.close()
            _replace(target, after, status)
    except FileNotFoundError as error:
        raise ChangedFile("vanished while it was being fixed") from error
    except OSError as error:
        raise UnwritableFile(f"cannot be written: {error.strerror}") from error


def refuse_to_put(path: Path) -> None:
    """Complain early where `put` is sure to fail; where this does not, `put` may fail still.

    Raises:
        UnwritableFile: it is a folder, read-only, or in a place that does not exist.
    """
    try:
        reason = _refusal(path, _status(path))
    except OSError as error:
        reason = error.strerror
    if reason:
        raise UnwritableFile(f"{path} cannot be written: {reason}")


def _refusal(path: Path, status: os.stat_result | None) -> str | None:
    """Why a file cannot be written or made, None if nothing speaks against it."""
    if status is not None and stat.S_ISDIR(status.st_mode):
        return os.strerror(EISDIR)
    folder = Path(os.path.realpath(path)).parent
    if not stat.S_ISDIR(folder.stat().st_mode):
        return os.strerror(ENOTDIR)
    is_replaced = status is None or stat.S_ISREG(status.st_mode)
    needed = [path] * (status is not None) + [folder] * is_replaced
    return None if all(os.access(one, os.W_OK) for one in needed) else os.strerror(EACCES)


def put(path: Path, data: bytes) -> None:
    """Let a file hold `data`, whether or not it was there before.

    Whoever reads it meanwhile sees the old contents or all of the new. A link stays a link, and
    a device or pipe is written to as it is.

    Raises:
        UnwritableFile: the system refuses.
    """
    with _told(path):
        _put(path, data, _status(path))


def put_report(path: Path, report: bytes) -> None:
    """`put`, but where this process writes the file already, behind what is in it.

    `/dev/stdout` is such a file where the shell sends the output to one. What else is to be printed
    follows the report there.

    Raises:
        UnwritableFile: the system refuses.
    """
    with _told(path):
        status = _status(path)
        stream = _stream(status) if status and stat.S_ISREG(status.st_mode) else None
        if stream is None:
            _put(path, report, status)
            return
        with open(stream, "wb", closefd=False) as file:
            file.write(report)


@contextmanager
def _told(path: Path) -> Generator[None, None, None]:
    """Name the file that the system refuses to write."""
    try:
        yield
    except OSError as error:
        raise UnwritableFile(f"{path} cannot be written: {error.strerror}") from error


def _put(path: Path, data: bytes, status: os.stat_result | None) -> None:
    if status is None or stat.S_ISREG(status.st_mode):
        _replace(Path(os.path.realpath(path)), data, status)
    else:
        path.write_bytes(data)


def _stream(status: os.stat_result) -> int | None:
    """The number of the standard stream that leads to a file, None if none does."""
    for number in (1, 2):
        # The shell may have closed it.
        with suppress(OSError):
            if os.path.samestat(os.fstat(number), status):
                return number
    return None


def _status(path: Path) -> os.stat_result | None:
    """What the system says of a file, None if there is none."""
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _target(path: Path, given: Iterable[Path]) -> Path:
    """The file itself, where a link leads to it."""
    target = Path(os.path.realpath(path))
    if any(target.is_relative_to(_place(one)) for one in given):
        return target
    raise UnwritableFile(f"leads to `{target}`, outside of what is to be fixed")


def _place(given: Path) -> Path:
    """Where a given path is: the folder it leads to, but a file only where it stands itself."""
    if given.is_dir():
        return Path(os.path.realpath(given))
    return Path(os.path.realpath(given.parent)) / given.name


@contextmanager
def _held(path: Path) -> Generator[BinaryIO, None, None]:
    """A file that no other process writes in this way as long as it is open.

    The lock is on the file itself, so there is nothing to clean up. One who waited for it finds
    another file under the name, since each writes a new one.
    """
    with path.open("rb") as file:
        with suppress(ImportError, OSError):
            # Have: not Windows, and maybe a file system without locks, where only the moment
            # between comparing and replacing is open to others.
            from fcntl import LOCK_EX, flock

            flock(file, LOCK_EX)
        yield file


def _has_locks() -> bool:
    """Whether the system knows locks that go with an open file; Windows does not."""
    return find_spec("fcntl") is not None


def _replace(target: Path, data: bytes, status: os.stat_result | None) -> None:
    # The name is known before the file is there, so that no interrupt can leave it behind. It does
    # not grow with that of the target, which may be as long as the system allows.
    new = target.with_name(f".sessionlint-{secrets.token_hex(8)}.tmp")
    with _unended():
        try:
            with new.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            if status is not None:
                _take_after(new, status)
            os.replace(new, target)
        finally:
            new.unlink(missing_ok=True)


@contextmanager
def _unended() -> Generator[None, None, None]:
    """Let what ends this process at once, and runs no clean-up, wait until the end of the block.

    Source: signal(7), SIGTERM is what `kill` and `timeout` send, SIGHUP a terminal that goes away.
    """
    if not hasattr(signal, "pthread_sigmask"):
        # Have: Windows, which ends a process without asking it.
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _take_after(new: Path, status: os.stat_result) -> None:
    """Give a new file the owner, as far as the system allows it, and the mode of an old one."""
    own = new.stat()
    if (own.st_uid, own.st_gid) != (status.st_uid, status.st_gid):
        # A change of owner takes special bits of the mode away, so it comes first.
        with suppress(OSError, AttributeError):
            os.chown(new, status.st_uid, status.st_gid)
    new.chmod(status.st_mode & 0o7777)
