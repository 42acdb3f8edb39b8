"""`--output-file`: the whole report in a file, or the file as it was."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from command import sessionlint

from sessionlint.report.forms import FORMS

LEAK = """\
from sqlalchemy.orm import Session


def count(engine):
    session = Session(engine)
    return len(session.execute(query).all())
"""


@pytest.fixture
def app(tmp_path):
    """A folder with one file that leaks, and a place for reports that is not checked."""
    (tmp_path / "leak.py").write_text(LEAK)
    (tmp_path / "out").mkdir()
    return tmp_path


@pytest.mark.parametrize("form", FORMS)
def test_the_file_holds_what_would_be_printed(app, form):
    done = sessionlint("--output-format", form, "--output-file", "out/report", cwd=app)
    printed = sessionlint("--output-format", form, cwd=app)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")
    assert (app / "out" / "report").read_text(encoding="utf-8") == printed.stdout
    assert os.listdir(app / "out") == ["report"]


def test_an_old_report_is_replaced_and_keeps_its_mode(app):
    report = app / "out" / "report"
    report.write_text("old" * 10_000)
    report.chmod(0o640)
    sessionlint("--output-format", "concise", "--output-file", report, cwd=app)
    assert report.read_text().startswith("leak.py:5:15: SES102 ")
    assert "old" not in report.read_text()
    assert stat.S_IMODE(report.stat().st_mode) == 0o640


def test_a_link_stays_a_link(app):
    (app / "link").symlink_to(app / "out" / "report")
    sessionlint("--output-file", "link", cwd=app)
    assert (app / "link").is_symlink()
    assert "SES102" in (app / "out" / "report").read_text()


@pytest.mark.skipif(not Path("/dev/stdout").exists(), reason="there is no /dev/stdout here")
def test_a_device_is_written_to(app):
    done = sessionlint("--output-file", "/dev/stdout", cwd=app)
    assert done.stdout == sessionlint(cwd=app).stdout
    assert Path("/dev/stdout").exists()


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/stdout").exists(), reason="there is no /dev/stdout here")
@pytest.mark.parametrize("name", ["/dev/stdout", "out/log"])
def test_a_log_that_the_output_goes_to_keeps_what_is_in_it(app, name):
    with (app / "out" / "log").open("wb") as log:
        for _ in range(2):
            command = [sys.executable, "-m", "sessionlint", "--output-file", name]
            subprocess.run(command, cwd=app, stdout=log, check=False)
    assert (app / "out" / "log").read_text() == sessionlint(cwd=app).stdout * 2


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("out", "Is a directory"),
        ("nowhere/report", "No such file or directory"),
        ("leak.py/report", "Not a directory"),
        ("out/" + "x" * 300, "File name too long"),
    ],
)
def test_a_file_that_cannot_be_written_is_one_line(app, file, reason):
    done = sessionlint("--fix", "--output-file", file, cwd=app)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"sessionlint: {file} cannot be written: {reason}\n"
    assert (app / "leak.py").read_text() == LEAK


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may do all")
def test_a_read_only_file_or_folder_is_left_alone(app):
    report = app / "out" / "report"
    report.write_text("old")
    report.chmod(0o444)
    (app / "out").chmod(0o555)
    for file in ("out/report", "out/new"):
        done = sessionlint("--output-file", file, cwd=app)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == f"sessionlint: {file} cannot be written: Permission denied\n"
    assert report.read_text() == "old"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_disk_is_said(app):
    done = sessionlint("--output-file", "/dev/full", cwd=app)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "sessionlint: /dev/full cannot be written: No space left on device\n"


def test_a_run_that_dies_leaves_the_old_report(app):
    report = app / "out" / "report"
    report.write_text("old")
    process = subprocess.Popen(
        [sys.executable, "-m", "sessionlint", "-", "--output-file", report],
        cwd=app,
        stdin=subprocess.PIPE,
    )
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    assert report.read_text() == "old"
    assert os.listdir(app / "out") == ["report"]


def test_a_path_that_is_no_text_can_be_written(app):
    Path(os.fsdecode(os.fsencode(app) + b"/\xff.py")).write_text(LEAK)
    for form in FORMS:
        done = sessionlint("--output-format", form, "--output-file", "out/report", cwd=app)
        assert (done.returncode, done.stderr) == (1, "")
        (app / "out" / "report").read_text(encoding="utf-8")


def test_what_fix_leaves_goes_into_the_file(app):
    (app / "broken.py").write_text("from sqlalchemy.orm import Session\ndef f(: Session()\n")
    done = sessionlint("--fix", "--output-format", "concise", "--output-file", "out/r", cwd=app)
    assert (done.returncode, done.stdout) == (2, "")
    assert (app / "out" / "r").read_text().startswith("broken.py:2:7: SES999 ")


def test_the_fixed_text_of_standard_input_is_still_printed(app):
    done = sessionlint("--fix", "-", "--output-file", "out/report", cwd=app, stdin=LEAK.encode())
    assert "with Session(engine) as session:" in done.stdout
    assert done.stderr == ""
    assert (app / "out" / "report").read_text() == "Found 1 error (1 fixed, 0 remaining).\n"


def test_a_diff_goes_into_the_file_as_patch_reads_it(app):
    done = sessionlint("--diff", "--output-file", "out/patch", cwd=app)
    assert (done.returncode, done.stdout) == (1, "")
    subprocess.run(["git", "apply", "out/patch"], cwd=app, check=True)
    assert "with Session(engine) as session:" in (app / "leak.py").read_text()


@pytest.mark.parametrize(
    "arguments", [["leak.py"], ["--fix"], ["--diff", "."], ["--stdin-filename", "leak.py", "-"]]
)
@pytest.mark.parametrize("report", ["leak.py", "./out/../leak.py", "out/link"])
def test_a_file_that_is_checked_is_not_overwritten(app, arguments, report):
    (app / "out" / "link").symlink_to("../leak.py")
    done = sessionlint(*arguments, "--output-file", report, cwd=app, stdin=LEAK.encode())
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"sessionlint: `--output-file {report}` is one of the files to read\n"
    assert (app / "leak.py").read_text() == LEAK


def test_a_baseline_that_is_read_is_not_overwritten(app):
    assert sessionlint("--write-baseline", "b.json", cwd=app).returncode == 0
    known = (app / "b.json").read_text()
    done = sessionlint("--baseline", "b.json", "--output-file", "b.json", cwd=app)
    assert (done.returncode, (app / "b.json").read_text()) == (2, known)


def test_what_a_checked_link_leads_to_is_not_overwritten(app):
    (app / "out" / "text").write_text(LEAK)
    (app / "link.py").symlink_to("out/text")
    assert sessionlint("--output-file", "out/text", cwd=app).returncode == 2
    assert (app / "out" / "text").read_text() == LEAK
