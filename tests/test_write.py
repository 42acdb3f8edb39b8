"""New contents for files: all or nothing, and only where it was asked for."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sessionlint.errors import ChangedFile, UnwritableFile
from sessionlint.write import written

NOBODY = 65534


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "app" / "a.py"
    path.parent.mkdir()
    path.write_bytes(b"old")
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_new_contents_are_all_there_and_nothing_else_is(file):
    written(file, b"old", b"new", [file])
    assert file.read_bytes() == b"new"
    assert names(file.parent) == ["a.py"]


@pytest.mark.parametrize("mode", [0o644, 0o600, 0o755, 0o666, 0o4755])
def test_the_mode_stays(file, mode):
    file.chmod(mode)
    written(file, b"old", b"new", [file.parent])
    assert file.stat().st_mode & 0o7777 == mode


@pytest.mark.skipif(os.getuid() != 0, reason="only root may give files away")
def test_the_owner_stays(file):
    file.chmod(0o6755)
    os.chown(file, NOBODY, NOBODY)
    file.chmod(0o6755)
    written(file, b"old", b"new", [file])
    status = file.stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o7777) == (NOBODY, NOBODY, 0o6755)


def test_an_owner_that_cannot_be_kept_is_no_failure(file, monkeypatch):
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "chown", refuse)
    monkeypatch.setattr(os, "geteuid", lambda: NOBODY)
    written(file, b"old", b"new", [file])
    assert file.read_bytes() == b"new"


def test_a_file_that_changed_meanwhile_stays(file):
    with pytest.raises(ChangedFile):
        written(file, b"older", b"new", [file])
    assert file.read_bytes() == b"old"
    assert names(file.parent) == ["a.py"]


def test_a_file_that_vanished_does_not_come_back(file):
    file.unlink()
    with pytest.raises(ChangedFile):
        written(file, b"old", b"new", [file])
    assert names(file.parent) == []


def test_a_link_stays_and_its_target_is_written(file):
    link = file.with_name("link.py")
    link.symlink_to(file.name)
    written(link, b"old", b"new", [file.parent])
    assert link.is_symlink()
    assert file.read_bytes() == b"new"


@pytest.mark.parametrize("given", ["app/link.py", "app", "app/link.py/."])
def test_a_link_that_leads_elsewhere_is_refused(tmp_path, file, given):
    outside = tmp_path / "outside.py"
    outside.write_bytes(b"old")
    link = file.with_name("link.py")
    link.symlink_to(outside)
    with pytest.raises(UnwritableFile, match=f"leads to `{outside}`, outside of what is to be"):
        written(link, b"old", b"new", [tmp_path / given])
    assert outside.read_bytes() == b"old"


def test_a_file_below_a_linked_folder_is_refused_unless_the_folder_is_given(tmp_path, file):
    inside = tmp_path / "project"
    inside.mkdir()
    (inside / "linked").symlink_to(file.parent)
    with pytest.raises(UnwritableFile, match="outside"):
        written(inside / "linked" / "a.py", b"old", b"new", [inside])
    written(inside / "linked" / "a.py", b"old", b"new", [inside / "linked"])
    assert file.read_bytes() == b"new"


def test_given_paths_may_be_relative(file, monkeypatch):
    monkeypatch.chdir(file.parent)
    written(file, b"old", b"new", [Path()])
    written(file, b"new", b"newer", [Path("a.py")])
    assert file.read_bytes() == b"newer"


@pytest.mark.parametrize(("path", "mode"), [("app", 0o555), ("app/a.py", 0o444)])
def test_what_is_read_only_stays(tmp_path, file, path, mode):
    (tmp_path / path).chmod(mode)
    done = as_nobody(tmp_path, file)
    (tmp_path / path).chmod(0o755)
    assert done.stdout.splitlines() == [
        "UnwritableFile: "
        + ("cannot be written: Permission denied" if path == "app" else "is read-only")
    ]
    assert file.read_bytes() == b"old"
    assert names(file.parent) == ["a.py"]


def as_nobody(folder: Path, file: Path) -> "subprocess.CompletedProcess[str]":
    """Try to write without the rights of root, whom nothing is read-only to."""
    code = f"""
import os, sys
from pathlib import Path
import sessionlint.write
if os.getuid() == 0:
    os.chown({str(file)!r}, {NOBODY}, {NOBODY}), os.chown({str(file.parent)!r}, {NOBODY}, {NOBODY})
    for folder in Path({str(file)!r}).parents[:-1]:
        folder.chmod(folder.stat().st_mode | 0o011)
    os.setgid({NOBODY}), os.setuid({NOBODY})
path = Path({str(file)!r})
try:
    sessionlint.write.written(path, b"old", b"new", [path])
except sessionlint.errors.SessionlintError as error:
    print(f"{{type(error).__name__}}: {{error}}")
"""
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )


def test_an_interrupt_leaves_nothing_behind(file, monkeypatch):
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        written(file, b"old", b"new", [file])
    assert file.read_bytes() == b"old"
    assert names(file.parent) == ["a.py"]


@pytest.mark.skipif(os.name == "nt", reason="Windows ends a process without asking it")
@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_that_ends_the_process_leaves_nothing_behind(file, ending):
    code = f"""
import os
from pathlib import Path
from sessionlint.write import written

os.fsync = lambda _: os.kill(os.getpid(), {int(ending)})
written(Path({str(file)!r}), b"old", b"new", [Path({str(file)!r})])
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -ending
    assert file.read_bytes() == b"new"
    assert names(file.parent) == ["a.py"]


def test_a_name_as_long_as_the_system_allows_can_be_written(file):
    long = file.with_name("x" * 252 + ".py")
    long.write_bytes(b"old")
    written(long, b"old", b"new", [long])
    assert long.read_bytes() == b"new"


def test_a_full_disk_leaves_the_old_contents(file, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UnwritableFile, match="cannot be written: No space left on device"):
        written(file, b"old", b"new", [file])
    assert file.read_bytes() == b"old"
    assert names(file.parent) == ["a.py"]


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="nobody tells what is open here")
@pytest.mark.parametrize("has_locks", [True, False])
def test_a_file_is_held_until_it_is_replaced_where_there_are_locks(file, monkeypatch, has_locks):
    """Windows has none, and replaces no file that is open."""
    if not has_locks:
        monkeypatch.setitem(sys.modules, "fcntl", None)
    replace, held = os.replace, []

    def replaced(new: Path, target: Path) -> None:
        held.extend(one for one in os.listdir("/proc/self/fd") if leads_to(one, target))
        replace(new, target)

    monkeypatch.setattr(os, "replace", replaced)
    written(file, b"old", b"new", [file])
    assert file.read_bytes() == b"new"
    assert len(held) == has_locks


def leads_to(number: str, path: Path) -> bool:
    """Whether an open file of this process is the one of a path."""
    try:
        return os.readlink(f"/proc/self/fd/{number}") == str(path)
    except OSError:
        return False


COUNTER = """
import sys
from pathlib import Path
from sessionlint.errors import ChangedFile
from sessionlint.write import written
path = Path(sys.argv[1])
left = 200
while left:
    before = path.read_bytes()
    try:
        written(path, before, str(int(before) + 1).encode(), [path])
    except ChangedFile:
        continue
    left -= 1
"""


def test_two_processes_that_write_one_file_lose_nothing(file):
    file.write_bytes(b"0")
    both = [subprocess.Popen([sys.executable, "-c", COUNTER, str(file)]) for _ in range(2)]
    assert [process.wait(timeout=60) for process in both] == [0, 0]
    assert file.read_bytes() == b"400"
    assert names(file.parent) == ["a.py"]
