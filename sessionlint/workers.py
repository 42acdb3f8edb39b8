"""Work spread over processes; one that dies costs what it was at, and nothing else."""

from __future__ import annotations

import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import NoReturn

__all__ = ["cores", "may_fork", "worked"]

_LENGTH = 8
"""Bytes that tell a number: which piece of work comes next, or how long a result is."""


def cores() -> int:
    """How many processors this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def may_fork() -> bool:
    """Whether this process can be copied: the system can, and no other thread would be lost."""
    threading = sys.modules.get("threading")
    return hasattr(os, "fork") and (threading is None or threading.active_count() == 1)


def worked(
    work: Callable[[int], bytes], sizes: Sequence[int], jobs: int
) -> Iterator[tuple[int, bytes | None]]:
    """What `work` gives for each index of `sizes`, as it gets ready; None where a process died.

    The work runs in copies of this process, which must have no other threads. Neighbours in the
    sequence go to the same process as long as none is idle. All processes are gone when the
    iterator ends or is closed.
    """
    queues = _shares(sizes, jobs)
    workers: dict[int, _Worker] = {}
    try:
        for queue in queues:
            _start(work, queue, queues, workers)
        while workers:
            for output in _ready(workers):
                worker = workers[output]
                index, result = worker.index, worker.result()
                yield index, result
                if result is None:
                    _end(workers, [output])
                    _start(work, worker.queue, queues, workers)
                elif not worker.take(_next(worker.queue, queues)):
                    _end(workers, [output])
        # Have: all is done, unless the system refused another process.
        while (left := _next(queues[0], queues)) is not None:
            yield left, work(left)
    finally:
        _end(workers, list(workers))


def _shares(sizes: Sequence[int], jobs: int) -> list[deque[int]]:
    """The indexes in as many stretches of about the same total size."""
    total = sum(sizes) or 1
    queues: list[deque[int]] = [deque() for _ in range(jobs)]
    before = 0
    for index, size in enumerate(sizes):
        queues[min(before * jobs // total, jobs - 1)].append(index)
        before += size
    return queues


def _next(own: deque[int], queues: Iterable[deque[int]]) -> int | None:
    """The next index of a stretch, or the last one of the longest other stretch."""
    if own:
        return own.popleft()
    longest = max(queues, key=len)
    return longest.pop() if longest else None


def _start(
    work: Callable[[int], bytes],
    queue: deque[int],
    queues: Iterable[deque[int]],
    workers: dict[int, _Worker],
) -> None:
    """Let one more process begin with a stretch; without any work left, or any left to have, none.

    Source: fork(2) fails where a user has too many processes.
    """
    if not any(queues):
        return
    # A Ctrl-C on the way would run this program's own clean-up in the child, or lose the child.
    with suppress(BlockingIOError, MemoryError), _undisturbed():
        worker = _Worker(work, queue, workers.values())
        workers[worker.output] = worker
        worker.take(_next(queue, queues))


def _end(workers: dict[int, _Worker], outputs: Iterable[int]) -> None:
    with _undisturbed():
        for output in outputs:
            workers.pop(output).end()


def _ready(workers: Iterable[int]) -> list[int]:
    # `select` cannot watch file descriptors above 1023.
    from selectors import EVENT_READ, DefaultSelector

    with DefaultSelector() as selector:
        for output in workers:
            selector.register(output, EVENT_READ)
        return [key.fd for key, _ in selector.select()]


class _Worker:
    """One process at work on one index; `output` is what its results are read from."""

    def __init__(
        self, work: Callable[[int], bytes], queue: deque[int], others: Iterable[_Worker]
    ) -> None:
        self.queue = queue
        self.index = -1
        orders, self._orders = os.pipe()
        self.output, results = os.pipe()
        self._process = os.fork()
        if not self._process:
            # Held open here, these would keep the others from seeing the end of this program.
            for end in (self._orders, self.output, *(one._orders for one in others)):
                os.close(end)
            _serve(work, orders, results)
        os.close(orders)
        os.close(results)

    def take(self, index: int | None) -> bool:
        """Begin with an index; whether there was one."""
        if index is None:
            return False
        self.index = index
        # One that has just died is told by its missing result.
        with suppress(BrokenPipeError):
            os.write(self._orders, index.to_bytes(_LENGTH, "big"))
        return True

    def result(self) -> bytes | None:
        """What the work gave, None if the process died over it; waits for it."""
        length = _read(self.output, _LENGTH)
        return None if length is None else _read(self.output, int.from_bytes(length, "big"))

    def end(self) -> None:
        """Let the process be gone; it has nothing that could be lost."""
        os.close(self._orders)
        os.close(self.output)
        os.kill(self._process, signal.SIGKILL)
        os.waitpid(self._process, 0)


def _serve(work: Callable[[int], bytes], orders: int, results: int) -> NoReturn:
    """Work until there are no more orders, and end without any clean-up of the parent's."""
    try:
        # The terminal sends Ctrl-C to every process; who ends this one is the parent.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        while (order := _read(orders, _LENGTH)) is not None:
            result = work(int.from_bytes(order, "big"))
            _write(results, len(result).to_bytes(_LENGTH, "big") + result)
    except BrokenPipeError:
        # Nobody wants results any more.
        pass
    finally:
        if sys.exc_info()[1] is not None:
            # A bug; the parent sees a process that died, and here it says why.
            from traceback import print_exc

            print_exc()
        os._exit(0)


def _read(file: int, size: int) -> bytes | None:
    """So many bytes, None if the other end is closed before."""
    pieces: list[bytes] = []
    while size:
        piece = os.read(file, min(size, 1 << 16))
        if not piece:
            return None
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def _write(file: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]


@contextmanager
def _undisturbed() -> Generator[None, None, None]:
    """Let Ctrl-C wait until the end of the block."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
