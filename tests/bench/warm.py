"""What the cache and the processes save, in ratios to runs without them and to ruff's cache.

    python tests/bench/warm.py TREE … [--runs N]

Each tree is copied, for one of its files is changed. Ratios are medians of runs in turn.
"""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click
from runs import Cost, command, cost, paired, python, typical


@click.command()
@click.argument("trees", nargs=-1, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--runs", default=7, show_default=True, help="Of each command.")
def main(trees: tuple[Path, ...], runs: int) -> None:
    """Print one line for each figure as soon as it is known."""
    for tree in trees:
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder, tree.name)
            shutil.copytree(tree, copy, ignore=shutil.ignore_patterns(".git", ".*_cache"))
            for what, value, detail in _rows(copy, Path(folder), runs):
                click.echo(f"{f'{tree.name}: {what}':<64} {value:>8.3g}  {detail}")


def _rows(tree: Path, folder: Path, runs: int) -> Iterator[tuple[str, float, str]]:
    ours = command("sessionlint", "--exit-zero", "--quiet", "--cache-dir", folder / "ours", tree)
    alone = command("sessionlint", "--exit-zero", "--quiet", "--no-cache", "--jobs", "1", tree)
    spread = command("sessionlint", "--exit-zero", "--quiet", "--no-cache", tree)
    ruff = command("ruff", "check", "--isolated", "--exit-zero", "--quiet")
    ruff += ["--cache-dir", str(folder / "ruff"), str(tree)]
    warm = paired(ours, ruff, runs)
    yield "warm, CPU / ruff warm", warm.cpu, _seconds(warm.ours, warm.theirs)
    yield "warm, wall / ruff warm", warm.wall, ""
    start = paired(ours, python("-c", "pass"), runs)
    yield "warm, CPU / a start of Python", start.cpu, _seconds(start.ours, start.theirs)
    cold = [cost(alone) for _ in range(max(runs // 2, 1))]
    yield "warm / no cache, CPU", warm.ours.cpu / typical(cold).cpu, _seconds(warm.ours, *cold[:1])
    for what, is_told in (("that opens sessions", True), ("of no interest", False)):
        numbers = range(max(runs // 2, 1))
        changed = typical([_changed(tree, ours, number, is_told=is_told) for number in numbers])
        ratio = changed.cpu / typical(cold).cpu
        yield f"a file {what} changed / no cache, CPU", ratio, _seconds(changed, *cold[:1])
    both = paired(spread, alone, max(runs // 2, 1))
    yield "all cores / one process, wall", both.wall, ""
    yield "all cores / one process, CPU", both.cpu, _seconds(both.ours, both.theirs)


def _changed(tree: Path, line: list[str], number: int, *, is_told: bool) -> Cost:
    """What a run costs after a comment was added to a file that opens sessions, or does not."""
    files = sorted(tree.rglob("*.py"))
    path = next(path for path in files if (b"Session(" in path.read_bytes()) is is_told)
    with path.open("a") as file:
        file.write(f"# {number}\n")
    return cost(line)


def _seconds(one: Cost, other: Cost) -> str:
    return f"{one.cpu:.3f} s / {other.cpu:.3f} s"


if __name__ == "__main__":
    main()
