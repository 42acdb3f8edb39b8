"""`--watch`, in a process that sees files change."""

import signal
import subprocess
import sys

import pytest
from command import sessionlint
from running import running

from sessionlint.cli import watching
from sessionlint.cli.request import Asked

LEAK = """\
from sqlalchemy.orm import Session


def load(engine, id):
    session = Session(engine)
    return session.get(User, id).name
"""
CLEAN = "x = 1\n"
FOUND = "leak.py:5:15: SES102 session `session` is never closed"


@pytest.fixture
def app(tmp_path):
    """A repository with one file that leaks and one that is clean."""
    subprocess.run(["git", "init", "-q", "."], cwd=tmp_path, check=True)
    (tmp_path / "leak.py").write_text(LEAK)
    (tmp_path / "clean.py").write_text(CLEAN)
    (tmp_path / ".gitignore").write_text("made.py\n")
    (tmp_path / "pyproject.toml").write_text('[tool.sessionlint]\nexclude = ["old.py"]\n')
    return tmp_path


@pytest.fixture
def watch(app):
    """The files being watched, the first answer read."""
    with running("--watch", "--output-format", "concise", cwd=app) as process:
        process.until("available with")
        yield process


def test_a_change_is_checked_and_set_off_by_one_line(app, watch):
    (app / "leak.py").write_text(CLEAN)
    assert watch.until("passed") == ["--- leak.py changed ---", "All checks passed!"]
    (app / "leak.py").write_text(LEAK)
    assert watch.until("Found")[:2] == ["--- leak.py changed ---", FOUND]


def test_new_and_deleted_files_are_seen(app, watch):
    (app / "more").mkdir()
    (app / "more" / "new.py").write_text(LEAK)
    assert "more/new.py:5:15: SES102 session `session` is never closed" in watch.until("Found 2")
    watch.until("available")
    (app / "more" / "new.py").unlink()
    assert watch.until("Found") == ["--- more/new.py changed ---", FOUND, "Found 1 error."]
    watch.until("available")
    (app / "leak.py").unlink()
    assert watch.until("passed") == ["--- leak.py changed ---", "All checks passed!"]


@pytest.mark.slow
def test_a_folder_that_moves_away_takes_its_files_along(app, watch, tmp_path_factory):
    (app / "more").mkdir()
    (app / "more" / "new.py").write_text(LEAK)
    watch.until("2 unsafe fixes available")
    (app / "more").rename(tmp_path_factory.mktemp("elsewhere") / "more")
    assert watch.until("Found")[-1] == "Found 1 error."


@pytest.mark.slow
def test_ignored_and_excluded_files_are_passed_over(app, watch):
    (app / "made.py").write_text(LEAK)
    (app / "old.py").write_text(LEAK)
    (app / "notes.txt").write_text("x\n")
    (app / ".venv").mkdir()
    (app / ".venv" / "lib.py").write_text(LEAK)
    (app / "clean.py").write_text("y = 1\n")
    assert watch.until("Found") == ["--- clean.py changed ---", FOUND, "Found 1 error."]


@pytest.mark.slow
def test_changed_settings_hold_at_once(app, watch):
    (app / "pyproject.toml").write_text('[tool.sessionlint]\nignore = ["SES102"]\n')
    assert watch.until("passed") == ["--- pyproject.toml changed ---", "All checks passed!"]


@pytest.mark.slow
def test_a_lock_file_and_what_is_required_count(app):
    text = "async def use(db: AsyncSession):\n    try:\n        await db.execute('x')\n"
    text = f"from sqlalchemy.ext.asyncio import AsyncSession\n\n\n{text}    finally:\n"
    (app / "leak.py").write_text(f"{text}        await db.close()\n")
    (app / "requirements.txt").write_text("sqlalchemy==2.0.26\n")
    with running("--watch", "--output-format", "json-lines", cwd=app) as process:
        [before] = process.until('"message"')
        (app / "requirements.txt").write_text("sqlalchemy==2.0.25\n")
        told, after = process.until('"message"')
        assert told == "--- requirements.txt changed ---"
        assert after != before


