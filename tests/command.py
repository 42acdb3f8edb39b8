"""The command line in a process of its own, as users run it.

Most of a run's time would go into loading LibCST, so each comes out of a process that has loaded it
already, and nothing of sessionlint.
"""

import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
from pathlib import Path

_STREAMS = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))

_FORKING = multiprocessing.get_context("forkserver")
_FORKING.set_forkserver_preload(["click", "libcst"])


def sessionlint(
    *arguments: str | Path, cwd: Path, stdin: bytes = b"", **environment: str
) -> "subprocess.CompletedProcess[str]":
    """What `sessionlint` printed and its exit code; a run that hangs fails."""
    line = ["sessionlint", *map(str, arguments)]
    with tempfile.TemporaryDirectory() as name:
        streams = Path(name)
        (streams / "stdin").write_bytes(stdin)
        asked = line, cwd, {**os.environ, **environment}, streams
        process = _FORKING.Process(target=_run, args=asked)
        process.start()
        process.join(timeout=60)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired(line, 60)
        out, err = ((streams / name).read_text("utf-8") for name in ("stdout", "stderr"))
    return subprocess.CompletedProcess(line, process.exitcode, out, err)


def _run(line: list[str], cwd: Path, environment: dict[str, str], streams: Path) -> None:
    """Be `python -m sessionlint`, with files for what it reads and prints."""
    encoding = environment.get("PYTHONIOENCODING", "utf-8")
    for number, (name, mode) in enumerate(_STREAMS):
        with (streams / name).open(mode) as file:
            os.dup2(file.fileno(), number)
        setattr(sys, name, os.fdopen(number, mode, encoding=encoding, closefd=False))
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(cwd)
    sys.argv = line
    runpy.run_module("sessionlint", run_name="__main__", alter_sys=True)
