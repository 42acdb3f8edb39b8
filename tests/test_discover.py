"""Which files a path stands for."""

import os
import subprocess
from pathlib import Path

import pytest

from sessionlint import discover
from sessionlint.config import Configuration
from sessionlint.discover import Exclusions, distinct, python_files
from sessionlint.errors import UsageError


def make(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)


def found(root: Path, *names: str) -> list[str]:
    files = python_files([root / name for name in names or ["."]], Configuration(dict))
    return [Path(path).relative_to(root).as_posix() for path in files]


def test_finds_python_files_in_path_order(tmp_path):
    make(tmp_path, "b.py", "a/z.py", "a/c.pyi", "a/data.txt", "a/script", "é.py")
    assert found(tmp_path) == ["a/c.pyi", "a/z.py", "b.py", "é.py"]


def test_finds_a_file_once_whatever_the_order(tmp_path):
    make(tmp_path, "a/b.py", "c.py")
    assert found(tmp_path, "c.py", "a", "a/b.py", "a/../a") == ["a/b.py", "c.py"]


@pytest.mark.parametrize(
    "name",
    [".git", ".venv", "venv", "node_modules", "build", "dist", "__pycache__", ".tox", ".nox"],
)
def test_does_not_enter_folders_of_others(tmp_path, name):
    make(tmp_path, f"{name}/a.py", f"src/{name}/b.py", "src/c.py")
    assert found(tmp_path) == ["src/c.py"]


def test_does_not_enter_a_copy_of_sqlalchemy(tmp_path):
    parts = ("dialects", "engine", "orm", "pool")
    make(tmp_path, *(f"libs/sqlalchemy/{part}/__init__.py" for part in parts), "app/a.py")
    make(tmp_path, "setup.py", "app/sqlalchemy/engine/b.py", "app/sqlalchemy/orm/c.py")
    ours = ["app/a.py", "app/sqlalchemy/engine/b.py", "app/sqlalchemy/orm/c.py", "setup.py"]
    assert found(tmp_path) == ours
    assert excluded(tmp_path, "libs/sqlalchemy/orm/session.py", "app/sqlalchemy/orm/c.py") == [
        "libs/sqlalchemy/orm/session.py"
    ]


def test_enters_such_a_folder_when_it_is_given(tmp_path):
    make(tmp_path, "build/a.py", "build/build/b.py")
    assert found(tmp_path, "build") == ["build/a.py"]


def test_a_given_file_is_always_checked(tmp_path):
    (tmp_path / "pyproject.toml").write_text("[tool.sessionlint]\nexclude = ['a.py', 'build']\n")
    make(tmp_path, "a.py", "build/b.py", "script")
    assert found(tmp_path, "a.py", "build/b.py", "script") == ["a.py", "build/b.py", "script"]


def test_leaves_out_what_the_configuration_excludes(tmp_path):
    (tmp_path / "pyproject.toml").write_text(
        "[tool.sessionlint]\nexclude = ['legacy', 'src/*_pb2.py']\n"
    )
    make(tmp_path, "legacy/a.py", "src/legacy/b.py", "src/deep/c_pb2.py", "d_pb2.py")
    assert found(tmp_path) == ["d_pb2.py"]


def test_an_excluded_folder_stays_excluded_when_it_has_its_own_table(tmp_path):
    (tmp_path / "pyproject.toml").write_text("[tool.sessionlint]\nexclude = ['examples']\n")
    make(tmp_path, "examples/app/a.py")
    (tmp_path / "examples/app/pyproject.toml").write_text("[tool.sessionlint]\n")
    assert found(tmp_path) == []
    assert found(tmp_path, "examples/app") == ["examples/app/a.py"]


def excluded(root: Path, *names: str) -> list[str]:
    exclusions = Exclusions(Configuration(dict))
    return [name for name in names if exclusions.takes(str(root / name))]


