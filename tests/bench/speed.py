"""How fast sessionlint is, in ratios to other linters and to starting Python.

    python tests/bench/speed.py TREE … [--peer NAME]… [--runs N] [--slow-part FOLDER]

Every ratio is the median of runs in turn, A B A B, of user and system time of the processes. A
number by itself says nothing about another machine; a ratio does.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
from peers import PEERS, Peer, target
from runs import Cost, Pair, command, cost, paired, python, typical

_HERE = Path(__file__).parent
_NOTHING = python("-c", "pass")
_SESSION = "from sqlalchemy.orm import Session\n\n\ndef load(engine):\n    s = Session(engine)\n"
_FAR = 100_000
_START = 0.009
"""Seconds that Python took to start where the plan's targets in seconds were set."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; `most` is what the plan aims at."""

    what: str
    value: float
    unit: str = "x"
    most: float | None = None
    detail: str = ""

    def cells(self) -> tuple[str, str, str, str]:
        """What stands in the columns."""
        return self.what, _number(self.value) + self.unit, self._aim(), self.detail

    def _aim(self) -> str:
        if self.most is None:
            return ""
        met = "met" if self.value <= self.most else "twice" if self.value <= 2 * self.most else "no"
        return f"<= {_number(self.most)}{self.unit} {met}"


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


@click.command()
@click.argument("trees", nargs=-1, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--peer", "peers", multiple=True, type=click.Choice([one.name for one in PEERS]))
@click.option("--runs", default=5, show_default=True, help="Of each command.")
@click.option("--slow-runs", default=1, show_default=True, help="Of commands that take minutes.")
@click.option("--slow-part", metavar="FOLDER", help="Only this part of a tree for those.")
def main(
    trees: tuple[Path, ...],
    peers: tuple[str, ...],
    runs: int,
    slow_runs: int,
    slow_part: str | None,
) -> None:
    """Print one line for each figure as soon as it is known.

    The last column of a target says whether it is met, within twice, or neither.
    """
    chosen = [one for one in PEERS if one.name in (peers or {peer.name for peer in PEERS})]
    _print("what", "value", "target", "medians")
    for row in _starting(runs):
        _print(*row.cells())
    for row in _following():
        _print(*row.cells())
    for tree in trees:
        for peer in chosen:
            part = tree / slow_part if peer.is_slow and slow_part else tree
            for row in _against(peer, part, tree, slow_runs if peer.is_slow else runs):
                _print(*row.cells())
        for row in _inside(tree, runs):
            _print(*row.cells())


def _print(what: str, value: str, aim: str, detail: str) -> None:
    click.echo(f"{what:<56} {value:>12}  {aim:<18} {detail}".rstrip())
    sys.stdout.flush()


def _sessionlint(*paths: Path) -> list[str]:
    return command("sessionlint", "--exit-zero", "--quiet", "--no-cache", "--jobs", "1", *paths)


def _against(peer: Peer, part: Path, tree: Path, runs: int) -> Iterator[Row]:
    """CPU, wall and memory as ratios to one linter on the same files."""
    pair = paired(_sessionlint(part), peer.line(part), runs)
    name = f"{tree.name}: {{}} / {peer.name}"
    seconds = f"{pair.ours.cpu:.2f} s / {pair.theirs.cpu:.2f} s"
    yield Row(name.format("CPU"), pair.cpu, most=target(tree, peer.name), detail=seconds)
    walls = f"{pair.ours.wall:.2f} s / {pair.theirs.wall:.2f} s"
    yield Row(name.format("wall"), pair.wall, detail=walls)
    peaks = f"{_mib(pair.ours)} / {_mib(pair.theirs)}"
    most = 1.5 if peer.name == "ruff" else None
    yield Row(name.format("memory"), pair.peak, most=most, detail=peaks)


def _mib(one: Cost) -> str:
    return f"{one.peak / 2**20:.0f} MiB"


def _inside(tree: Path, runs: int) -> Iterator[Row]:
    """What passes the gate and how fast that is checked, and one file of the tree by itself."""
    figures = _json("gate", tree)
    passed = f"{figures['passed']} of {figures['files']} files"
    seconds = float(figures["gate"])
    yield Row(f"{tree.name}: the gate", seconds * 1_000, " ms", detail=passed)
    speed = float(figures["lines per second"])
    yield Row(f"{tree.name}: lines per second past the gate", speed, "")
    for kind, most in (("irrelevant", 4.0), ("relevant", 17.0)):
        if figures[kind] != "None":
            path = Path(str(figures[kind]))
            pair = _starts(_sessionlint(path), runs)
            yield _started(f"{tree.name}: one {kind} file of it", pair, most)


def _starting(runs: int) -> Iterator[Row]:
    """What does not depend on a tree, in multiples of starting Python."""
    for option in ("--version", "--help"):
        yield _started(option, _starts(command("sessionlint", option), runs), 4.5)
    with tempfile.TemporaryDirectory() as folder:
        irrelevant, relevant, far = (Path(folder, name) for name in ("a.py", "b.py", "c.py"))
        irrelevant.write_text("def add(a, b):\n    return a + b\n")
        yield _started("one irrelevant file", _starts(_sessionlint(irrelevant), runs), 4.0)
        relevant.write_text(_SESSION + "    s.close()\n")
        yield _started("one relevant file", _starts(_sessionlint(relevant), runs), 17.0)
        plain = "def f{n}(a):\n    b = [a.c({n})]\n    return b\n\n\n"
        many = "".join(plain.format(n=n) for n in range(_FAR // 5))
        far.write_text(_SESSION + "    s.close()\n\n\n" + many)
        pair = paired(_sessionlint(far), _NOTHING, 3)
        yield _started("a file of 100,000 lines, one session", pair, 1.0 / _START)


def _starts(line: list[str], runs: int) -> Pair:
    # One start takes milliseconds, so more runs cost nothing.
    return paired(line, _NOTHING, 2 * runs + 1)


def _started(what: str, pair: Pair, most: float) -> Row:
    detail = f"{pair.ours.cpu * 1_000:.0f} ms / {pair.theirs.cpu * 1_000:.0f} ms"
    return Row(f"{what}, in python starts", pair.cpu, most=most, detail=detail)


def _following() -> Iterator[Row]:
    """Path analysis alone."""
    for what, seconds in _json("paths").items():
        spent, start = float(seconds), typical([cost(_NOTHING) for _ in range(9)]).cpu
        most = (0.1 if "row" in what else 0.005) / _START
        detail = f"{spent * 1_000:.1f} ms / {start * 1_000:.0f} ms"
        yield Row(f"path analysis: {what}, in python starts", spent / start, "x", most, detail)


def _json(*arguments: str | Path) -> dict[str, float | str]:
    """What `inside.py` prints."""
    line = python(_HERE / "inside.py", *arguments)
    done = subprocess.run(line, stdout=subprocess.PIPE, check=True)
    figures: dict[str, float | str] = json.loads(done.stdout)
    return figures


if __name__ == "__main__":
    main()
