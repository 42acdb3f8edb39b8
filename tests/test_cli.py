"""The command line, in a process of its own."""

import errno
import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from command import sessionlint

import sessionlint as package

LEAK = """\
from sqlalchemy.orm import Session


def load(engine, id):
    session = Session(engine)
    return session.get(User, id).name
"""


WILD = Path(__file__).parents[1] / "fixtures" / "wild"


@pytest.fixture
def app(tmp_path):
    """A folder with one file that leaks on line 5 and one that is clean."""
    (tmp_path / "leak.py").write_text(LEAK)
    (tmp_path / "clean.py").write_text("x = 1\n")
    return tmp_path


@pytest.mark.parametrize(
    "arguments", [["leak.py"], ["check", "leak.py"], ["."], [], ["--select", "SES1", "leak.py"]]
)
def test_check_may_be_left_out(app, arguments):
    done = sessionlint(*arguments, "--output-format", "concise", cwd=app)
    assert done.stderr == ""
    assert done.stdout.splitlines()[0].startswith("leak.py:5:15: SES102 session `session` ")
    assert done.stdout.splitlines()[1:] == [
        "Found 1 error.",
        "1 unsafe fix available with `--fix --unsafe-fixes`.",
    ]
    assert done.returncode == 1


def test_full_is_the_usual_form(app):
    done = sessionlint("leak.py", cwd=app)
    assert done.stdout.splitlines()[1:5] == [
        "  |",
        "4 | def load(engine, id):",
        "5 |     session = Session(engine)",
        "  |               ^^^^^^^^^^^^^^^",
    ]


def test_clean_files_exit_with_zero(app):
    done = sessionlint("clean.py", cwd=app)
    assert (done.returncode, done.stdout, done.stderr) == (0, "All checks passed!\n", "")


def test_exit_zero_forgives_findings(app):
    assert sessionlint("--exit-zero", cwd=app).returncode == 0


def test_exit_zero_does_not_forgive_what_could_not_be_checked(app):
    (app / "broken.py").write_text("from sqlalchemy.orm import Session\ndef f(: Session()\n")
    done = sessionlint("--exit-zero", "--output-format", "concise", cwd=app)
    assert done.returncode == 2
    assert [line.split()[1] for line in done.stdout.splitlines()[:-2]] == ["SES999", "SES102"]


def test_quiet_says_nothing_of_clean_files(app):
    done = sessionlint("-q", "clean.py", cwd=app)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_folder_without_python_is_worth_a_warning(tmp_path):
    done = sessionlint(cwd=tmp_path)
    assert done.returncode == 0
    assert done.stderr == "warning: no Python files found\n"


def test_a_mistake_in_the_settings_is_told_without_files(tmp_path):
    (tmp_path / "pyproject.toml").write_text("[tool.sessionlint\n")
    done = sessionlint(cwd=tmp_path)
    assert "pyproject.toml:1:18: invalid TOML" in done.stderr
    assert done.returncode == 2


def test_json_is_one_array(app):
    done = sessionlint("--output-format", "json", cwd=app)
    [record] = json.loads(done.stdout)
    assert {key: record[key] for key in ("path", "line", "column", "code", "name", "fix")} == {
        "path": "leak.py",
        "line": 5,
        "column": 15,
        "code": "SES102",
        "name": "never-closed",
        "fix": {
            "title": "wrap in `with`",
            "safety": "unsafe",
            "reason": "what is returned may still need the session",
        },
    }


def test_statistics_take_the_place_of_findings(app):
    done = sessionlint("--statistics", cwd=app)
    first, *rest = done.stdout.splitlines()
    assert first == "1\tSES102\tnever-closed"
    assert rest[0] == "Found 1 error."


def test_show_path_ends_at_the_leak(app):
    done = sessionlint("--show-path", "leak.py", "--output-format", "concise", cwd=app)
    shown = done.stdout.splitlines()
    assert shown[1] == "  the way there:"
    assert "       return session.get(User, id).name" in shown


