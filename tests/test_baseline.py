"""`--baseline` and `--write-baseline`, in a process of their own."""

import json
import os
import subprocess
import sys

import pytest
from command import sessionlint

LEAK = """\
from sqlalchemy.orm import Session


def load(engine):
    db = Session(engine)
    return db.query(1).all()
"""
TWICE = LEAK.replace("    return", "    db = Session(engine)\n    return")
NEW = "\n\ndef other(engine):\n    db = Session(engine)\n    return db.query(1).all()\n"
EXPECTED = """\
{
  "version": 1,
  "files": {
    "app/a.py": [
      {"code": "SES102", "function": "load", "line": "db = Session(engine)", "count": 1}
    ],
    "b.py": [
      {"code": "SES102", "function": "load", "line": "db = Session(engine)", "count": 2}
    ]
  }
}
"""


@pytest.fixture
def app(tmp_path):
    """A folder with three findings in two files, and its baseline."""
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "a.py").write_text(LEAK)
    (tmp_path / "b.py").write_text(TWICE)
    (tmp_path / "base.json").write_text(EXPECTED)
    return tmp_path


def concise(*arguments: str, cwd):
    return sessionlint("--output-format", "concise", *arguments, cwd=cwd)


def left(app) -> list[str]:
    """What is found besides the baseline, and said on standard error."""
    done = concise("--baseline", "base.json", cwd=app)
    found = [line for line in done.stdout.splitlines() if ": SES" in line]
    assert done.returncode == (1 if found else 0)
    return [*(line.split(" ")[0] for line in found), *done.stderr.splitlines()]


def test_a_baseline_is_sorted_and_has_one_entry_a_line(app):
    (app / "base.json").unlink()
    done = sessionlint("--write-baseline", "base.json", cwd=app)
    assert (done.returncode, done.stdout) == (0, "Wrote 3 findings to base.json.\n")
    assert (app / "base.json").read_text() == EXPECTED


def test_what_the_shell_opened_for_the_baseline_holds_nothing_else(app):
    with (app / "base.json").open("wb") as base:
        command = [sys.executable, "-m", "sessionlint", "--write-baseline", "base.json"]
        subprocess.run(command, cwd=app, stdout=base, check=True)
    assert sessionlint("--baseline", "base.json", cwd=app).returncode == 0


def test_what_is_known_is_not_reported(app):
    done = sessionlint("--baseline", "base.json", cwd=app)
    assert (done.returncode, done.stdout, done.stderr) == (0, "All checks passed!\n", "")


def test_paths_count_from_the_baseline(app):
    done = concise("--baseline", "../base.json", "a.py", cwd=app / "app")
    assert (done.returncode, done.stderr) == (0, "")
    sessionlint("--write-baseline", "other.json", "../b.py", cwd=app / "app")
    assert list(json.loads((app / "app" / "other.json").read_text())["files"]) == ["../b.py"]


@pytest.mark.parametrize(
    "text",
    [
        "import os\n\n\n" + LEAK,
        LEAK.replace("    ", "        "),
        LEAK.replace("db = Session(engine)", "db  =  Session(engine)"),
        LEAK.replace("db = Session(engine)", "db = Session(engine)  # noqa: E501"),
        LEAK.replace("db = Session(engine)", "db = Session(engine)  # it's closed later"),
        LEAK.replace("db = Session(engine)", "db = Session(engine)#"),
        LEAK.replace("return db.query(1).all()", "return db.get(1)"),
    ],
)
def test_a_finding_that_moves_is_known(app, text):
    (app / "app" / "a.py").write_text(text)
    assert left(app) == []


def test_a_comment_that_goes_makes_nothing_new(app):
    commented = LEAK.replace("db = Session(engine)", 'db = Session(engine)  # TODO: "close" it')
    (app / "app" / "a.py").write_text(commented)
    sessionlint("--write-baseline", "base.json", cwd=app)
    (app / "app" / "a.py").write_text(LEAK)
    assert left(app) == []
    assert (app / "base.json").read_text() == EXPECTED


def test_a_number_sign_in_a_string_is_no_comment(app):
    hashed = LEAK.replace("Session(engine)", "Session(engine, info='# one')  # two")
    (app / "app" / "a.py").write_text(hashed)
    sessionlint("--write-baseline", "base.json", cwd=app)
    [row] = json.loads((app / "base.json").read_text())["files"]["app/a.py"]
    assert row["line"] == "db = Session(engine, info='# one')"
    (app / "app" / "a.py").write_text(hashed.replace("# one", "# other"))
    assert len(left(app)) == 2


def test_one_more_of_the_same_is_new(app):
    (app / "b.py").write_text(
        TWICE.replace("    return", "    db = Session(engine)\n    return", 1)
    )
    assert left(app) == ["b.py:7:10:"]


