"""`python -m sessionlint` is the command `sessionlint`."""

import gc
import os
import sys
from typing import NoReturn

__all__ = ["main"]


def main() -> NoReturn:
    """Run the command line of this process and end it, quietly even if Ctrl-C comes early.

    Loading the command line takes most of a short run, and it cannot catch that by itself.
    """
    # A syntax tree is many objects and no circle: collecting while parsing frees nothing and was
    # measured at two fifths of the time. At the end Python collects once more, from all that is not
    # frozen, which was measured at a twentieth.
    gc.disable()
    if sys.stderr is None:
        # The shell closed it. Tracebacks would go to standard output instead, and the next file
        # that is opened would get its number.
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115 - it is for the whole run
    try:
        from sessionlint.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        sys.exit(130)
    finally:
        gc.freeze()


if __name__ == "__main__":
    main()
