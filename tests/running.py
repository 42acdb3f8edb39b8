"""A `sessionlint` that goes on running, with what it prints as it comes."""

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PATIENCE = 60
"""Seconds to wait for a line before the test fails."""


class Running:
    """A process whose lines, standard error among them, are read as they are printed."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self.process.stdout:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def until(self, words: str) -> list[str]:
        """The lines up to the next one with these words."""
        found: list[str] = []
        while not found or words not in found[-1]:
            line = self._lines.get(timeout=PATIENCE)
            assert line is not None, f"it ended after {found}"
            found.append(line)
        return found

    def rest(self) -> list[str]:
        """The lines up to the end."""
        return [*iter(lambda: self._lines.get(timeout=PATIENCE), None)]


@contextmanager
def running(*arguments: str, cwd: Path) -> Iterator[Running]:
    """A `sessionlint` with these arguments, which is gone afterwards."""
    process = subprocess.Popen(
        [sys.executable, "-m", "sessionlint", *arguments],
        cwd=cwd,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "PYTHONUTF8": "1"},
        # Whoever runs the tests in the background may have them ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        yield Running(process)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
