"""The plugin, asked by the real flake8 and compared with the command line."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from apps import APPS
from command import sessionlint

FORMAT = "%(path)s:%(row)d:%(col)d: %(code)s %(text)s"

FACTORY = """\
from sqlalchemy.orm import sessionmaker

make = sessionmaker()
"""

LEAK = """\
from db import make


def load(id):
    session = make()
    row = session.get(User, id)
    if row is None:
        return None
    session.close()
    return row.name


def count():
    session = make()
    print(session.query(User).count())
"""

WAITING = """\
from sqlalchemy.ext.asyncio import async_sessionmaker

maker = async_sessionmaker()
other = None


async def count(query):
    session = maker() if query else maker(bind=other)
    try:
        return await session.scalar(query)
    finally:
        await session.close()
"""


def run(
    program: str, *arguments: str, cwd: Path, stdin: str = ""
) -> "subprocess.CompletedProcess[str]":
    """A program of this Python in a process of its own; a run that hangs fails."""
    return subprocess.run(
        [sys.executable, *program.split(), *arguments],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONUTF8": "1"},
        timeout=120,
        check=False,
    )


def flake8(*arguments: str, cwd: Path, stdin: str = "") -> list[str]:
    """What flake8 says, line by line; it has nothing to complain about itself."""
    options = arguments if "--config" in arguments else ("--isolated", *arguments)
    done = run("-m flake8", "--format", FORMAT, *options, cwd=cwd, stdin=stdin)
    assert done.stderr == ""
    assert done.returncode == (1 if done.stdout else 0)
    return done.stdout.splitlines()


def codes(*arguments: str, cwd: Path, stdin: str = "") -> list[str]:
    """Line and code of what flake8 finds."""
    lines = flake8(*arguments, cwd=cwd, stdin=stdin)
    return [f"{line.split(':')[1]} {line.split()[1]}" for line in lines]


def command_line(*arguments: str, cwd: Path, stdin: bytes = b"") -> list[str]:
    """What the command line finds, written like the lines of flake8."""
    done = sessionlint("--output-format", "json", *arguments, cwd=cwd, stdin=stdin)
    return [
        f"{one['path']}:{one['line']}:{one['column']}: {one['code']} {one['message']}"
        for one in json.loads(done.stdout)
    ]


@pytest.fixture
def app(tmp_path):
    """Two modules: one makes a factory, the other leaks what the factory gives."""
    (tmp_path / "db.py").write_text(FACTORY)
    (tmp_path / "use.py").write_text(LEAK)
    return tmp_path


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_finds_in_the_small_projects_what_the_command_line_finds(tmp_path, jobs):
    shutil.copytree(APPS, tmp_path / "apps")
    expected = command_line("apps", cwd=tmp_path)
    assert len(expected) > 10
    found = flake8("--select", "SES", "--jobs", jobs, "apps", cwd=tmp_path)
    assert sorted(found) == sorted(expected)


@pytest.mark.slow
def test_follows_a_factory_into_a_file_that_is_not_checked(app):
    assert flake8("--select", "SES", "use.py", cwd=app) == command_line("use.py", cwd=app)
    assert codes("--select", "SES", "use.py", cwd=app) == ["5 SES103", "14 SES102"]


def test_is_on_without_being_asked_for(app):
    assert codes("use.py", cwd=app) == [
        "5 SES103",
        "6 F821",
        "14 SES102",
        "15 F821",
    ]


def test_checks_the_text_of_standard_input_and_not_what_is_saved(app):
    named = ("--select", "SES", "--stdin-display-name", "use.py", "-")
    unsaved = LEAK.replace("def count", "\n\ndef count")
    assert codes(*named, cwd=app, stdin=unsaved) == ["5 SES103", "16 SES102"]
    assert codes(*named, cwd=app, stdin="x = 1\n") == []


def test_finds_in_standard_input_what_the_command_line_finds(app):
    found = flake8("--select", "SES", "--stdin-display-name", "use.py", "-", cwd=app, stdin=LEAK)
    stdin = LEAK.encode()
    assert found == command_line("--stdin-filename", "use.py", "-", cwd=app, stdin=stdin)


@pytest.mark.slow
def test_standard_input_needs_no_name(app):
    assert codes("--select", "SES", "-", cwd=app, stdin=LEAK) == ["5 SES103", "14 SES102"]


def test_other_files_see_the_unsaved_text_of_standard_input(app):
    named = ("--select", "SES", "--stdin-display-name", "db.py", "use.py", "-")
    assert codes(*named, cwd=app, stdin="make = dict\n") == []


@pytest.mark.parametrize("coding", ["latin-1", "utf-8", "utf-8-sig"])
def test_standard_input_may_have_any_encoding(app, coding):
    leak = LEAK.replace("session = make()", "name = 'é'; session = make()", 1)
    text = f"# coding: {coding.removesuffix('-sig')}\n{leak}"
    done = subprocess.run(
        [sys.executable, "-m", "flake8", "--isolated", "--select", "SES", "-"],
        cwd=app,
        input=text.encode(coding),
        capture_output=True,
        timeout=60,
        check=False,
    )
    places = [line.split(b":")[1:3] for line in done.stdout.splitlines()]
    assert places == [[b"6", b"27"], [b"15", b"15"]]


@pytest.mark.slow
def test_the_selection_of_flake8_holds(app):
    assert codes("--select", "SES103", "use.py", cwd=app) == ["5 SES103"]
    assert codes("--select", "E,W", "use.py", cwd=app) == []
    assert codes("--extend-ignore", "SES103,F", "use.py", cwd=app) == ["14 SES102"]
    assert codes("--select", "W", "--extend-select", "SES102", "use.py", cwd=app) == ["14 SES102"]


@pytest.mark.slow
def test_a_rule_speaks_of_what_it_leaves_to_one_that_flake8_ignores(app):
    (app / "wait.py").write_text(WAITING)
    assert codes("--select", "SES", "wait.py", cwd=app) == ["8 SES101"]
    expected = command_line("--ignore", "SES101", "wait.py", cwd=app)
    ignoring = ("--select", "SES", "--extend-ignore", "SES101")
    assert flake8(*ignoring, "wait.py", cwd=app) == expected
    assert flake8(*ignoring, "--jobs", "2", "wait.py", "use.py", "db.py", cwd=app)[2:] == expected
    assert codes("--select", "SES301", "wait.py", cwd=app) == ["12 SES301"]


@pytest.mark.slow
def test_the_files_that_flake8_ignores_codes_in_hold(app):
    (app / "other.py").write_text(LEAK)
    (app / "setup.cfg").write_text(
        "[flake8]\nselect = SES\nper-file-ignores =\n    use.py: SES103\n    other.py: SES\n"
    )
    assert codes("--config", "setup.cfg", cwd=app) == ["14 SES102"]


@pytest.mark.slow
@pytest.mark.parametrize("comment", ["# noqa", "# noqa: SES103", "# noqa: SES1"])
def test_a_comment_takes_back_what_it_names(app, comment):
    (app / "use.py").write_text(LEAK.replace("make()", f"make()  {comment}", 1))
    assert codes("--select", "SES", "use.py", cwd=app) == ["14 SES102"]


@pytest.mark.slow
def test_a_comment_about_something_else_takes_back_nothing_and_is_told_of(app):
    (app / "use.py").write_text(LEAK.replace("make()", "make()  # noqa: SES104", 1))
    assert codes("--select", "SES", "use.py", cwd=app) == ["5 SES103", "5 SES901", "14 SES102"]


def test_a_comment_behind_a_string_of_several_lines_counts(app):
    (app / "use.py").write_text(LEAK.replace("make()", 'make("""\n""")  # noqa: SES103', 1))
    assert codes("--select", "SES", "use.py", cwd=app) == ["15 SES102"]


def test_a_line_for_the_whole_file_has_flake8_leave_it_out_whatever_its_codes(app):
    """The command line takes back these codes alone, as ruff does."""
    (app / "use.py").write_text("# flake8: noqa: SES103\n" + LEAK)
    assert codes("--select", "SES", "use.py", cwd=app) == []
    [left] = command_line("use.py", cwd=app)
    assert left.split()[1] == "SES102"


@pytest.mark.slow
def test_comments_count_for_nothing_if_flake8_is_told_so(app):
    (app / "use.py").write_text("# flake8: noqa\n" + LEAK.replace("make()", "make()  # noqa"))
    assert codes("--select", "SES", "use.py", cwd=app) == []
    found = codes("--select", "SES", "--disable-noqa", "use.py", cwd=app)
    assert found == ["6 SES103", "15 SES102"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("select = ['SES102']", ["14 SES102"]),
        ("ignore = ['SES102']", ["5 SES103"]),
        ("per-file-ignores = { 'use.py' = ['SES103'] }", ["14 SES102"]),
        ("exclude = ['use.py']", []),
        ("closers = ['print']", ["5 SES103", "14 SES102"]),
    ],
)
def test_the_configuration_of_the_project_holds(app, table, expected):
    (app / "pyproject.toml").write_text(f"[tool.sessionlint]\n{table}\n")
    assert codes("--select", "SES", ".", cwd=app) == expected


@pytest.mark.slow
def test_what_the_configuration_switches_off_flake8_does_not_switch_on(app):
    (app / "pyproject.toml").write_text("[tool.sessionlint]\nignore = ['SES102']\n")
    assert codes("--select", "SES102,SES103", ".", cwd=app) == ["5 SES103"]


@pytest.mark.slow
def test_configured_factories_are_known(app):
    (app / "db.py").write_text("from elsewhere import make\n")
    assert codes("--select", "SES", ".", cwd=app) == []
    (app / "pyproject.toml").write_text("[tool.sessionlint]\nfactories = ['elsewhere.make']\n")
    assert codes("--select", "SES", ".", cwd=app) == ["5 SES103", "14 SES102"]


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_wrong_configuration_is_one_clear_line(app, jobs):
    (app / "pyproject.toml").write_text("[tool.sessionlint]\nselct = []\n")
    done = run("-m flake8", "--isolated", "--jobs", jobs, ".", cwd=app)
    assert done.returncode == 1
    assert done.stderr == ""
    assert done.stdout == (
        "There was a critical error during execution of Flake8:\n"
        f"sessionlint: {app / 'pyproject.toml'}:2: unknown key `selct` in [tool.sessionlint];"
        " did you mean `select`?\n"
    )


def test_a_file_that_python_cannot_parse_is_for_flake8_to_report(app):
    (app / "use.py").write_text(f"{LEAK}\ndef (:\n")
    assert [line.split()[1] for line in flake8("use.py", cwd=app)] == ["E999"]


def test_a_file_that_is_not_decoded_is_reported_as_on_the_command_line(app):
    (app / "use.py").write_bytes(LEAK.encode() + b"name = '\xe9'\n")
    [line] = flake8("--select", "SES", "use.py", cwd=app)
    assert line == "use.py:16:1: SES999 not utf-8: byte 0xe9 cannot be decoded"
    assert [line] == command_line("use.py", cwd=app)


@pytest.mark.slow
def test_a_deep_tree_is_followed_as_on_the_command_line(app):
    # Python makes one string of the pieces, LibCST a tree as deep as they are many.
    (app / "use.py").write_text(
        LEAK.replace("row.name", f"row.name({'`a` ' * 600})".replace("`", "'"))
    )
    assert codes("--select", "SES", "use.py", cwd=app) == ["5 SES103", "14 SES102"]


def told(code: str, cwd: Path) -> str:
    """The last line that a piece of code prints in a process of its own."""
    done = run("-c", code, cwd=cwd)
    assert done.stderr == ""
    return done.stdout.splitlines()[-1]


UNWANTED = "print([name for name in ('libcst', 'click') if name in sys.modules])"


def test_loading_it_loads_neither_click_nor_libcst(tmp_path):
    assert told(f"import sys, sessionlint.flake8_plugin; {UNWANTED}", tmp_path) == "[]"


def test_files_without_sessions_load_neither_click_nor_libcst(tmp_path):
    (tmp_path / "a.py").write_text("import json\n\n\ndef load(path):\n    return json.load(path)\n")
    code = f"import sys; from flake8.main.cli import main; main(['--isolated', '.']); {UNWANTED}"
    assert told(code, tmp_path) == "[]"


@pytest.mark.slow
def test_files_with_sessions_do_not_load_click(app):
    code = f"import sys; from flake8.main.cli import main; main(['-j1', '.']); {UNWANTED}"
    assert told(code, app) == "['libcst']"


COUNTED = """
import libcst
seen = []
parse = libcst.parse_module
libcst.parse_module = lambda code, *rest: seen.append(len(code)) or parse(code, *rest)
"""


@pytest.mark.slow
def test_nothing_is_parsed_twice(tmp_path):
    shutil.copytree(APPS, tmp_path / "apps")
    ours = "from sessionlint.cli import run; run(['apps']); print(sorted(seen))"
    theirs = "from flake8.main.cli import main; main(['-j1', 'apps']); print(sorted(seen))"
    expected = told(COUNTED + ours, tmp_path)
    assert expected != "[]"
    assert told(COUNTED + theirs, tmp_path) == expected


@pytest.mark.slow
def test_the_next_run_in_one_process_sees_what_has_changed_meanwhile(app):
    code = (
        "from flake8.main.cli import main; import pathlib\n"
        "first = main(['--isolated', '--select', 'SES', '-q', 'use.py'])\n"
        "pathlib.Path('db.py').write_text('make = dict')\n"
        "print(first, main(['--isolated', '--select', 'SES', 'use.py']))"
    )
    assert told(code, app) == "1 0"
