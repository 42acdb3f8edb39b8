"""What a command costs: CPU time and memory of its process, and ratios of commands run in turn."""

import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_KIB = 1 if sys.platform == "darwin" else 1024
"""What `ru_maxrss` counts in. Source: getrusage(2) of macOS and of Linux."""

BIN = Path(sys.executable).parent

_ENVIRONMENT = {key: text for key, text in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
"""What installs from a package is compiled, so what runs from its sources is compiled as well."""


@dataclass(frozen=True, slots=True)
class Cost:
    """One run of one command: seconds of CPU and of wall clock, and bytes at its peak."""

    cpu: float
    wall: float
    peak: int


@dataclass(frozen=True, slots=True)
class Pair:
    """The medians of two commands that ran in turn, and of their ratios from turn to turn."""

    ours: Cost
    theirs: Cost
    cpu: float
    wall: float
    peak: float


def command(name: str, *arguments: str | Path) -> list[str]:
    """A command of the environment this Python belongs to."""
    return [str(BIN / name), *map(str, arguments)]


def python(*arguments: str | Path) -> list[str]:
    """This Python with arguments."""
    return [sys.executable, *map(str, arguments)]


def cost(line: Sequence[str]) -> Cost:
    """What one run costs, all processes it starts and waits for included; output is dropped.

    Its peak is at least that of the process that asks, so whoever asks had better stay small.

    Raises:
        subprocess.CalledProcessError: it ended with an exit code other than 0.
    """
    quiet = [(os.POSIX_SPAWN_OPEN, out, os.devnull, os.O_WRONLY, 0) for out in (1, 2)]
    begin = time.perf_counter()
    process = os.posix_spawn(line[0], list(line), _ENVIRONMENT, file_actions=quiet)
    _, status, usage = os.wait4(process, 0)
    wall = time.perf_counter() - begin
    code = os.waitstatus_to_exitcode(status)
    if code:
        raise subprocess.CalledProcessError(code, list(line))
    return Cost(usage.ru_utime + usage.ru_stime, wall, _peak(usage))


def _peak(usage: resource.struct_rusage) -> int:
    return usage.ru_maxrss * _KIB


def paired(ours: Sequence[str], theirs: Sequence[str], runs: int) -> Pair:
    """Two commands A B A B …, after one of each that does not count.

    A single run does without the warm-up: it is for commands that take minutes.
    """
    if runs > 1:
        cost(ours)
        cost(theirs)
    pairs = [(cost(ours), cost(theirs)) for _ in range(runs)]
    return Pair(
        typical([one for one, _ in pairs]),
        typical([other for _, other in pairs]),
        cpu=statistics.median(one.cpu / max(other.cpu, 1e-3) for one, other in pairs),
        wall=statistics.median(one.wall / other.wall for one, other in pairs),
        peak=statistics.median(one.peak / other.peak for one, other in pairs),
    )


def typical(costs: Sequence[Cost]) -> Cost:
    """The median of each figure."""
    return Cost(
        statistics.median(one.cpu for one in costs),
        statistics.median(one.wall for one in costs),
        int(statistics.median(one.peak for one in costs)),
    )
