"""What has a function called, in a thread or for somebody."""

from typing import Final

__all__ = ["PASSING", "THREADED"]

THREADED: Final = frozenset({"run_in_threadpool", "to_thread", "run_sync"})
"""Functions that call their first argument in a thread and give what it gives."""

PASSING: Final = THREADED | {"partial", "choice"}
"""Functions that are given what is called, by its name: also one of several makers."""
