"""The command line in a process of its own, as users run it."""

import os
import subprocess
import sys
from pathlib import Path


def sessionlint(
    *arguments: str | Path, cwd: Path, stdin: bytes = b"", **environment: str
) -> "subprocess.CompletedProcess[str]":
    """What `sessionlint` printed and its exit code; a run that hangs fails."""
    done = subprocess.run(
        [sys.executable, "-m", "sessionlint", *map(str, arguments)],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        env={**os.environ, "PYTHONUTF8": "1", **environment},
        timeout=60,
        check=False,
    )
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
    )