@pytest.mark.slow
def test_a_mistake_in_the_settings_is_told_and_the_watch_goes_on(app, watch):
    (app / "pyproject.toml").write_text("[tool.sessionlint]\nselekt = []\n")
    assert "unknown key `selekt`" in watch.until("selekt")[-1]
    (app / "pyproject.toml").write_text("")
    assert watch.until("Found")[-2:] == [FOUND, "Found 1 error."]


@pytest.mark.slow
def test_a_file_beside_those_that_are_checked_counts_unless_it_is_left_out(app):
    (app / "web").mkdir()
    text = LEAK.replace("sqlalchemy.orm", "db").replace(".get(User, id).name", ".query(id).all()")
    (app / "web" / "use.py").write_text(text)
    (app / "db.py").write_text("Session = open\n")
    with running("--watch", "--output-format", "concise", "web", cwd=app) as process:
        process.until("passed")
        for name in ("made.py", "old.py", "db.py"):
            (app / name).write_text("from sqlalchemy.orm import Session\n")
        assert process.until("Found")[0] == "--- db.py changed ---"


def test_ctrl_c_ends_it_quietly(app, watch):
    watch.process.send_signal(signal.SIGINT)
    assert watch.rest() == []
    assert watch.process.wait(timeout=60) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="a pipe there does not tell")
def test_it_ends_when_nobody_reads_it_any_more(app):
    command = [sys.executable, "-m", "sessionlint", "--watch", "--output-format", "concise"]
    process = subprocess.Popen(command, cwd=app, stdout=subprocess.PIPE)
    try:
        assert FOUND in process.stdout.readline().decode()
        process.stdout.close()
        assert process.wait(timeout=60) == 0
    finally:
        process.kill()


def test_the_files_are_not_looked_for_while_nothing_changes(app, monkeypatch):
    looked = []

    def files(_config, given):
        looked.append(given)
        return frozenset({"leak.py"})

    monkeypatch.setattr(watching, "_files", files)
    monkeypatch.setattr(watching, "_changes", lambda given: iter([[]] * 1_000))
    asked = Asked(**{name: () if name in {"paths", "exclude"} else None for name in Asked._fields})
    assert watching.watched(asked._replace(paths=(str(app),)), lambda asked: 0) == 0
    assert len(looked) < 20


@pytest.mark.parametrize(
    "option",
    [
        ["--fix"],
        ["--diff"],
        ["--add-noqa"],
        ["--write-baseline", "known.json"],
        ["--output-file", "report.txt"],
        ["-"],
    ],
)
def test_it_only_checks_files(app, option):
    before = sorted(app.iterdir())
    done = sessionlint("--watch", *option, cwd=app)
    assert done.stderr == (
        "sessionlint: `--watch` checks files and prints: it goes with no `--fix`, `--diff`, "
        "`--add-noqa`, `--write-baseline`, `--output-file` or `-`\n"
    )
    assert done.returncode == 2
    assert sorted(app.iterdir()) == before
    assert (app / "leak.py").read_text() == LEAK


def test_a_path_that_is_not_there_ends_it(app):
    done = sessionlint("--watch", "nowhere", cwd=app)
    assert done.stderr.startswith("sessionlint: cannot find `nowhere`")
    assert done.returncode == 2


def test_without_watchfiles_one_line_says_what_to_install(app):
    code = (
        "import sys; sys.modules['watchfiles'] = None; sys.argv[1:] = ['--watch'];"
        "from sessionlint.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=app, capture_output=True, text=True, check=False
    )
    assert done.stderr == (
        "sessionlint: `--watch` needs watchfiles, which is not installed: "
        "pip install 'sessionlint[watch]'\n"
    )
    assert done.returncode == 2
