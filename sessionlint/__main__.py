"""`python -m sessionlint` is the command `sessionlint`."""

import sys
from typing import NoReturn

__all__ = ["main"]


def main() -> NoReturn:
    """Run the command line of this process and end it, quietly even if Ctrl-C comes early.

    Loading the command line takes most of a short run, and it cannot catch that by itself.
    """
    try:
        from sessionlint.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