@pytest.mark.parametrize(
    "text",
    [
        LEAK.replace("load", "store"),
        LEAK.replace("db", "session"),
        LEAK.replace("def load", "class A:\n  def load").replace("    ", "      "),
    ],
)
def test_another_function_or_line_is_new(app, text):
    (app / "app" / "a.py").write_text(text)
    found, gone = left(app)
    assert found.startswith("app/a.py:")
    assert gone == (
        "warning: 1 finding of base.json is gone; `--write-baseline base.json` writes it anew"
    )


def test_a_method_is_known_by_its_class(app):
    (app / "b.py").write_text(
        "from sqlalchemy import create_engine\nfrom sqlalchemy.orm import Session\n\n\nclass A:\n    def f(self, e):\n"
        "        return Session(e).get(1)\n\n\nsession = Session(create_engine('sqlite://'))\n\n\ndef f(): session.get(1)\n"
    )
    sessionlint("--write-baseline", "base.json", "b.py", cwd=app)
    rows = json.loads((app / "base.json").read_text())["files"]["b.py"]
    assert [row["function"] for row in rows] == ["A.f", ""]


def test_entries_no_longer_found_are_counted(app):
    (app / "app" / "a.py").write_text("")
    (app / "b.py").write_text(LEAK)
    assert left(app) == [
        "warning: 2 findings of base.json are gone; `--write-baseline base.json` writes it anew"
    ]


@pytest.mark.parametrize(("given", "count"), [([], 1), (["app"], 1), (["b.py"], 0)])
def test_what_is_known_of_a_file_that_is_no_longer_there_is_gone(app, given, count):
    (app / "app" / "a.py").rename(app / "app" / "a.txt")
    done = concise("--baseline", "base.json", *given, cwd=app)
    complaints = [line for line in done.stderr.splitlines() if "Python files" not in line]
    assert (
        complaints
        == ["warning: 1 finding of base.json is gone; `--write-baseline base.json` writes it anew"]
        * count
    )


def test_a_tree_may_be_named_through_a_link(app):
    (app / "link").symlink_to(app, target_is_directory=True)
    for baseline, given in (
        ("base.json", "link/app"),
        ("link/base.json", "app"),
        ("link/base.json", "link/b.py"),
    ):
        done = concise("--baseline", baseline, given, cwd=app)
        assert (done.returncode, done.stderr) == (0, "")


def test_a_baseline_beside_a_tree_named_through_a_link_has_its_own_names(tmp_path):
    (tmp_path / "repo").mkdir()
    (tmp_path / "repo" / "a.py").write_text(LEAK)
    (tmp_path / "link").symlink_to("repo")
    for folder, other in (("repo", "link"), ("link", "repo")):
        sessionlint("--write-baseline", f"{folder}/base.json", f"{other}/a.py", cwd=tmp_path)
        held = json.loads((tmp_path / "repo" / "base.json").read_text())
        assert list(held["files"]) == ["a.py"]


def test_a_file_with_two_names_is_known_by_both(app):
    (app / "c.py").symlink_to("b.py")
    done = sessionlint("--write-baseline", "base.json", cwd=app)
    assert done.stdout == "Wrote 3 findings to base.json.\n"
    assert left(app) == []


@pytest.mark.parametrize(
    "arguments", [["b.py"], ["--select", "SES2"], ["--ignore", "SES102"], ["-q"]]
)
def test_what_was_not_looked_for_is_not_gone(app, arguments):
    (app / "app" / "a.py").write_text("")
    done = concise("--baseline", "base.json", *arguments, cwd=app)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_file_that_cannot_be_read_is_an_error_and_nothing_of_it_is_gone(app):
    (app / "app" / "a.py").write_text(LEAK + "def f(:\n  Session(1).x()\n")
    done = concise("--baseline", "base.json", cwd=app)
    assert (done.returncode, done.stderr) == (2, "")
    assert "app/a.py:7:7: SES999" in done.stdout
    done = sessionlint("--write-baseline", "base.json", cwd=app)
    assert done.returncode == 2
    assert done.stderr.startswith("app/a.py:7:7: SES999")
    assert list(json.loads((app / "base.json").read_text())["files"]) == ["b.py"]


def test_what_is_known_is_not_fixed(app):
    (app / "app" / "a.py").write_text(LEAK + NEW)
    done = concise("--fix", "--unsafe-fixes", "--baseline", "base.json", cwd=app)
    assert (done.returncode, done.stderr) == (0, "")
    fixed = (app / "app" / "a.py").read_text()
    assert fixed.startswith(LEAK)
    assert fixed.endswith("    with Session(engine) as db:\n        return db.query(1).all()\n")
    assert (app / "b.py").read_text() == TWICE


