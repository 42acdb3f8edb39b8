"""Work spread over processes: the same results, whatever becomes of a process."""

import faulthandler
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from command import sessionlint

from sessionlint.workers import may_fork, worked

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")

LEAK = """\
from sqlalchemy.orm import Session


def leak_{n}(engine):
    session = Session(engine)
    return session.query({n}).all()


"""


def leaks(folder: Path, files: int, each: int = 20, length: int = 120_000) -> Path:
    """A project with so many files, so many leaks in each, and room for them between comments."""
    folder.mkdir()
    for number in range(files):
        text = "".join(LEAK.format(n=n) for n in range(each))
        text += "# Nothing to see here.\n" * (length // 23)
        (folder / f"m{number:02}.py").write_text(text)
    return folder


def numbers(sizes: list[int], jobs: int, work) -> dict[int, bytes | None]:
    """What `work` gave for each index."""
    return dict(worked(work, sizes, jobs))


def test_every_index_is_worked_on_once():
    found = list(worked(lambda index: b"%d" % index, [3, 1, 4, 1, 5, 9, 2, 6], 3))
    assert sorted(found) == [(index, b"%d" % index) for index in range(8)]


def test_it_is_other_processes_that_work():
    found = numbers([1] * 4, 2, lambda _: b"%d" % os.getpid())
    assert b"%d" % os.getpid() not in found.values()


def test_neighbours_go_to_the_same_process():
    def slow(_: int) -> bytes:
        time.sleep(0.05)
        return b"%d" % os.getpid()

    found = numbers([1] * 8, 2, slow)
    assert len({found[0], found[1], found[2]}) == 1
    assert found[0] != found[7]


def test_who_is_done_helps_the_others():
    def work(index: int) -> bytes:
        time.sleep(0.5 if index == 0 else 0)
        return b"%d" % os.getpid()

    found = numbers([100, 1, 1, 1, 97], 2, work)
    assert found[0] != found[1] == found[2] == found[3] == found[4]


def test_a_long_result_comes_whole():
    found = numbers([1, 1], 2, lambda index: bytes([index]) * 3_000_000)
    assert found == {0: b"\0" * 3_000_000, 1: b"\1" * 3_000_000}


@pytest.mark.parametrize("way", [signal.SIGKILL, signal.SIGSEGV])
def test_a_process_that_dies_costs_one_result(way):
    def work(index: int) -> bytes:
        if index in {2, 3}:
            # pytest would print where it died.
            faulthandler.disable()
            os.kill(os.getpid(), way)
        return b"done"

    found = numbers([1] * 8, 2, work)
    assert found == {index: None if index in {2, 3} else b"done" for index in range(8)}


def test_an_error_in_the_work_is_said_and_costs_one_result(capfd):
    def work(index: int) -> bytes:
        return b"%d" % (1 // index)

    assert numbers([1] * 3, 2, work) == {0: None, 1: b"1", 2: b"0"}
    assert "ZeroDivisionError" in capfd.readouterr().err


def children() -> list[str]:
    """The processes that this one has started and that are still there."""
    listed = subprocess.run(
        ["ps", "-o", "pid=,args=", "--ppid", str(os.getpid())],
        capture_output=True,
        text=True,
        check=False,
    )
    return [line for line in listed.stdout.splitlines() if " ps " not in line]


def test_no_process_is_left_when_nobody_wants_more():
    before = len(children())
    results = worked(lambda _: b"", [1] * 50, 3)
    next(results)
    assert len(children()) == before + 3
    results.close()
    assert len(children()) == before


def test_without_processes_left_the_work_is_done_here():
    code = (
        "import os, resource, sys\n"
        "from sessionlint.workers import worked\n"
        "os.setuid(65534)\n"
        "resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))\n"
        "print(sorted(worked(lambda index: b'%d' % index, [1, 1, 1], 2)))\n"
    )
    if os.getuid():
        code = code.replace("os.setuid(65534)\n", "")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("[(0, b'0'), (1, b'1'), (2, b'2')]\n", "")


def test_a_program_with_threads_is_not_copied():
    from threading import Event, Thread

    event = Event()
    thread = Thread(target=event.wait)
    assert may_fork()
    thread.start()
    try:
        assert not may_fork()
    finally:
        event.set()
        thread.join()


# The command line.


@pytest.mark.slow
@pytest.mark.parametrize("jobs", ["2", "5"])
def test_the_report_is_the_same_whatever_the_number(tmp_path, jobs):
    folder = leaks(tmp_path / "many", 6)
    reports = [
        sessionlint("--no-cache", "--output-format", "json", "--jobs", number, cwd=folder)
        for number in ("1", jobs)
    ]
    assert reports[0].stdout.count('"SES102"') == 120
    assert reports[0].stdout == reports[1].stdout
    assert reports[1].stderr == ""


def test_warnings_of_python_about_copies_are_none(tmp_path):
    folder = leaks(tmp_path / "many", 4)
    done = sessionlint("--jobs", "2", "--statistics", cwd=folder, PYTHONWARNINGS="always")
    assert (done.stdout.split()[:2], done.stderr) == (["80", "SES102"], "")


KILLING = """
import os, signal, sys
import sessionlint.check
def told(frame, event, argument):
    code = frame.f_code
    if event == "call" and code.co_name == "parsed" and code.co_filename.endswith("project.py"):
        if frame.f_locals["path"].name == "m02.py":
            os.kill(os.getpid(), signal.SIGSEGV)
sys.setprofile(told)
sys.argv = ["sessionlint", *sys.argv[1:]]
from sessionlint.cli import main
main()
"""


def test_a_process_that_dies_costs_one_file(tmp_path):
    folder = leaks(tmp_path / "many", 5)
    line = [sys.executable, "-c", KILLING, "--jobs", "2", "--output-format", "concise"]
    for _ in range(2):
        # The second run has that file alone to parse.
        done = subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert done.stdout.count(": SES102 ") == 80
        [died] = [one for one in done.stdout.splitlines() if "SES999" in one]
        assert died == "m02.py:1:1: SES999 the checker died on this file"
        assert done.stderr == ""
    after = sessionlint("--statistics", "--quiet", cwd=folder)
    assert after.stdout.split()[:2] == ["100", "SES102"]


FAILING = KILLING.replace("os.kill(os.getpid(), signal.SIGSEGV)", "raise RuntimeError('a bug')")


@pytest.mark.slow
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_bug_costs_one_file_and_is_told(jobs, tmp_path):
    folder = leaks(tmp_path / "many", 5)
    line = [sys.executable, "-c", FAILING, "--jobs", jobs, "--output-format", "concise"]
    done = subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout.count(": SES102 ") == 80
    assert "m02.py:1:1: SES999 the checker died on this file" in done.stdout
    assert done.stderr.endswith("RuntimeError: a bug\n")


def started(pid: int, least: int) -> dict[int, str]:
    """The children of a process, once it has as many, each with when it was born."""
    for _ in range(600):
        listed = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False
        )
        found = [int(one) for one in listed.stdout.split()]
        if len(found) >= least:
            return {one: born(one) for one in found}
        time.sleep(0.02)
    raise AssertionError(f"{pid} has started too few processes")


def born(pid: int) -> str:
    """When a process was started; empty if there is none, or a dead one nobody has asked after."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] == "Z" else fields[19]


def alive(processes: dict[int, str]) -> list[int]:
    """Those of them that are there still, and not another one under the same number."""
    return [pid for pid, start in processes.items() if start and born(pid) == start]


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")
@pytest.mark.parametrize("is_for_all", [True, False])
def test_an_interrupt_ends_all_processes_with_one_line(tmp_path, is_for_all):
    folder = leaks(tmp_path / "many", 40, each=200)
    line = [sys.executable, "-m", "sessionlint", "--jobs", "3"]
    program = subprocess.Popen(
        line,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A shell that runs the tests in the background has its children ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    workers = started(program.pid, 3)
    # The terminal sends Ctrl-C to all processes of a command, `kill` to one.
    (os.killpg if is_for_all else os.kill)(program.pid, signal.SIGINT)
    output, errors = program.communicate(timeout=30)
    assert (program.returncode, output, errors) == (130, "", "interrupted\n")
    assert alive(workers) == []
    assert [path.name for path in folder.iterdir() if not path.name.startswith("m")] == []


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")
def test_no_process_outlives_one_that_is_killed(tmp_path):
    folder = leaks(tmp_path / "many", 40, each=200)
    line = [sys.executable, "-m", "sessionlint", "--jobs", "3"]
    program = subprocess.Popen(line, cwd=folder, stdout=subprocess.DEVNULL)
    workers = started(program.pid, 3)
    program.kill()
    program.wait()
    deadline = time.monotonic() + 30
    while alive(workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert alive(workers) == []


@pytest.mark.slow
def test_little_work_starts_no_process(tmp_path):
    folder = leaks(tmp_path / "few", 3, length=0)
    code = (
        "import os, sys\n"
        "os.fork = None\n"
        "sys.argv = ['sessionlint', '--jobs', '4', '--statistics', '--quiet']\n"
        "from sessionlint.cli import main\n"
        "main()"
    )
    line = [sys.executable, "-c", code]
    done = subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False)
    assert (done.stdout.split()[:2], done.stderr) == (["60", "SES102"], "")


@pytest.mark.parametrize("jobs", ["0", "-1", "many"])
def test_a_number_that_makes_no_sense_is_refused(tmp_path, jobs):
    done = sessionlint("--jobs", jobs, cwd=tmp_path)
    assert done.returncode == 2
    assert "Invalid value for '--jobs'" in done.stderr
