"""The command line, or another program, in a process of its own, as users run it.

Most of a run's time would go into loading LibCST and the linter's modules, so each comes out of a
process that has loaded them already and has done nothing else.
"""

import multiprocessing
import os
import pkgutil
import re
import runpy
import subprocess
import sys
import tempfile
from io import BytesIO, TextIOWrapper
from pathlib import Path

import sessionlint as house
import sessionlint_rules

_STREAMS = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))

_ROOMS = [one.name for one in pkgutil.walk_packages(house.__path__, "sessionlint.")]
_RULES = [one.name for one in pkgutil.iter_modules(sessionlint_rules.__path__) if one.ispkg]
_LOADED = [
    *("click", "libcst"),
    *(name for name in _ROOMS if not re.match(r"sessionlint\.(?:__main__|server)", name)),
    *(f"sessionlint_rules.{name}.rule" for name in _RULES),
]

_FORKING = multiprocessing.get_context("forkserver")
_FORKING.set_forkserver_preload(_LOADED)


def sessionlint(
    *arguments: str | Path, cwd: Path, stdin: bytes = b"", **environment: str
) -> "subprocess.CompletedProcess[str]":
    """What `sessionlint` printed and its exit code; a run that hangs fails."""
    done = program("sessionlint", *arguments, cwd=cwd, stdin=stdin, **environment)
    out, err = (TextIOWrapper(BytesIO(data), "utf-8").read() for data in (done.stdout, done.stderr))
    return subprocess.CompletedProcess(done.args, done.returncode, out, err)


def program(
    main: str | Path, *arguments: str | Path, cwd: Path, stdin: bytes = b"", **environment: str
) -> "subprocess.CompletedProcess[bytes]":
    """What a module or a file printed that was run as the main one, and its exit code."""
    line = [str(main), *map(str, arguments)]
    with tempfile.TemporaryDirectory() as name:
        streams = Path(name)
        (streams / "stdin").write_bytes(stdin)
        # Whoever runs the tests may want their report in colours.
        plain = {name: text for name, text in os.environ.items() if name != "FORCE_COLOR"}
        asked = main, line, cwd, {**plain, **environment}, streams
        process = _FORKING.Process(target=_run, args=asked)
        process.start()
        process.join(timeout=60)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired(line, 60)
        out, err = ((streams / name).read_bytes() for name in ("stdout", "stderr"))
    return subprocess.CompletedProcess(line, process.exitcode, out, err)


def _run(
    main: str | Path, line: list[str], cwd: Path, environment: dict[str, str], streams: Path
) -> None:
    """Be `python -m main` or `python main`, with files for what it reads and prints."""
    encoding = environment.get("PYTHONIOENCODING", "utf-8")
    for number, (name, mode) in enumerate(_STREAMS):
        with (streams / name).open(mode) as file:
            os.dup2(file.fileno(), number)
        setattr(sys, name, os.fdopen(number, mode, encoding=encoding, closefd=False))
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(cwd)
    sys.argv = line
    if isinstance(main, Path):
        runpy.run_path(str(main), run_name="__main__")
    else:
        runpy.run_module(main, run_name="__main__", alter_sys=True)