def test_a_given_file_may_be_asked_whether_it_is_excluded(tmp_path):
    (tmp_path / "pyproject.toml").write_text("[tool.sessionlint]\nexclude = ['a.py', 'old/sub']\n")
    names = ("a.py", "old/sub/b.py", "old/sub/deep/c.py", "old/d.py", "e.py")
    assert excluded(tmp_path, *names) == ["a.py", "old/sub/b.py", "old/sub/deep/c.py"]


def test_a_file_in_a_folder_of_others_is_excluded_without_configuration(tmp_path):
    make(tmp_path, "setup.py")
    assert excluded(tmp_path, "build/a.py", "src/.venv/b.py", "c.py") == [
        "build/a.py",
        "src/.venv/b.py",
    ]


def test_a_project_may_lie_in_a_folder_that_is_named_like_one_of_others(tmp_path):
    make(tmp_path, "build/project/setup.py")
    assert excluded(tmp_path / "build/project", "a.py", "build/b.py") == ["build/b.py"]


def test_a_project_in_an_excluded_folder_is_excluded_as_a_whole(tmp_path):
    (tmp_path / "pyproject.toml").write_text("[tool.sessionlint]\nexclude = ['vendored']\n")
    (tmp_path / "vendored/app/.git").mkdir(parents=True)
    assert excluded(tmp_path, "vendored/app/a.py", "own/app/a.py") == ["vendored/app/a.py"]


def test_leaves_out_what_git_ignores(tmp_path):
    git(tmp_path, "init", "--quiet")
    (tmp_path / ".gitignore").write_text("generated/\n*_local.py\n")
    make(tmp_path, "a.py", "generated/b.py", "sub/c_local.py", "sub/d.py")
    assert found(tmp_path) == ["a.py", "sub/d.py"]
    assert found(tmp_path, "sub") == ["sub/d.py"]


def test_checks_tracked_files_that_git_would_ignore(tmp_path):
    git(tmp_path, "init", "--quiet")
    (tmp_path / ".gitignore").write_text("*.py\n")
    make(tmp_path, "a.py", "b.py", "gone.py")
    git(tmp_path, "add", "--force", "a.py", "gone.py")
    (tmp_path / "gone.py").unlink()
    assert found(tmp_path) == ["a.py"]


def test_checks_a_given_folder_that_git_ignores(tmp_path):
    git(tmp_path, "init", "--quiet")
    (tmp_path / ".gitignore").write_text("out/\n")
    make(tmp_path, "out/deep/a.py", "src/b.txt")
    assert found(tmp_path, "out/deep") == ["out/deep/a.py"]
    assert found(tmp_path, "src") == []


def test_asks_each_repository_below_a_folder(tmp_path):
    make(tmp_path, "one/a.py", "one/local.py", "two/local.py")
    git(tmp_path / "one", "init", "--quiet")
    (tmp_path / "one/.gitignore").write_text("local.py\n")
    assert found(tmp_path) == ["one/a.py", "two/local.py"]


def test_enters_a_repository_inside_a_repository(tmp_path):
    git(tmp_path, "init", "--quiet")
    make(tmp_path, "a.py", "inner/b.py", "inner/local.py")
    git(tmp_path / "inner", "init", "--quiet")
    (tmp_path / "inner/.gitignore").write_text("local.py\n")
    assert found(tmp_path) == ["a.py", "inner/b.py"]


def test_is_not_led_astray_by_the_variables_of_a_hook(tmp_path, monkeypatch):
    git(tmp_path, "init", "--quiet")
    (tmp_path / ".gitignore").write_text("b.py\n")
    make(tmp_path, "a.py", "b.py")
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_INDEX_FILE", "/nowhere/index")
    assert found(tmp_path) == ["a.py"]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root may give files away")
def test_asks_git_about_what_belongs_to_somebody_else(tmp_path):
    """As in containers, where git then says nothing and what it ignores would be rewritten."""
    git(tmp_path, "init", "--quiet")
    (tmp_path / ".gitignore").write_text("b.py\n")
    make(tmp_path, "a.py", "b.py")
    for path in (tmp_path, tmp_path / ".git"):
        os.chown(path, 12_345, -1)
    assert found(tmp_path) == ["a.py"]


