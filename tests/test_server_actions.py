"""What `sessionlint server` offers to do about what it found."""

import pytest
from command import sessionlint
from editor import CLEAN, IMPORTS, SAFE, UNSAFE, codes, edited, editor

pytestmark = pytest.mark.slow


@pytest.fixture
def app(tmp_path):
    """A project of its own."""
    (tmp_path / "pyproject.toml").write_text("")
    return tmp_path


def test_a_quick_fix_does_what_fix_does(app):
    path = app / "use.py"
    text = IMPORTS.replace("\n\n\n", '\n\nNAME = "🎉"\n') + SAFE
    path.write_text(text)
    with editor(app) as client:
        client.open(path, text)
        action = client.actions(path, text[: text.index("Session(engine)")].count("\n"))[0]
    assert sessionlint("--fix", path, cwd=app).returncode == 0
    assert edited(text, action, path) == path.read_text()
    assert action["kind"] == "quickfix"
    assert action["isPreferred"] is True
    assert action["title"] == "SES104: wrap in `with`"
    assert codes(action["diagnostics"]) == [(7, "SES104")]


def test_a_quick_fix_is_about_one_finding(app):
    path = app / "use.py"
    text = IMPORTS + SAFE + "\n\n" + SAFE.replace("first", "third")
    with editor(app) as client:
        client.open(path, text)
        after = edited(text, client.actions(path, 7, "quickfix")[0], path)
        client.change(path, after)
        assert [code for _, code in codes(client.diagnostics(path))] == ["SES104"]
    assert after.endswith(SAFE.replace("first", "third"))


def test_an_unsafe_fix_is_marked_and_says_why(app):
    path = app / "use.py"
    text = IMPORTS + UNSAFE
    path.write_text(text)
    with editor(app) as client:
        client.open(path, text)
        (action,) = client.actions(path, 7)
    assert action["title"].startswith("SES102: wrap in `with` (unsafe: ")
    assert "isPreferred" not in action
    assert sessionlint("--fix", "--unsafe-fixes", path, cwd=app).returncode == 0
    assert edited(text, action, path) == path.read_text()


def test_all_safe_fixes_can_be_made_at_once(app):
    path = app / "use.py"
    text = "\n\n".join((IMPORTS + SAFE, UNSAFE, SAFE.replace("first", "third").rstrip("\n")))
    path.write_text(text)
    with editor(app) as client:
        client.open(path, text)
        (action,) = client.actions(path, 0, "source.fixAll")
    sessionlint("--fix", path, cwd=app)
    assert action["kind"] == "source.fixAll.sessionlint"
    assert edited(text, action, path) == path.read_text()


@pytest.mark.parametrize("only", ["quickfix", "source.fixAll"])
def test_a_patient_client_has_the_edit_when_it_asks(app, only):
    path = app / "use.py"
    text = IMPORTS + SAFE + "\n\n" + UNSAFE
    with editor(app) as client:
        client.open(path, text)
        (at_once,) = client.actions(path, 7, only)
    with editor(app, is_patient=True) as client:
        client.open(path, text)
        (offered,) = client.actions(path, 7, only)
        assert "edit" not in offered
        assert edited(text, client.resolved(offered), path) == edited(text, at_once, path)


@pytest.mark.parametrize(
    "data", [None, "x", {"uri": 1}, '["u"]', "[1, null]", '["file:///a", null]']
)
def test_an_action_of_somebody_else_comes_back_as_it_is(app, data):
    action = {"title": "somebody's", **({} if data is None else {"data": data})}
    with editor(app, is_patient=True) as client:
        client.open(app / "use.py", IMPORTS + SAFE)
        assert client.resolved(action) == action


def test_an_action_that_no_longer_fits_changes_nothing_and_says_so(app):
    path = app / "use.py"
    with editor(app, is_patient=True) as client:
        client.open(path, IMPORTS + SAFE)
        (offered,) = client.actions(path, 7, "quickfix")
        client.change(path, CLEAN)
        assert "edit" not in client.resolved(offered)
        assert "nothing is changed" in client.next("window/showMessage")["message"]


@pytest.mark.parametrize("newline", ["\r\n", "\n"])
def test_an_edit_keeps_the_ends_of_lines(app, newline):
    path = app / "use.py"
    text = (IMPORTS + SAFE).replace("\n", newline)
    path.write_bytes(text.encode())
    with editor(app) as client:
        client.open(path, text)
        action = client.actions(path, 7, "quickfix")[0]
    sessionlint("--fix", path, cwd=app)
    assert edited(text, action, path).encode() == path.read_bytes()


def test_only_actions_of_the_asked_kind_come(app):
    path = app / "use.py"
    with editor(app) as client:
        client.open(path, IMPORTS + SAFE)
        assert [one["kind"] for one in client.actions(path, 7, "quickfix")] == ["quickfix"]
        assert client.actions(path, 7, "refactor") == []
        assert client.actions(path, 0, "quickfix") == []