def test_what_is_known_gets_no_comment(app):
    (app / "app" / "a.py").write_text(LEAK + NEW)
    done = sessionlint("--add-noqa", "--baseline", "base.json", cwd=app)
    assert (done.returncode, done.stdout) == (0, "Added `# noqa` to 1 line.\n")
    assert (app / "app" / "a.py").read_text().startswith(LEAK)
    assert left(app) == []


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "base.json:1:1: malformed baseline: Expecting value"),
        (b'{\n  "version": 1\n "files"', "base.json:3:2: malformed baseline: Expecting ',' "),
        (b"\xff", "base.json: malformed baseline: not UTF-8"),
        (b"[" * 200_000, "base.json: malformed baseline: "),
        (b"[]", "base.json: malformed baseline: no object with a `version`"),
        (b'{"version": 2}', "base.json: a baseline of version 2, which is not known"),
        (b'{"version": 1}', "base.json: malformed baseline: `files` must be an object"),
        (b'{"version": 1, "files": []}', "base.json: malformed baseline: `files` must be"),
        (b'{"version": 1, "files": {"a.py": 1}}', "base.json: malformed baseline: `files.a.py` "),
        (b'{"version": 1, "files": {"a.py": [1]}}', "base.json: malformed baseline: `files.a.py` "),
        (
            b'{"version": 1, "files": {"a.py": [{"code": 1, "function": "", "line": "", "count": 1}]}}',
            "base.json: malformed baseline: `files.a.py` must be a list of objects",
        ),
        (
            b'{"version": 1, "files": {"a.py": [{"code": "", "function": "", "line": "", "count": true}]}}',
            "base.json: malformed baseline: `files.a.py` must be a list of objects",
        ),
    ],
)
def test_a_malformed_baseline_is_one_clear_line(app, data, message):
    (app / "base.json").write_bytes(data)
    done = sessionlint("--baseline", "base.json", cwd=app)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"sessionlint: {message}")
    assert done.stderr.count("\n") == 1


def test_a_missing_baseline_is_one_clear_line(app):
    done = sessionlint("--baseline", "none.json", cwd=app)
    assert done.returncode == 2
    assert done.stderr == "sessionlint: none.json: cannot be read: No such file or directory\n"


@pytest.mark.parametrize("target", ["none/base.json", ".", "app/a.py/base.json"])
def test_a_baseline_that_cannot_be_written_is_one_clear_line(app, target):
    done = sessionlint("--write-baseline", target, cwd=app)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"sessionlint: {target} ")
    assert done.stderr.count("\n") == 1


def test_a_baseline_is_written_where_a_link_leads_and_leaves_nothing_else(app):
    (app / "link.json").symlink_to("base.json")
    (app / "base.json").write_text('{"version": 1, "files": {}}')
    assert sessionlint("--write-baseline", "link.json", cwd=app).returncode == 0
    assert (app / "link.json").is_symlink()
    assert (app / "base.json").read_text() == EXPECTED
    assert sorted(os.listdir(app)) == ["app", "b.py", "base.json", "link.json"]


@pytest.mark.parametrize("target", ["b.py", "base.json"])
def test_a_file_that_is_no_baseline_is_not_overwritten(app, target):
    (app / target).write_text(LEAK)
    done = sessionlint("--write-baseline", target, "app", cwd=app)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"sessionlint: {target}:1:1: malformed baseline")
    assert (app / target).read_text() == LEAK


def test_of_two_that_look_alike_none_is_fixed(app):
    """Nobody can say which of the two is new."""
    (app / "b.py").write_text(LEAK + NEW)
    sessionlint("--write-baseline", "base.json", "b.py", cwd=app)
    twice = LEAK + NEW.replace("    return", "    db = Session(engine)\n    return")
    (app / "b.py").write_text(twice)
    for options in ([], ["--fix"], ["--diff"]):
        done = concise("--unsafe-fixes", "--baseline", "base.json", *options, "b.py", cwd=app)
        assert "[*]" not in done.stdout
    assert (app / "b.py").read_text() == twice


def test_what_the_settings_switch_off_is_not_gone(app):
    (app / "pyproject.toml").write_text(
        "[tool.sessionlint]\nper-file-ignores = { 'b.py' = ['SES1'] }\n"
    )
    assert left(app) == []
    (app / "pyproject.toml").write_text("[tool.sessionlint]\nignore = ['SES102']\n")
    assert left(app) == []


@pytest.mark.parametrize("option", ["--fix", "--diff", "--baseline=base.json"])
def test_a_baseline_is_written_alone(app, option):
    done = sessionlint("--write-baseline", "base.json", option, cwd=app)
    assert done.returncode == 2
    assert done.stderr.endswith(" do not go together\n")
    assert (app / "base.json").read_text() == EXPECTED


def test_nothing_found_is_an_empty_baseline(tmp_path):
    (tmp_path / "a.py").write_text("x = 1\n")
    sessionlint("--write-baseline", "base.json", cwd=tmp_path)
    assert json.loads((tmp_path / "base.json").read_text()) == {"version": 1, "files": {}}
    assert sessionlint("--baseline", "base.json", cwd=tmp_path).returncode == 0
