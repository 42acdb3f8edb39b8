"""A reader that stops reading, and Ctrl-C: no traceback, and the exit code that goes with it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sessionlint.report.forms import FORMS

ENOUGH = 65536
"""Bytes that a pipe holds on Linux; more than these cannot be written unless somebody reads."""

FEW = 50
SESSION = "s" * (ENOUGH // FEW)
"""The name of a session, which each message about it repeats."""

LEAKS = "from sqlalchemy.orm import Session\n\n" + "".join(
    f"def f{number}(engine):\n    {SESSION} = Session(engine)\n    {SESSION}.commit()\n"
    for number in range(FEW)
)


@pytest.fixture(scope="module")
def app(tmp_path_factory) -> Path:
    """A folder with a file of so many findings that no pipe holds them."""
    folder = tmp_path_factory.mktemp("pipe")
    (folder / "pyproject.toml").write_text("[tool.sessionlint]\nunfixable = ['SES']\n")
    (folder / "leaks.py").write_text(LEAKS)
    return folder


def headed(*arguments: str, cwd: Path, stream: str = "stdout") -> tuple[bytes, int, bytes]:
    """One line of what is printed, the exit code, and what went to the other stream."""
    process = subprocess.Popen(
        [sys.executable, "-m", "sessionlint", *arguments],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    one, other = process.stdout, process.stderr
    if stream == "stderr":
        one, other = other, one
    line = one.readline()
    one.close()
    rest = other.read()
    other.close()
    return line, process.wait(timeout=60), rest


@pytest.mark.parametrize("form", FORMS)
def test_a_reader_of_one_line_gets_it_and_no_complaint(app, form):
    line, code, complaints = headed("--output-format", form, cwd=app)
    assert line.endswith(b"\n")
    assert (code, complaints) == (1, b"")


def test_the_report_is_more_than_a_pipe_holds(app):
    done = subprocess.run(
        [sys.executable, "-m", "sessionlint", "--output-format", "github"],
        cwd=app,
        capture_output=True,
        check=False,
    )
    assert len(done.stdout) > ENOUGH


@pytest.mark.parametrize(
    "arguments",
    [
        ("rules",),
        ("rules", "--output-format", "json"),
        ("explain", "SES102"),
        ("explain", "SES102", "--output-format", "json"),
        ("--help",),
        ("check", "--help"),
        ("--version",),
    ],
)
def test_a_reader_of_one_line_of_a_page_is_no_failure(app, arguments):
    line, code, complaints = headed(*arguments, cwd=app)
    assert line.endswith(b"\n")
    assert (code, complaints) == (0, b"")


def test_a_reader_of_one_line_of_a_diff_is_no_failure(tmp_path):
    (tmp_path / "leaks.py").write_text(LEAKS)
    line, code, complaints = headed("--diff", "-q", cwd=tmp_path)
    assert line.startswith(b"--- leaks.py")
    assert (code, complaints) == (1, b"")


def test_a_reader_of_one_complaint_is_no_failure(app):
    line, code, _ = headed("--select", "W605", cwd=app, stream="stderr")
    assert line == b"sessionlint: unknown rule code `W605`\n"
    assert code == 2


@pytest.mark.parametrize(
    "arguments", [(), ("--select", "SES7"), ("no-such-folder",), ("--no-such-option",)]
)
def test_nobody_reading_complaints_is_no_failure(app, arguments):
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "sessionlint", *arguments, "--output-format", "concise"],
        cwd=app,
        stdout=subprocess.PIPE,
        stderr=writing,
        timeout=60,
        check=False,
    )
    os.close(writing)
    assert done.returncode == (2 if arguments else 1)
    assert (done.stdout == b"") is bool(arguments)


def closed(stream: str, *arguments: str, cwd: Path) -> "subprocess.CompletedProcess[bytes]":
    """A run with a stream that the shell has closed, by its number and sign."""
    return subprocess.run(
        [
            "sh",
            "-c",
            f'exec "$@" {stream}&-',
            "sh",
            sys.executable,
            "-m",
            "sessionlint",
            *arguments,
        ],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ([], 1),
        (["--no-cache", "--jobs", "2"], 1),
        (["--diff"], 0),
        (["--fix"], 1),
        (["--write-baseline", "/dev/null"], 0),
        (["nowhere"], 2),
    ],
)
def test_a_closed_stream_for_complaints_is_no_failure(app, arguments, code):
    line = [*arguments, "--output-format", "concise"]
    open_one = subprocess.run(
        [sys.executable, "-m", "sessionlint", *line], cwd=app, capture_output=True, check=False
    )
    done = closed("2>", *line, cwd=app)
    assert (done.returncode, done.stdout) == (code, open_one.stdout)


@pytest.mark.parametrize("stream", ["1>", "0<"])
def test_a_closed_stream_is_no_failure(app, stream):
    done = closed(stream, "--output-format", "concise", cwd=app)
    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.parametrize("stream", ["1>", "0<"])
def test_a_server_without_a_stream_is_one_complaint(app, stream):
    done = closed(stream, "server", cwd=app)
    assert (done.returncode, done.stderr.count(b"\n")) == (2, 1)
    assert done.stderr.startswith(b"sessionlint: the server needs standard input and output")


@pytest.mark.parametrize("is_fixing", [False, True])
def test_an_interrupt_in_the_middle_of_the_work_is_one_line(tmp_path, is_fixing):
    for number in range(200):
        (tmp_path / f"leaks{number}.py").write_text(LEAKS)
    (tmp_path / "out").mkdir()
    process = subprocess.Popen(
        [
            # As the installed command; `-m` itself notes an interrupt while Python compiles a class
            # as not handled, and ends by the signal, which a shell shows as 130, too.
            *(sys.executable, "-c", "from sessionlint.__main__ import main; main()"),
            *("--output-file", "out/report"),
            *(["--fix"] if is_fixing else ["--output-format", "sarif"]),
        ],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # Whoever runs the tests in the background may have told children to ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    time.sleep(2)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout, stderr) == (130, b"", b"interrupted\n")
    assert os.listdir(tmp_path / "out") == []
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".tmp"] == []


def test_a_form_is_loaded_when_it_is_asked_for(app):
    code = (
        "import sys\nfrom sessionlint.cli import run\n"
        "run(['--output-format', 'concise', '--output-file', '/dev/null', 'leaks.py'])\n"
        "print([name for name in sys.modules if name.startswith('sessionlint.report.')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=app, capture_output=True, text=True, check=True
    )
    for form in ("sarif", "github", "gitlab", "junit", "markdown", "records"):
        assert f"sessionlint.report.{form}'" not in done.stdout
    assert "sessionlint.report.text'" in done.stdout


def test_an_interrupt_while_it_is_loaded_is_one_line(app):
    code = (
        "import sys\n"
        "class Interrupt:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'click':\n"
        "            raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupt())\n"
        "from sessionlint.__main__ import main\n"
        "main()"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=app, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"interrupted\n")