def test_paths_are_shown_from_the_current_folder(app):
    (app / "sub").mkdir()
    inside = sessionlint(app / "leak.py", "--output-format", "concise", cwd=app)
    outside = sessionlint("../leak.py", "--output-format", "concise", cwd=app / "sub")
    assert inside.stdout.startswith("leak.py:5:15: ")
    assert outside.stdout.startswith(f"{app / 'leak.py'}:5:15: ")


def test_order_does_not_depend_on_the_arguments(app):
    (app / "a.py").write_text(LEAK)
    first = sessionlint("leak.py", "a.py", "clean.py", cwd=app)
    second = sessionlint("clean.py", "a.py", "leak.py", "a.py", cwd=app)
    assert first.stdout == second.stdout


def test_both_engines_print_the_same(app):
    fast = sessionlint("--engine", "fast", cwd=app)
    full = sessionlint("--engine", "full", cwd=app)
    assert fast.stdout == full.stdout


def test_reads_standard_input(app):
    done = sessionlint("-", "--output-format", "concise", cwd=app, stdin=LEAK.encode())
    assert done.stdout.startswith("-:5:15: SES102 ")
    assert done.returncode == 1


def test_shows_the_lines_of_standard_input(app):
    done = sessionlint("-", cwd=app, stdin=LEAK.encode())
    assert "5 |     session = Session(engine)\n" in done.stdout


def test_standard_input_has_the_configuration_of_its_name(app):
    (app / "sub").mkdir()
    (app / "sub" / "pyproject.toml").write_text("[tool.sessionlint]\nignore = ['SES1']\n")
    named = ("-", "--stdin-filename", "sub/a.py")
    assert sessionlint(*named, cwd=app, stdin=LEAK.encode()).returncode == 0
    assert sessionlint("-", cwd=app, stdin=LEAK.encode()).returncode == 1


@pytest.mark.parametrize("fixing", [(), ("--fix", "--unsafe-fixes"), ("--diff",), ("--no-cache",)])
def test_a_name_for_standard_input_has_it_read(app, fixing):
    """Whoever forgets the `-`, which ruff does not need, must not have a whole folder fixed."""
    named = (*fixing, "--stdin-filename", "sub/a.py")
    expected = sessionlint(*named, "-", cwd=app, stdin=LEAK.encode())
    done = sessionlint(*named, cwd=app, stdin=LEAK.encode())
    assert (done.stdout, done.stderr) == (expected.stdout, expected.stderr)
    assert done.returncode == expected.returncode
    assert (app / "leak.py").read_text() == LEAK


@pytest.mark.parametrize("other", ["--add-noqa", "--watch"])
def test_a_name_for_standard_input_does_not_go_with_what_is_for_files(app, other):
    done = sessionlint(other, "--stdin-filename", "a.py", cwd=app, stdin=LEAK.encode())
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"sessionlint: `{other}` ")


def test_a_name_for_standard_input_goes_with_no_other_path(app):
    done = sessionlint("--fix", "--stdin-filename", "a.py", "leak.py", cwd=app)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "sessionlint: `--stdin-filename` names what `-` reads, and goes with no other path\n"
    )


@pytest.mark.parametrize("named", [(), ("--stdin-filename", "new.py")])
def test_standard_input_is_a_file_of_its_project(tmp_path, named):
    """What it says of its own attributes is looked for in all files."""
    text = (WILD / "registry_behind_a_library.py").read_bytes()
    assert sessionlint("-", *named, cwd=tmp_path, stdin=text).returncode == 0


def test_standard_input_resolves_imports_from_its_name(app):
    (app / "sub").mkdir()
    (app / "sub" / "db.py").write_text(
        "from sqlalchemy.orm import sessionmaker\nmake = sessionmaker()\n"
    )
    text = b"from db import make\n\ndef f():\n    s = make()\n    return s.get(User, 1).name\n"
    done = sessionlint("-", "--stdin-filename", "sub/a.py", cwd=app, stdin=text)
    assert done.stdout.startswith(f"{Path('sub/a.py')}:4:9: SES102 ")


