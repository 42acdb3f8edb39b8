"""What the plugin adds to flake8 on files without sessions, as a ratio of CPU times.

    python tests/bench/flake8_cost.py [PATH]… [--runs N]

Both commands of a pair run the same program, once with a plugin left out of what is installed:
sessionlint, or one that there is not. Without paths, one short file is checked, one long file, and
a whole package, all of them of the standard library and in one process.
"""

import email
import os
import shutil
import tempfile
from pathlib import Path

import click
from runs import Pair, paired, python

_WITHOUT = """
import importlib.metadata, sys
found = importlib.metadata.distributions
left_out = sys.argv.pop(1)
importlib.metadata.distributions = lambda: [one for one in found() if one.name != left_out]
from flake8.main.cli import main
sys.exit(main())
"""
_ALONE = ("--isolated", "--jobs=1", "--exit-zero")
_MOST = 1.05


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--runs", default=9, show_default=True, help="Of each command.")
def main(paths: tuple[Path, ...], runs: int) -> None:
    """Print one line for each path."""
    # What is installed has been compiled, and so is a working copy by the run that does not count.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as folder:
        # A project of its own, for where Python stands there may be a larger one around it.
        package = Path(folder, "email")
        shutil.copytree(Path(email.__file__).parent, package)
        for path in paths or (package / "errors.py", package / "message.py", package):
            click.echo(_line(path, _measured(path, runs)))


def _measured(path: Path, runs: int) -> Pair:
    return paired(_flake8(path, without="nothing"), _flake8(path, without="sessionlint"), runs)


def _flake8(path: Path, *, without: str) -> list[str]:
    return python("-c", _WITHOUT, without, *_ALONE, path)


def _line(path: Path, pair: Pair) -> str:
    met = "met" if pair.cpu <= _MOST else "no"
    seconds = f"{pair.ours.cpu * 1_000:.0f} ms / {pair.theirs.cpu * 1_000:.0f} ms"
    return f"flake8 with / without, {path.name:<20} {pair.cpu:.3f}x  <= {_MOST}x {met}  {seconds}"


if __name__ == "__main__":
    main()
