"""`sessionlint server`, asked by an editor over standard input and output."""

import subprocess
import sys

import pytest
from command import sessionlint
from editor import CLEAN, IMPORTS, SAFE, codes, editor


@pytest.fixture
def app(tmp_path):
    """A project of its own."""
    (tmp_path / "pyproject.toml").write_text("")
    return tmp_path


def test_what_is_typed_counts_and_not_what_is_saved(app):
    path = app / "use.py"
    path.write_text(CLEAN)
    with editor(app) as client:
        assert codes(client.open(path, IMPORTS + SAFE)) == [(7, "SES104")]
        client.change(path, CLEAN)
        assert client.diagnostics(path) == []
        client.change(path, IMPORTS + "\n" + SAFE)
        assert codes(client.diagnostics(path)) == [(8, "SES104")]


def test_the_editor_is_asked_to_tell_of_every_file_that_decides(app):
    with editor(app) as client:
        client.open(app / "use.py", CLEAN)
        [asked] = client.next("client/registerCapability")["registrations"]
    globs = {one["globPattern"] for one in asked["registerOptions"]["watchers"]}
    assert {"**/*.py", "**/pyproject.toml", "**/uv.lock", "**/requirements*.txt"} <= globs


def test_a_diagnostic_says_what_the_command_line_says(app):
    path = app / "use.py"
    with editor(app) as client:
        shown = client.open(path, IMPORTS + SAFE)[0]
    assert shown == {
        "range": {"start": {"line": 7, "character": 14}, "end": {"line": 7, "character": 29}},
        "message": "session `session` is still open when `first` fails on line 9",
        "severity": 1,
        "code": "SES104",
        "source": "sessionlint",
        "relatedInformation": [
            {
                "location": {
                    "uri": path.as_uri(),
                    "range": {
                        "start": {"line": 8, "character": 11},
                        "end": {"line": 8, "character": 36},
                    },
                },
                "message": "an error here skips the close",
            }
        ],
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("encodings", "chosen", "start"),
    [(None, "utf-16", 22), (["utf-8"], "utf-8", 24), (["utf-32", "utf-16"], "utf-32", 21)],
)
def test_columns_are_counted_in_the_units_of_the_client(app, encodings, chosen, start):
    text = IMPORTS + SAFE.replace("    session = Session", '    a="🎉"; session = Session')
    general = {} if encodings is None else {"positionEncodings": encodings}
    with editor(app, **general) as client:
        assert client.capabilities["positionEncoding"] == chosen
        shown = client.open(app / "use.py", text)[0]
        length = len("Session(engine)")
        assert shown["range"]["start"] == {"line": 7, "character": start}
        assert shown["range"]["end"] == {"line": 7, "character": start + length}
        assert client.hover(app / "use.py", 7, start) is not None
        assert client.hover(app / "use.py", 7, start - 1) is None


@pytest.mark.slow
def test_hovering_shows_the_page_of_the_rule(app):
    path = app / "use.py"
    with editor(app) as client:
        client.open(path, IMPORTS + SAFE)
        shown = client.hover(path, 7, 20)
        assert client.hover(path, 3, 0) is None
    assert shown["contents"]["kind"] == "markdown"
    page = sessionlint("explain", "SES104", cwd=app).stdout
    assert shown["contents"]["value"].strip() == page.strip()


def test_a_factory_that_is_not_saved_counts_in_other_files(app):
    (app / "db.py").write_text(CLEAN)
    text = SAFE.replace("Session(engine)", "make()")
    with editor(app) as client:
        assert client.open(app / "use.py", "from db import make\n\n\n" + text) == []
        make = "\ndef make():\n    return Session(engine)\n"
        client.open(app / "db.py", IMPORTS + make)
        assert codes(client.diagnostics(app / "use.py")) == [(4, "SES104")]


@pytest.mark.slow
def test_a_mistake_in_the_settings_is_shown_once_and_can_be_mended(app):
    path = app / "use.py"
    settings = app / "pyproject.toml"
    settings.write_text("[tool.sessionlint]\nselekt = []\n")
    with editor(app) as client:
        assert client.open(path, IMPORTS + SAFE) == []
        shown = client.next("window/showMessage")
        assert shown["type"] == 1
        assert "unknown key `selekt`" in shown["message"]
        assert client.actions(path, 7) == []
        settings.write_text("")
        client.tell("textDocument/didSave", {"textDocument": {"uri": settings.as_uri()}})
        assert codes(client.diagnostics(path)) == [(7, "SES104")]
        assert client.told["window/showMessage"].empty()