def test_one_file_holds_in_place_of_all_others(app):
    """Its patterns count from the current folder, wherever it lies itself."""
    (app / "pyproject.toml").write_text("[tool.sessionlint]\nignore = ['SES102']\n")
    (app / "ci").mkdir()
    (app / "ci" / "lint.toml").write_text(
        "[tool.sessionlint]\nexclude = ['old']\n"
        "[tool.sessionlint.per-file-ignores]\n'sub/*' = ['SES102']\n"
    )
    for name in ("old", "sub", "sub/old"):
        (app / name).mkdir(exist_ok=True)
        (app / name / "leak.py").write_text(LEAK)
    broken = app / "sub" / "pyproject.toml"
    broken.write_text("[tool.sessionlint]\nselect = 3\n")
    done = sessionlint("--config", "ci/lint.toml", "--output-format", "json", cwd=app)
    assert [one["path"] for one in json.loads(done.stdout)] == ["leak.py"]
    assert sessionlint("--config", "ci/lint.toml", "old/leak.py", cwd=app).returncode == 1
    forced = sessionlint("--config", "ci/lint.toml", "--force-exclude", "old/leak.py", cwd=app)
    assert forced.returncode == 0


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[tool.ruff]\n", ": there is no [tool.sessionlint] in it"),
        ("[tool.sessionlint]\nselct = []\n", ":2: unknown key `selct` in [tool.sessionlint]"),
        (None, ": cannot be read: No such file or directory"),
    ],
)
def test_a_file_that_cannot_hold_is_told_of(app, text, reason):
    if text is not None:
        (app / "lint.toml").write_text(text)
    done = sessionlint("--config", "lint.toml", cwd=app)
    assert done.returncode == 2
    assert done.stderr.startswith(f"sessionlint: lint.toml{reason}")
    assert done.stderr.count("\n") == 1


def test_codes_are_switched_off_by_the_name_that_flake8_has_for_it(app):
    assert sessionlint("--extend-ignore", "SES1", cwd=app).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "left"),
    [
        ([], ["leak.py", "old/leak.py", "sub/old/leak.py"]),
        (["--exclude", "old"], ["leak.py"]),
        (["--extend-exclude", "sub/old", "--exclude", "leak.py, build"], []),
        (["--exclude", "sub/*"], ["leak.py", "old/leak.py"]),
        (["--exclude", "old", "--exclude", ""], ["leak.py"]),
        (["--exclude", "old", "old/leak.py"], ["old/leak.py"]),
        (["--exclude", "old", "--force-exclude", "old/leak.py", "."], ["leak.py"]),
    ],
)
def test_the_command_line_excludes_more(app, arguments, left):
    (app / "pyproject.toml").write_text("[tool.sessionlint]\nexclude = ['never.py']\n")
    for name in ("old", "sub/old"):
        (app / name).mkdir(parents=True)
        (app / name / "leak.py").write_text(LEAK)
    (app / "never.py").write_text(LEAK)
    done = sessionlint("--output-format", "json", *arguments, cwd=app)
    assert [one["path"] for one in json.loads(done.stdout)] == left


@pytest.mark.parametrize(
    ("arguments", "stdin"),
    [
        (["leak.py", "clean.py"], ""),
        (["."], ""),
        (["-", "--stdin-filename", "leak.py"], LEAK),
        (["--fix", "--unsafe-fixes", "leak.py"], ""),
    ],
)
def test_what_is_excluded_may_be_left_out_although_it_is_given(app, arguments, stdin):
    (app / "pyproject.toml").write_text("[tool.sessionlint]\nexclude = ['leak.py']\n")
    done = sessionlint("--force-exclude", *arguments, cwd=app, stdin=stdin.encode())
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "All checks passed!\n"
    assert (app / "leak.py").read_text() == LEAK


