"""An editor that speaks the language server protocol with a `sessionlint server` of its own."""

import itertools
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

IMPORTS = """\
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

engine = create_engine("sqlite://")


"""
SAFE = """\
def first(id):
    session = Session(engine)
    rows = session.query(id).count()
    session.close()
    return rows
"""
UNSAFE = """\
def second(id):
    session = Session(engine)
    return session.get(User, id)
"""
CLEAN = "x = 1\n"

PATIENCE = 60
"""Seconds to wait for a message before the test fails."""

CAPABILITIES = {
    "workspace": {"didChangeWatchedFiles": {"dynamicRegistration": True}},
    "textDocument": {"publishDiagnostics": {"relatedInformation": True}},
}


class Editor:
    """A client; `told` are the messages of the server that answer no request.

    They are there by their method, diagnostics by the address of their file.
    """

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.process = process
        self.told: dict[str, queue.Queue[Any]] = {}
        self._answers: queue.Queue[Any] = queue.Queue()
        self._numbers = itertools.count(1)
        self._versions = itertools.count(1)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        stream = self.process.stdout
        while header := stream.readline():
            if header.lower().startswith(b"content-length"):
                size = int(header.split(b":")[1])
                while stream.readline().strip():
                    pass
                self._take(json.loads(stream.read(size)))

    def _take(self, message: dict[str, Any]) -> None:
        if "method" not in message:
            self._answers.put(message)
            return
        params = message["params"]
        is_about_file = message["method"] == "textDocument/publishDiagnostics"
        self._queue(params["uri"] if is_about_file else message["method"]).put(params)
        if "id" in message:
            self._send({"id": message["id"], "result": None})

    def _queue(self, method: str) -> "queue.Queue[Any]":
        return self.told.setdefault(method, queue.Queue())

    def _send(self, message: dict[str, Any]) -> None:
        data = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(data), data))
        self.process.stdin.flush()

    def ask(self, method: str, params: object = None) -> Any:
        """The result of a request."""
        number = next(self._numbers)
        self._send({"id": number, "method": method, "params": params})
        answer = self._answers.get(timeout=PATIENCE)
        assert answer["id"] == number
        assert "error" not in answer, answer
        return answer["result"]

    def tell(self, method: str, params: object = None) -> None:
        """Send a notification."""
        self._send({"method": method, "params": params})

    def next(self, method: str) -> Any:
        """The next message of the server with that method, or about that file."""
        return self._queue(method).get(timeout=PATIENCE)

    def diagnostics(self, path: Path) -> list[dict[str, Any]]:
        """The next diagnostics of a file."""
        return self.next(path.as_uri())["diagnostics"]

    def open(self, path: Path, text: str) -> list[dict[str, Any]]:
        """Open a file with a text, and give its diagnostics."""
        self.open_as(path.as_uri(), text)
        return self.diagnostics(path)

    def open_as(self, uri: str, text: str) -> None:
        """Open a document by its address."""
        document = {"languageId": "python", "version": next(self._versions), "text": text}
        self.tell("textDocument/didOpen", {"textDocument": {"uri": uri, **document}})

    def change(self, path: Path, text: str) -> None:
        """Let a file hold another text."""
        document = {"uri": path.as_uri(), "version": next(self._versions)}
        changes = [{"text": text}]
        self.tell("textDocument/didChange", {"textDocument": document, "contentChanges": changes})

    def actions(self, path: Path, line: int, *only: str) -> list[dict[str, Any]]:
        """The actions for a line, which counts from 0."""
        start, end = {"line": line, "character": 0}, {"line": line + 1, "character": 0}
        context = {"diagnostics": [], **({"only": only} if only else {})}
        document = {"uri": path.as_uri()}
        params = {"textDocument": document, "range": {"start": start, "end": end}}
        return self.ask("textDocument/codeAction", params | {"context": context})

    def resolved(self, action: dict[str, Any]) -> dict[str, Any]:
        """An action with its edit."""
        return self.ask("codeAction/resolve", action)

    def hover(self, path: Path, line: int, character: int) -> Any:
        """What is shown at a place."""
        position = {"line": line, "character": character}
        document = {"uri": path.as_uri()}
        return self.ask("textDocument/hover", {"textDocument": document, "position": position})

    def leave(self) -> int:
        """Shut the server down and give its exit code."""
        self.ask("shutdown")
        self.tell("exit")
        return self.process.wait(timeout=PATIENCE)


@contextmanager
def editor(folder: Path | None, *, is_patient: bool = False, **general: object) -> Iterator[Editor]:
    """An editor with a folder open, whose server is gone afterwards.

    A patient one asks for the edit of an action when it is chosen.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "sessionlint", "server", "--stdio"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONUTF8": "1"},
    )
    client = Editor(process)
    try:
        root = folder and folder.as_uri()
        capabilities = {**CAPABILITIES, "general": general}
        if is_patient:
            later = {"dataSupport": True, "resolveSupport": {"properties": ["edit"]}}
            document = {**CAPABILITIES["textDocument"], "codeAction": later}
            capabilities["textDocument"] = document
        client.capabilities = client.ask(
            "initialize", {"processId": None, "rootUri": root, "capabilities": capabilities}
        )["capabilities"]
        client.tell("initialized", {})
        yield client
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def edited(text: str, action: dict[str, Any], path: Path) -> str:
    """A text after an action, its places counted in UTF-16."""
    lines = text.splitlines(keepends=True)

    def offset(place: dict[str, int]) -> int:
        line = lines[place["line"]] if place["line"] < len(lines) else ""
        before = line.encode("utf-16-le")[: 2 * place["character"]].decode("utf-16-le")
        return len("".join(lines[: place["line"]])) + len(before)

    for edit in reversed(action["edit"]["changes"][path.as_uri()]):
        start, stop = (offset(edit["range"][end]) for end in ("start", "end"))
        text = text[:start] + edit["newText"] + text[stop:]
    return text


def codes(diagnostics):
    """Line, from 0, and code of each diagnostic."""
    return [(one["range"]["start"]["line"], one["code"]) for one in diagnostics]
