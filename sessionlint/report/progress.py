"""A bar on a terminal for work that takes its time."""

from collections.abc import Iterable, Iterator
from time import monotonic
from typing import TextIO, TypeVar

import click

__all__ = ["watched"]

PATIENCE = 1.0
"""Seconds after which the bar appears."""

_Item = TypeVar("_Item")


def watched(items: Iterable[_Item], total: int, stream: TextIO | None) -> Iterator[_Item]:
    """The same items; once it takes long, a bar on the stream says how many of `total` are done.

    Nothing is shown where the stream is no terminal, or None, as one that the shell closed is.
    """
    if stream is None or not stream.isatty():
        yield from items
        return
    began = monotonic()
    rest = iter(items)
    done = 0
    for item in rest:
        yield item
        done += 1
        if monotonic() - began > PATIENCE:
            break
    else:
        return
    with click.progressbar(length=total, label="checking", file=stream, show_pos=True) as bar:
        bar.update(done)
        for item in rest:
            yield item
            bar.update(1)