def test_works_without_git(tmp_path, monkeypatch):
    git(tmp_path, "init", "--quiet")
    make(tmp_path, "a.py", "sub/b.py")
    monkeypatch.setenv("PATH", "")
    assert found(tmp_path) == ["a.py", "sub/b.py"]


@pytest.mark.parametrize("has_git", [True, False])
def test_follows_links_to_files_only(tmp_path, has_git):
    if has_git:
        git(tmp_path, "init", "--quiet")
    make(tmp_path, "src/a.py")
    (tmp_path / "src" / "loop").symlink_to(tmp_path / "src")
    (tmp_path / "src" / "broken.py").symlink_to("nowhere.py")
    (tmp_path / "src" / "self.py").symlink_to("self.py")
    (tmp_path / "src" / "link.py").symlink_to("a.py")
    os.mkfifo(tmp_path / "src" / "pipe.py")
    (tmp_path / "src" / "folder.py").mkdir()
    assert found(tmp_path) == ["src/a.py", "src/link.py"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may list every folder")
def test_a_folder_that_cannot_be_listed_stands_for_itself(tmp_path):
    make(tmp_path, "a.py", "locked/b.py")
    (tmp_path / "locked").chmod(0)
    try:
        assert found(tmp_path) == ["a.py", "locked"]
    finally:
        (tmp_path / "locked").chmod(0o700)


@pytest.mark.parametrize("name", ["nowhere", "nowhere/a.py", "loop"])
def test_a_path_that_does_not_exist_is_an_error(tmp_path, name):
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(UsageError, match=name):
        found(tmp_path, name)


def test_of_several_ways_to_a_file_the_one_without_links_stays(tmp_path):
    make(tmp_path, "real/a.py", "b.py")
    (tmp_path / "alias").symlink_to("real")
    (tmp_path / "c.py").symlink_to("b.py")
    (tmp_path / "elsewhere").mkdir()
    make(tmp_path, "elsewhere/d.py")
    for name in ("first.py", "second.py"):
        (tmp_path / "real" / name).symlink_to(tmp_path / "elsewhere" / "d.py")
    names = ["alias/a.py", "real/a.py", "c.py", "b.py", "real/first.py", "real/second.py"]
    kept = distinct([str(tmp_path / name) for name in names])
    assert [os.path.relpath(path, tmp_path) for path in kept] == [
        "real/a.py",
        "b.py",
        "real/first.py",
    ]


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied"), OSError(5, "EIO")])
def test_a_tracked_file_that_cannot_be_looked_at_is_not_passed_over(tmp_path, monkeypatch, error):
    git(tmp_path, "init", "--quiet")
    make(tmp_path, "a.py", "locked/b.py")
    git(tmp_path, "add", ".")
    look = os.stat

    def refused(path, *arguments, **options):
        if str(path).endswith("b.py"):
            raise error
        return look(path, *arguments, **options)

    monkeypatch.setattr(os, "stat", refused)
    assert found(tmp_path) == ["a.py", "locked/b.py"]


def test_a_tracked_file_in_what_is_no_folder_any_more_is_passed_over(tmp_path):
    git(tmp_path, "init", "--quiet")
    make(tmp_path, "a.py", "sub/b.py")
    git(tmp_path, "add", ".")
    (tmp_path / "sub" / "b.py").unlink()
    (tmp_path / "sub").rmdir()
    (tmp_path / "sub").write_text("")
    assert found(tmp_path) == ["a.py"]


def test_names_of_git_are_paths_of_the_system(tmp_path, monkeypatch):
    """As on Windows, where git writes slashes and paths have the other ones."""
    monkeypatch.setattr(discover, "_git", lambda *_: b"app/a.py\0inner/\0./\0")
    monkeypatch.setattr(os, "sep", "\\")
    assert sorted(discover._git_files("C:")) == ["C:/app\\a.py", "C:/inner"]
