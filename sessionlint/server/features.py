"""What the server does for an editor, message by message."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path, uri_scheme

from sessionlint import __version__
from sessionlint.errors import ConfigError
from sessionlint.facts.locked import DECIDING
from sessionlint.model import Finding
from sessionlint.server.actions import FIX_ALL, fix_all, is_asked, meaning, quick_fixes
from sessionlint.server.diagnostics import SOURCE, diagnostic
from sessionlint.server.documents import Documents
from sessionlint.server.places import Text
from sessionlint.source.text import decoded, is_notebook
from sessionlint_rules import RULES, page

__all__ = ["language_server"]

DELAY = 0.1
"""Seconds without a key pressed after which a changed text is checked."""

_WATCHED = ("**/*.py", *(f"**/{glob}" for glob in DECIDING))
"""Files whose change on disk may change what is found in open ones."""

_Found = tuple[Finding, types.Diagnostic]
"""A finding and how it is shown."""


def language_server() -> LanguageServer:
    """A server that waits to be started."""
    # pygls counts form feeds as ends of lines, which would misplace changes of parts of a text.
    server = LanguageServer(
        SOURCE, __version__, text_document_sync_kind=types.TextDocumentSyncKind.Full
    )
    desk = _Desk(server)
    handlers: dict[str, Callable[[Any], object]] = {  # Any: each has a message of its own
        types.INITIALIZED: desk.begin,
        types.TEXT_DOCUMENT_DID_OPEN: desk.opened,
        types.TEXT_DOCUMENT_DID_CHANGE: desk.changed,
        types.TEXT_DOCUMENT_DID_SAVE: desk.saved,
        types.TEXT_DOCUMENT_DID_CLOSE: desk.closed,
        types.WORKSPACE_DID_CHANGE_WATCHED_FILES: desk.start_over,
        types.TEXT_DOCUMENT_HOVER: desk.hover,
    }
    for message, handler in handlers.items():
        # pygls writes on what it is given, which a method does not allow.
        server.feature(message)(partial(handler))
    kinds = types.CodeActionOptions([types.CodeActionKind.QuickFix, FIX_ALL], resolve_provider=True)
    server.feature(types.TEXT_DOCUMENT_CODE_ACTION, kinds)(partial(desk.actions))
    server.feature(types.CODE_ACTION_RESOLVE)(partial(desk.resolved))
    return server


class _Desk:
    """The open files of one client, and what it is told about them."""

    def __init__(self, server: LanguageServer) -> None:
        self._server = server
        self._documents = Documents(RULES)
        self._uris: dict[Path, str] = {}
        self._complaint = ""
        self._waiting: asyncio.TimerHandle | None = None

    def begin(self, _params: types.InitializedParams) -> None:
        """Ask to be told of changes on disk, if the client can do that."""
        workspace = self._server.client_capabilities.workspace
        watching = workspace and workspace.did_change_watched_files
        if not watching or not watching.dynamic_registration:
            return
        watchers = [types.FileSystemWatcher(pattern) for pattern in _WATCHED]
        method = types.WORKSPACE_DID_CHANGE_WATCHED_FILES
        options = types.DidChangeWatchedFilesRegistrationOptions(watchers)
        registration = types.Registration(method, method, options)
        self._server.client_register_capability(types.RegistrationParams([registration]))

    def opened(self, params: types.DidOpenTextDocumentParams) -> None:
        """Check a file that the editor has opened."""
        path = _path(params.text_document.uri)
        if path is not None:
            self._uris[path] = params.text_document.uri
            self._documents.put(path, params.text_document.text)
            self._publish_all()

    def changed(self, params: types.DidChangeTextDocumentParams) -> None:
        """Check the files anew once nobody types."""
        path = _path(params.text_document.uri)
        if path is None or path not in self._documents:
            return
        self._documents.put(path, self._source(params.text_document.uri))
        if self._waiting is not None:
            self._waiting.cancel()
        self._waiting = asyncio.get_running_loop().call_later(DELAY, self._publish_all)

    def saved(self, _params: types.DidSaveTextDocumentParams) -> None:
        """Check again with whatever is on disk now; the file may be a pyproject.toml."""
        self._start_over()

    def start_over(self, _params: types.DidChangeWatchedFilesParams) -> None:
        """The same when other files have changed."""
        self._start_over()

    def closed(self, params: types.DidCloseTextDocumentParams) -> None:
        """Say no more about a file."""
        path = _path(params.text_document.uri)
        if path is None or path not in self._documents:
            return
        self._documents.drop(path)
        self._publish(self._uris.pop(path), None, [])
        self._publish_all()

    def hover(self, params: types.HoverParams) -> types.Hover | None:
        """The pages of the rules that found something at a place."""
        place = types.Range(params.position, params.position)
        met = _touching(place, self._found_safely(params.text_document.uri))
        if not met:
            return None
        pages = dict.fromkeys(page(finding.code) for finding, _ in met)
        text = types.MarkupContent(types.MarkupKind.Markdown, "\n\n---\n\n".join(pages))
        return types.Hover(text, met[0][1].range)

    def actions(self, params: types.CodeActionParams) -> list[types.CodeAction]:
        """The fixes for what was found in a range, and the one for the whole file.

        Their edits come later if the client can wait for them. Else those that turn out to have
        none are left out.
        """
        uri, only = params.text_document.uri, params.context.only
        found = self._found_safely(uri)
        offered: list[types.CodeAction] = []
        if is_asked(types.CodeActionKind.QuickFix.value, only):
            offered += quick_fixes(uri, _touching(params.range, found))
        if is_asked(FIX_ALL, only):
            offered += fix_all(uri, [finding for finding, _ in found])
        if self._is_patient:
            return offered
        for action in offered:
            action.edit = self._edit(action)
        return [action for action in offered if action.edit is not None]

    def resolved(self, action: types.CodeAction) -> types.CodeAction:
        """An action with its edit; where the user chose it and there is none, that is told.

        Many editors choose the one for the whole file by themselves at every save.
        """
        action.edit = self._edit(action)
        if action.edit is None and action.kind != FIX_ALL:
            text = f"{SOURCE}: nothing is changed, for the fix would not be right here"
            message = types.ShowMessageParams(types.MessageType.Warning, text)
            self._server.window_show_message(message)
        return action

    @property
    def _is_patient(self) -> bool:
        """Whether the client asks for the edit of an action when somebody chooses it."""
        document = self._server.client_capabilities.text_document
        offering = document.code_action if document else None
        later = offering.resolve_support if offering and offering.data_support else None
        return later is not None and "edit" in later.properties

    def _start_over(self) -> None:
        self._documents.start_over()
        self._publish_all()

    def _publish_all(self) -> None:
        """Tell what is found in every open file: a change of one may matter to another."""
        self._waiting = None
        complaints: list[str] = []
        for path in self._documents:
            try:
                found = [shown for _, shown in self._found(path)]
            except ConfigError as error:
                complaints.append(str(error))
                found = []
            uri = self._uris[path]
            version = self._server.workspace.get_text_document(uri).version
            self._publish(uri, version, found)
        self._complain("\n".join(dict.fromkeys(complaints)))

    def _complain(self, text: str) -> None:
        """Show what is wrong with the settings, once."""
        if text and text != self._complaint:
            message = types.ShowMessageParams(types.MessageType.Error, f"{SOURCE}: {text}")
            self._server.window_show_message(message)
        self._complaint = text

    def _publish(self, uri: str, version: int | None, found: list[types.Diagnostic]) -> None:
        self._server.text_document_publish_diagnostics(
            types.PublishDiagnosticsParams(uri, found, version)
        )

    def _found(self, path: Path) -> list[_Found]:
        """What is found in an open file, each with how it is shown.

        Raises:
            ConfigError: a pyproject.toml above the file is wrong.
        """
        texts: dict[Path, Text] = {}

        def text(of: Path) -> Text:
            if of not in texts:
                texts[of] = self._text(of)
            return texts[of]

        uri = self._uris[path]
        found = self._documents.findings(path)
        return [(finding, diagnostic(finding, path, uri, text)) for finding in found]

    def _found_safely(self, uri: str) -> list[_Found]:
        """The same by the client's name of the file; nothing while the settings are wrong."""
        path = _path(uri)
        if path is None or path not in self._documents:
            return []
        try:
            return self._found(path)
        except ConfigError:
            # Told when the diagnostics were.
            return []

    def _edit(self, action: types.CodeAction) -> types.WorkspaceEdit | None:
        """The edit of an action, None where nothing can be fixed."""
        meant = meaning(action)
        path = _path(meant[0]) if meant else None
        if meant is None or path is None or path not in self._documents:
            return None
        uri, wanted = meant
        try:
            fixed = self._documents.fixed(path, wanted, action.data)
        except ConfigError:
            return None
        if fixed is None or not fixed.applied:
            return None
        return types.WorkspaceEdit({uri: self._text(path).edits(decoded(fixed.data))})

    def _text(self, path: Path) -> Text:
        is_open = path in self._documents
        text = self._source(self._uris[path]) if is_open else self._documents.text(path)
        return Text(text, self._server.workspace.position_codec.client_num_units)

    def _source(self, uri: str) -> str:
        return self._server.workspace.get_text_document(uri).source


def _touching(place: types.Range, found: list[_Found]) -> list[_Found]:
    return [
        (finding, shown)
        for finding, shown in found
        if shown.range.start <= place.end and place.start <= shown.range.end
    ]


def _path(uri: str) -> Path | None:
    """The absolute path of a document, None for one that is not for the server to check.

    A document that was never saved stands in a folder that need not exist, so that no project is
    searched for it but the one that the server was started in. Notebooks are checked on disk.
    """
    if uri_scheme(uri) == "untitled":
        return Path.cwd() / "untitled" / Path(urlsplit(uri).path).name
    name = to_fs_path(uri) if uri_scheme(uri) == "file" else None
    return None if name is None or is_notebook(Path(name)) else Path(name)