def test_an_excluded_standard_input_is_not_fixed_but_printed(app):
    (app / "pyproject.toml").write_text("[tool.sessionlint]\nexclude = ['leak.py']\n")
    named = ("--fix", "--unsafe-fixes", "-", "--stdin-filename", "leak.py")
    done = sessionlint("--force-exclude", *named, cwd=app, stdin=LEAK.encode())
    assert (done.returncode, done.stdout) == (0, LEAK)


def test_standard_input_stands_alone(app):
    done = sessionlint("-", "leak.py", cwd=app)
    assert done.returncode == 2
    assert done.stderr == "sessionlint: `-` reads standard input and stands alone\n"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["nowhere.py"], "cannot find `nowhere.py`: No such file or directory"),
        (["chek", "."], "there is no command `chek`, nor such a file; did you mean `check`?"),
        (["explian", "SES102"], "did you mean `explain`?"),
        (["vendor_shield", "app"], "did you mean `vendor-shield`?"),
        (["--select", "SES7"], "unknown rule code `SES7`"),
        (["--select", "SES1,E501"], "unknown rule code `E501`"),
        (["--ignore", "SES1020"], "unknown rule code `SES1020`; did you mean `SES102`?"),
        (["--extend-select", "never-closed"], "did you mean `SES102`?"),
        (
            ["--select", "ses103,SES2", "--ignore", "SES103"],
            "sessionlint: `SES103` is both in `--select` and in `--ignore`\n",
        ),
        (
            ["--extend-select", "SES2", "--ignore", "SES2"],
            "`SES2` is both in `--extend-select` and in `--ignore`",
        ),
        (["explain", "SES1"], "`SES1` stands for several, which `sessionlint rules` lists"),
        (["explain", "SES1021"], "unknown rule `SES1021`; did you mean `SES102`?"),
        (["explain", "SES1"], "unknown rule `SES1`"),
        (["explain", "never-close"], "unknown rule `never-close`"),
        (["--output-format", "xml"], "'xml' is not one of"),
        (["--exclude", "[z-a].py"], "sessionlint: bad pattern `[z-a].py`: "),
        (["--no-such-option"], "--no-such-option"),
        (["explain"], "Missing argument 'CODE'"),
    ],
)
def test_bad_usage_is_one_clear_complaint(app, arguments, complaint):
    done = sessionlint(*arguments, cwd=app)
    assert done.returncode == 2
    assert done.stdout == ""
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_configuration_names_its_file(app):
    (app / "pyproject.toml").write_text("[tool.sessionlint]\nselct = []\n")
    done = sessionlint(cwd=app)
    assert done.returncode == 2
    assert done.stderr == (
        f"sessionlint: {app / 'pyproject.toml'}:2: unknown key `selct` in [tool.sessionlint];"
        " did you mean `select`?\n"
    )


def test_codes_may_be_written_in_small_letters(app):
    assert sessionlint("--select", "ses102, ses103", cwd=app).returncode == 1
    assert sessionlint("--select", "ses103", cwd=app).returncode == 0


@pytest.mark.parametrize("name", ["SES102", "ses102", "never-closed"])
def test_explain_prints_the_page(tmp_path, name):
    done = sessionlint("explain", name, cwd=tmp_path)
    assert done.returncode == 0
    assert "SES102" in done.stdout.splitlines()[0]


def test_rules_lists_every_rule(tmp_path):
    from sessionlint_rules import RULES

    done = sessionlint("rules", cwd=tmp_path)
    codes = [line.split()[0] for line in done.stdout.splitlines()]
    assert codes == ["code", *(rule.code for rule in RULES)]


def test_the_help_cuts_no_sentence_short(tmp_path):
    help_text = sessionlint("--help", cwd=tmp_path).stdout
    assert "..." not in help_text.partition("Commands:")[2]


