"""What has a function called in a thread."""

from typing import Final

__all__ = ["THREADED"]

THREADED: Final = frozenset({"run_in_threadpool", "to_thread", "run_sync"})
"""Functions that call their first argument in a thread and give what it gives."""