def test_settings_that_change_on_disk_hold_at_once(app):
    path = app / "use.py"
    with editor(app) as client:
        asked = client.next("client/registerCapability")["registrations"][0]
        assert asked["method"] == "workspace/didChangeWatchedFiles"
        client.open(path, IMPORTS + SAFE)
        (app / "pyproject.toml").write_text('[tool.sessionlint]\nignore = ["SES104"]\n')
        change = {"uri": (app / "pyproject.toml").as_uri(), "type": 2}
        client.tell("workspace/didChangeWatchedFiles", {"changes": [change]})
        assert client.diagnostics(path) == []


@pytest.mark.slow
def test_an_excluded_file_is_left_alone(app):
    (app / "pyproject.toml").write_text('[tool.sessionlint]\nexclude = ["old"]\n')
    with editor(app) as client:
        assert client.open(app / "old" / "use.py", IMPORTS + SAFE) == []
        assert client.open(app / ".venv" / "lib.py", IMPORTS + SAFE) == []
        assert client.actions(app / "old" / "use.py", 7) == []


@pytest.mark.slow
def test_a_file_outside_of_every_workspace_is_checked(tmp_path):
    with editor(None) as client:
        assert codes(client.open(tmp_path / "use.py", IMPORTS + SAFE)) == [(7, "SES104")]


@pytest.mark.slow
def test_a_document_that_was_never_saved_is_checked(app):
    with editor(app) as client:
        client.open_as("untitled:Untitled-1", IMPORTS + SAFE)
        assert codes(client.next("untitled:Untitled-1")["diagnostics"]) == [(7, "SES104")]


@pytest.mark.slow
def test_documents_of_another_kind_are_passed_over(app):
    addresses = [(app / "use.ipynb").as_uri(), "git:/use.py", "vscode-notebook-cell:/a.ipynb#1"]
    with editor(app) as client:
        for uri in addresses:
            client.open_as(uri, IMPORTS + SAFE)
        client.open(app / "use.py", CLEAN)
        assert client.told.keys().isdisjoint(addresses)
        assert client.actions(app / "use.ipynb", 7) == []


def test_what_cannot_be_parsed_is_said(app):
    with editor(app) as client:
        shown = client.open(app / "use.py", IMPORTS + "def f(:\n    Session(engine).query(1)\n")
    assert codes(shown) == [(6, "SES999")]
    assert shown[0]["severity"] == 1
    assert shown[0]["range"]["end"]["character"] > shown[0]["range"]["start"]["character"]


@pytest.mark.slow
def test_a_closed_file_has_nothing_to_say(app):
    path = app / "use.py"
    with editor(app) as client:
        client.open(path, IMPORTS + SAFE)
        client.tell("textDocument/didClose", {"textDocument": {"uri": path.as_uri()}})
        assert client.diagnostics(path) == []
        assert client.actions(path, 7) == []


@pytest.mark.slow
def test_a_coding_line_does_not_move_columns(app):
    text = "# coding: latin-1\n" + IMPORTS + SAFE.replace("    session =", '    a="é"; session =')
    with editor(app) as client:
        shown = client.open(app / "use.py", text)[0]
    assert shown["range"]["start"] == {"line": 8, "character": 21}


def test_nothing_is_left_after_the_end(app):
    with editor(app) as client:
        client.open(app / "use.py", IMPORTS + SAFE)
        assert client.leave() == 0


def test_a_client_that_vanishes_ends_the_server(app):
    with editor(app) as client:
        client.open(app / "use.py", IMPORTS + SAFE)
        client.process.stdin.close()
        client.process.wait(timeout=60)


def test_without_pygls_one_line_says_what_to_install(app):
    code = (
        "import sys; sys.modules['lsprotocol'] = None; sys.argv[1:] = ['server'];"
        "from sessionlint.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=app, capture_output=True, text=True, check=False
    )
    assert done.stderr == (
        "sessionlint: the server needs pygls, which is not installed: "
        "pip install 'sessionlint[lsp]'\n"
    )
    assert done.returncode == 2