def test_version_is_the_package_version(tmp_path):
    done = sessionlint("--version", cwd=tmp_path)
    assert done.stdout == f"sessionlint {package.__version__}\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "environment", "is_coloured"),
    [
        ([], {}, True),
        (["--no-color"], {}, False),
        ([], {"NO_COLOR": "1"}, False),
        ([], {"NO_COLOR": ""}, True),
        ([], {"TERM": "dumb"}, False),
        (["--no-color"], {"FORCE_COLOR": "1"}, False),
        (["--output-format", "json"], {}, False),
    ],
)
def test_colours_are_for_terminals(app, arguments, environment, is_coloured):
    text = on_terminal(app, *arguments, **environment)
    assert "leak.py" in text
    assert ("\x1b[" in text) is is_coloured


@pytest.mark.parametrize(
    ("environment", "is_coloured"),
    [
        ({"FORCE_COLOR": ""}, False),
        ({"FORCE_COLOR": "1"}, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_colours_go_into_a_file_when_asked_for(app, environment, is_coloured):
    text = sessionlint(cwd=app, **{"NO_COLOR": "", **environment}).stdout
    assert ("\x1b[" in text) is is_coloured


@pytest.mark.parametrize("arguments", [["-h"], ["check", "-h"], ["-V"]])
def test_short_options_are_understood(tmp_path, arguments):
    long = {"-h": "--help", "-V": "--version"}
    short = sessionlint(*arguments, cwd=tmp_path)
    assert short.stdout == sessionlint(*[long.get(it, it) for it in arguments], cwd=tmp_path).stdout
    assert short.returncode == 0


@pytest.mark.parametrize("option", ["--select", "--ignore", "--extend-select"])
def test_a_list_without_codes_is_refused(app, option):
    done = sessionlint(option, " ,", cwd=app)
    assert done.stderr.splitlines()[-1].endswith("there is no code in it")
    assert done.returncode == 2


def on_terminal(folder: Path, *arguments: str, **environment: str) -> str:
    """What the command prints when standard output is a terminal."""
    ours, theirs = pty.openpty()
    kept = {key: text for key, text in os.environ.items() if key != "NO_COLOR"}
    process = subprocess.Popen(
        [sys.executable, "-m", "sessionlint", *arguments],
        cwd=folder,
        stdout=theirs,
        env={**kept, "TERM": "xterm", **environment},
    )
    os.close(theirs)
    text = b"".join(iter(lambda: piece(ours), b""))
    os.close(ours)
    process.wait(timeout=60)
    return text.decode()


def piece(terminal: int) -> bytes:
    """The next bytes from a terminal, none when the other side has closed it."""
    try:
        return os.read(terminal, 65536)
    except OSError as error:
        # Linux says so instead of giving an end of file.
        if error.errno != errno.EIO:
            raise
        return b""


@pytest.mark.parametrize("arguments", [["leak.py"], ["rules"], ["explain", "SES102"], ["--help"]])
def test_a_closed_pipe_is_no_error(app, arguments):
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "sessionlint", *arguments],
        cwd=app,
        stdout=writing,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    os.close(writing)
    assert done.stderr == b""
    assert done.returncode == (1 if arguments == ["leak.py"] else 0)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_disk_is_said(app):
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "sessionlint", "leak.py"],
            cwd=app,
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr == b"sessionlint: cannot write the report: No space left on device\n"


def test_an_interrupt_leaves_no_traceback(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-m", "sessionlint", "-"],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # Whoever runs the tests in the background may have told children to ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    # Have: it waits for its input, which never comes.
    time.sleep(1.5)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert b"Traceback" not in stderr
    assert process.returncode == 130


def test_prints_what_the_output_cannot_encode(app):
    (app / "leak.py").write_text(LEAK.replace("session", "日本"), encoding="utf-8")
    done = sessionlint("leak.py", cwd=app, PYTHONUTF8="0", PYTHONIOENCODING="latin-1")
    assert done.returncode == 1
    assert "\\u65e5\\u672c = Session(engine)" in done.stdout
