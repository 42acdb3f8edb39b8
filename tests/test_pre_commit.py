"""The hooks, run by the real pre-commit in a repository of git.

What pre-commit installs is a clone of a repository that holds this working copy as it is.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PARTS = ("sessionlint", "rules", "pyproject.toml", "README.md", ".pre-commit-hooks.yaml")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("git") is None, reason="there is no git"),
]

FACTORY = "from sqlalchemy.orm import sessionmaker\n\nmake = sessionmaker()\n"

LEAK = """\
from app.db import make


def count():
    session = make()
    number = session.query(User).count()
    session.close()
    return number
"""

FIXED = """\
from app.db import make


def count():
    with make() as session:
        number = session.query(User).count()
    return number
"""


def git(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """What git says in a folder, whoever runs it; a hook may take a while to be installed."""
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    environment = {key: text for key, text in os.environ.items() if not key.startswith("GIT_")}
    return subprocess.run(
        ["git", *identity, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**environment, "PRE_COMMIT_COLOR": "never", "PYTHONUTF8": "1"},
        timeout=400,
        check=False,
    )


def done(folder: Path, *arguments: str) -> str:
    """The same where it has to succeed."""
    process = git(folder, *arguments)
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout


@pytest.fixture(scope="module")
def hooks(tmp_path_factory):
    """A repository with the hooks, and one place for what pre-commit installs."""
    folder = tmp_path_factory.mktemp("hooks")
    for name in PARTS:
        if (ROOT / name).is_dir():
            unwanted = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, folder / name, ignore=unwanted)
        else:
            shutil.copy(ROOT / name, folder / name)
    done(folder, "init", "--quiet")
    done(folder, "add", "--all")
    done(folder, "commit", "--quiet", "--message", "all")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PRE_COMMIT_HOME", str(tmp_path_factory.mktemp("home")))
        yield folder


@pytest.fixture
def project(tmp_path, hooks):
    """A repository that has committed a factory, and a hook that is still to be chosen."""
    done(tmp_path, "init", "--quiet")
    (tmp_path / "pyproject.toml").write_text("[tool.sessionlint]\nexclude = ['examples']\n")
    (tmp_path / "app").mkdir()
    (tmp_path / "app/__init__.py").touch()
    (tmp_path / "app/db.py").write_text(FACTORY)
    done(tmp_path, "add", "--all")
    done(tmp_path, "commit", "--quiet", "--message", "a factory")
    return tmp_path


def use(project: Path, hooks: Path, *names: str) -> None:
    """Let every commit pass these hooks from now on."""
    revision = done(hooks, "rev-parse", "HEAD").strip()
    lines = (f"      - id: {name}\n" for name in names)
    (project / ".pre-commit-config.yaml").write_text(
        f"repos:\n  - repo: {hooks}\n    rev: {revision}\n    hooks:\n{''.join(lines)}"
    )
    done(project, "add", "--all")
    subprocess.run(
        [sys.executable, "-m", "pre_commit", "install"],
        cwd=project,
        check=True,
        capture_output=True,
    )
    done(project, "commit", "--quiet", "--message", "hooks")


def commit(project: Path, **files: str) -> "subprocess.CompletedProcess[str]":
    """Try to commit these modules, with nothing else changed."""
    for name, text in files.items():
        path = project / name.replace("__", "/")
        path = path.with_suffix(".py")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    done(project, "add", "--all")
    return git(project, "commit", "--message", "changes")


def head(project: Path) -> str:
    """The subject of the last commit."""
    return done(project, "log", "-1", "--format=%s").strip()


def test_a_leak_of_what_an_unchanged_file_makes_is_refused(project, hooks):
    use(project, hooks, "sessionlint")
    refused = commit(project, app__use=LEAK)
    assert refused.returncode == 1
    assert "app/use.py:5:15: SES104 [*] session `session` is still open" in refused.stderr
    assert "Found 1 error." in refused.stderr
    assert head(project) == "hooks"


def test_a_good_commit_passes(project, hooks):
    use(project, hooks, "sessionlint")
    passed = commit(project, app__use=FIXED)
    assert passed.returncode == 0
    assert "Passed" in passed.stderr
    assert head(project) == "changes"


def test_only_changed_files_are_checked(project, hooks):
    assert commit(project, app__old=LEAK).returncode == 0
    use(project, hooks, "sessionlint")
    passed = commit(project, app__use=FIXED)
    assert (passed.returncode, head(project)) == (0, "changes")


def test_what_the_configuration_excludes_may_be_committed(project, hooks):
    use(project, hooks, "sessionlint")
    assert commit(project, examples__bad=LEAK).returncode == 0


def test_files_of_other_kinds_are_not_passed(project, hooks):
    use(project, hooks, "sessionlint")
    (project / "leak.txt").write_text(LEAK)
    passed = commit(project)
    assert passed.returncode == 0
    assert "(no files to check)Skipped" in passed.stderr


def test_the_fix_is_made_and_the_next_commit_passes(project, hooks):
    use(project, hooks, "sessionlint-fix", "sessionlint")
    refused = commit(project, app__use=LEAK)
    assert refused.returncode == 1
    assert "files were modified by this hook" in refused.stderr
    assert (project / "app/use.py").read_text() == FIXED
    assert head(project) == "hooks"
    assert commit(project).returncode == 0
    assert head(project) == "changes"
    assert done(project, "show", "HEAD:app/use.py") == FIXED


def test_what_cannot_be_fixed_is_refused(project, hooks):
    use(project, hooks, "sessionlint-fix")
    leak = LEAK.replace("    return number", "    return session")
    refused = commit(project, app__use=leak)
    assert refused.returncode == 1
    assert "app/use.py:5:15: SES104" in refused.stderr
    assert (project / "app/use.py").read_text() == leak


def test_a_wrong_configuration_refuses_every_commit_in_one_line(project, hooks):
    use(project, hooks, "sessionlint")
    (project / "pyproject.toml").write_text("[tool.sessionlint]\nselct = []\n")
    refused = commit(project, app__use=FIXED)
    assert refused.returncode == 1
    assert "unknown key `selct` in [tool.sessionlint]; did you mean `select`?" in refused.stderr
    assert "Traceback" not in refused.stderr
