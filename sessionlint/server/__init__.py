"""The language server: findings in an editor, from the text as it is typed."""

from __future__ import annotations

import gc
import sys

from sessionlint.errors import UsageError

__all__ = ["serve"]


def serve() -> int:
    """Serve one editor over standard input and output until it leaves, and give the exit code.

    Raises:
        UsageError: pygls is not installed, or the shell closed one of the two.
    """
    if sys.stdin is None or sys.stdout is None:
        raise UsageError("the server needs standard input and output, and one of them is closed")
    try:
        from sessionlint.server.features import language_server
    except ModuleNotFoundError as error:
        if error.name not in {"pygls", "lsprotocol"}:
            raise
        hint = "pip install 'sessionlint[lsp]'"
        raise UsageError(f"the server needs pygls, which is not installed: {hint}") from error
    # A process that does not end needs the collector that a short run is faster without.
    gc.enable()
    language_server().start_io()
    return 0
