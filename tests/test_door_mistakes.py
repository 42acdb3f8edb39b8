"""What people and their scripts do wrong at the command line, and what must not come of it."""

import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from command import program, sessionlint
from small_project import written

from sessionlint.project import Run
from sessionlint.shield import __file__ as shield_file

LEAK = """\
from sqlalchemy.orm import Session


def load(engine):
    db = Session(engine)
    return db.query(1).all()
"""

needs_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")


def in_shell(line: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    """What a line of a shell prints in which `$S` is the command."""
    environment = {**os.environ, "S": f"{sys.executable} -m sessionlint"}
    return subprocess.run(
        ["/bin/sh", "-c", line],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("options", [[], ["--fix"], ["--diff"], ["--add-noqa"]])
def test_an_empty_path_is_not_the_current_folder(options, tmp_path):
    """Most often it is a variable of a script that is not set."""
    (tmp_path / "a.py").write_text(LEAK)
    done = sessionlint(*options, "", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "sessionlint: a path is empty; `.` is the current folder\n"
    assert (tmp_path / "a.py").read_text() == LEAK


@pytest.mark.parametrize("option", ["--write-baseline", "--output-file", "--baseline"])
def test_an_empty_name_of_a_file_is_an_error(option, tmp_path):
    (tmp_path / "a.py").write_text(LEAK)
    done = sessionlint(option, "", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("option", ["--write-baseline=b.json", "--add-noqa"])
def test_what_prints_no_report_writes_none(option, tmp_path):
    (tmp_path / "a.py").write_text(LEAK)
    done = sessionlint(option, "--output-file", "report", cwd=tmp_path)
    name = option.partition("=")[0]
    assert done.returncode == 2
    assert done.stderr == f"sessionlint: `{name}` has no report for `--output-file`\n"
    assert os.listdir(tmp_path) == ["a.py"]


def test_clean_of_what_is_not_there_removes_nothing(tmp_path):
    written(tmp_path, {"pyproject.toml": "", "a.py": LEAK})
    sessionlint(cwd=tmp_path)
    done = sessionlint("clean", "elsewhere", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == "sessionlint: no such file or folder: elsewhere\n"
    assert (tmp_path / ".sessionlint_cache").is_dir()


@needs_full
@pytest.mark.parametrize("option", ["--help", "-V", "check --help", "rules", "explain SES102"])
def test_a_full_disk_is_no_finding(option, tmp_path):
    done = in_shell(f"$S {option} > /dev/full", tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("sessionlint: cannot write")
    assert done.stderr.count("\n") == 1


def test_a_current_folder_that_is_gone_is_no_finding(tmp_path):
    (tmp_path / "here").mkdir()
    done = in_shell("cd here && rmdir ../here && $S .", tmp_path)
    assert done.returncode == 2
    assert done.stderr == (
        "sessionlint: the current folder cannot be used: No such file or directory\n"
    )


def test_a_copy_of_the_shield_is_whole_or_not_there(tmp_path):
    assert Path(shield_file).stat().st_size > 1_024
    done = in_shell("ulimit -f 1; $S vendor-shield shield.py", tmp_path)
    assert done.returncode == 2
    assert done.stderr == "sessionlint: shield.py cannot be written: File too large\n"
    assert os.listdir(tmp_path) == []


def test_junit_is_xml_in_every_encoding(tmp_path):
    (tmp_path / "ämter.py").write_text(LEAK)
    for encoding in ("utf-8", "latin-1", "ascii"):
        done = program(
            "sessionlint",
            "--output-format",
            "junit",
            cwd=tmp_path,
            PYTHONIOENCODING=encoding,
        )
        suite = ET.fromstring(done.stdout).find("testsuite")
        assert suite is not None
        assert suite.get("name") == "ämter.py"


@pytest.mark.skipif(shutil.which("patch") is None, reason="there is no `patch` here")
def test_a_diff_of_a_name_with_a_space_can_be_patched(tmp_path):
    (tmp_path / "a b.py").write_text(LEAK)
    done = in_shell("$S --diff --unsafe-fixes . | patch -p0", tmp_path)
    assert done.returncode == 0
    assert "with Session(engine) as db:" in (tmp_path / "a b.py").read_text()


def test_a_file_that_flake8_leaves_out_is_left_out(tmp_path):
    (tmp_path / "a.py").write_text(f"# flake8: noqa\n{LEAK}")
    done = sessionlint("--output-format", "concise", "a.py", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "All checks passed!\n")


@pytest.mark.parametrize("options", [[], ["--fix"]])
def test_a_bug_costs_one_file(options, tmp_path, monkeypatch, capsys):
    """What breaks is stood in for, since no file is known that breaks it."""
    from sessionlint.cli import run

    for name in ("a.py", "b.py", "c.py"):
        (tmp_path / name).write_text(LEAK)
    whole = Run.rules_of

    def broken(run: Run, path: Path):
        if path.name == "b.py":
            raise ZeroDivisionError
        return whole(run, path)

    monkeypatch.setattr(Run, "rules_of", broken)
    monkeypatch.chdir(tmp_path)
    assert run(["--no-cache", "--jobs", "1", "--output-format", "concise", *options]) == 2
    told = capsys.readouterr()
    assert told.err.splitlines()[-1] == "ZeroDivisionError"
    codes = [line.split(" ")[1] for line in told.out.splitlines() if ":" in line]
    assert codes == ["SES102", "SES999", "SES102"]


def test_a_module_outside_of_the_project_is_followed_and_seen_to_change(tmp_path):
    """With both engines, and with a cache that has seen another state of it."""
    maker = "from sqlalchemy.orm import sessionmaker\nmake_thing = sessionmaker()\n"
    use = "from db import make_thing\n\n\ndef f():\n    s = make_thing()\n    s.execute('x')\n"
    app = written(
        tmp_path,
        {
            "lib/db.py": maker,
            "app/pyproject.toml": "[tool.sessionlint]\nsrc = ['../lib']\n",
            "app/use.py": use,
        },
    )
    for text, found in ((maker, 1), (maker, 1), ("make_thing = dict\n", 0), (maker, 1)):
        (app / "lib" / "db.py").write_text(text)
        for options in (["--no-cache"], ["--no-cache", "--engine", "full"], []):
            done = sessionlint(*options, cwd=app / "app")
            assert done.returncode == found, (text, options)
