"""From paths to findings: settings, suppression and failures of each file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import sessionlint
from sessionlint import Scope
from sessionlint.config import Selection
from sessionlint.errors import ConfigError, UsageError
from sessionlint.model import Finding, Severity, Span
from sessionlint.project import Options, bytes_of, check_paths
from sessionlint.rule import Rule


def rule(code: str, name: str) -> Rule:
    """A rule that finds something on the first line of every module."""

    def check(scope: Scope) -> Iterator[Finding]:
        if scope.is_module:
            yield Finding(code, name, Severity.LEAK, "found", Span(1, 0, 1, 1))

    return Rule(code, name, "Finds every module.", Severity.LEAK, check)


def endless(scope: Scope) -> Iterator[Finding]:
    """A rule that recurses until Python stops it."""
    yield from endless(scope)


RULES = (rule("SES101", "one"), rule("SES102", "two"), rule("SES201", "three"))

USE = b"from sqlalchemy.orm import Session\n\nsession = Session()\nsession.commit()\n"


def found(root: Path, *names: str, rules=RULES, **options) -> dict[str, list[str]]:
    """The codes found in each file, by the file's name."""
    paths = [root / name for name in names or ["."]]
    checked = check_paths(paths, rules, Options(**options))
    return {
        path.relative_to(root).as_posix(): [finding.code for finding in findings]
        for path, findings in checked
    }


def test_gives_every_file_in_path_order(tmp_path):
    (tmp_path / "b.py").write_bytes(USE)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "c.py").write_bytes(USE)
    assert list(found(tmp_path, "b.py", "a").items()) == [
        ("a/c.py", ["SES101", "SES102", "SES201"]),
        ("b.py", ["SES101", "SES102", "SES201"]),
    ]


def test_is_the_public_function(tmp_path):
    assert sessionlint.check_paths is check_paths


@pytest.mark.parametrize(
    ("table", "selection", "expected"),
    [
        ("select = ['SES1']", Selection(), ["SES101", "SES102"]),
        ("ignore = ['SES102']", Selection(), ["SES101", "SES201"]),
        ("select = ['SES1']", Selection(select=("SES2",)), ["SES201"]),
        ("ignore = ['SES1']", Selection(select=("SES1",)), ["SES101", "SES102"]),
        ("select = ['SES1']", Selection(extend_select=("SES2",)), ["SES101", "SES102", "SES201"]),
        ("select = ['SES1']", Selection(ignore=("SES101",)), ["SES102"]),
        ("per-file-ignores = { 'a.py' = ['SES1'] }", Selection(), ["SES201"]),
        ("per-file-ignores = { 'a.py' = ['SES1'] }", Selection(select=("SES1",)), []),
        ("per-file-ignores = { 'b.py' = ['SES1'] }", Selection(), ["SES101", "SES102", "SES201"]),
    ],
)
def test_the_command_line_comes_after_the_configuration(tmp_path, table, selection, expected):
    (tmp_path / "pyproject.toml").write_text(f"[tool.sessionlint]\n{table}\n")
    (tmp_path / "a.py").write_bytes(USE)
    assert found(tmp_path, "a.py", selection=selection) == {"a.py": expected}


def test_each_file_has_the_settings_nearest_to_it(tmp_path):
    for name, code in [("one", "SES101"), ("two", "SES201")]:
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.py").write_bytes(USE)
        (tmp_path / name / "pyproject.toml").write_text(
            f"[tool.sessionlint]\nselect = ['{code}']\n"
        )
    assert found(tmp_path) == {"one/a.py": ["SES101"], "two/a.py": ["SES201"]}


def test_a_comment_takes_a_finding_back(tmp_path):
    (tmp_path / "a.py").write_bytes(USE.replace(b"Session\n", b"Session  # noqa: SES1\n", 1))
    assert found(tmp_path) == {"a.py": ["SES201"]}


def test_a_file_that_cannot_be_checked_does_not_stop_the_others(tmp_path):
    (tmp_path / "a.py").write_bytes(b"from sqlalchemy.orm import Session\ndef f(: Session()\n")
    (tmp_path / "b.py").write_bytes(USE)
    (tmp_path / "c.py").write_bytes(b"x = '\xff'\n")
    assert found(tmp_path) == {
        "a.py": ["SES999"],
        "b.py": ["SES101", "SES102", "SES201"],
        "c.py": ["SES999"],
    }


def test_says_where_and_why_a_file_cannot_be_checked(tmp_path):
    (tmp_path / "a.py").write_bytes(b"# \xc3\xa9\n\nx = '\xff'\n")
    [(_, [finding])] = check_paths([tmp_path], RULES)
    assert finding == Finding(
        "SES999",
        "unreadable-file",
        Severity.ERROR,
        "not utf-8: byte 0xff cannot be decoded",
        Span(3, 0, 3, 0),
    )


def test_a_rule_that_recurses_too_deep_costs_one_file_only(tmp_path):
    deep = Rule("SES103", "deep", "Never ends.", Severity.LEAK, endless)
    (tmp_path / "a.py").write_bytes(USE)
    (tmp_path / "b.txt").write_bytes(b"")
    assert found(tmp_path, "a.py", rules=[deep]) == {"a.py": ["SES999"]}


@pytest.mark.parametrize(
    ("table", "selection", "expected"),
    [
        ("", Selection(select=("SES1",)), ["SES999"]),
        ("", Selection(ignore=("SES9",)), ["SES999"]),
        ("", Selection(ignore=("SES999",)), []),
        ("ignore = ['SES999']", Selection(), []),
        ("per-file-ignores = { 'a.py' = ['SES999'] }", Selection(), []),
    ],
)
def test_not_being_checked_is_silent_only_on_request(tmp_path, table, selection, expected):
    (tmp_path / "pyproject.toml").write_text(f"[tool.sessionlint]\n{table}\n")
    (tmp_path / "a.py").write_bytes(b"from sqlalchemy.orm import Session\ndef f(: Session()\n")
    assert found(tmp_path, selection=selection) == {"a.py": expected}


def test_unsaved_text_counts_instead_of_the_file(tmp_path):
    (tmp_path / "a.py").write_bytes(b"from sqlalchemy.orm import Session\ndef f(: Session()\n")
    unsaved = {tmp_path / "a.py": USE}
    assert found(tmp_path, unsaved=unsaved) == {"a.py": ["SES101", "SES102", "SES201"]}


def test_a_wrong_configuration_ends_the_run(tmp_path):
    (tmp_path / "pyproject.toml").write_text("[tool.sessionlint]\ncolour = 1\n")
    (tmp_path / "a.py").write_bytes(USE)
    with pytest.raises(ConfigError, match="unknown key `colour`"):
        found(tmp_path)


def test_a_missing_path_ends_the_run(tmp_path):
    with pytest.raises(UsageError, match="nowhere"):
        found(tmp_path, "nowhere")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("missing", "cannot be read: No such file or directory"),
        ("folder", "cannot be read: a folder that cannot be listed"),
    ],
)
def test_says_why_a_file_has_no_bytes(tmp_path, name, reason):
    (tmp_path / "folder").mkdir()
    with pytest.raises(sessionlint.SessionlintError) as caught:
        bytes_of(tmp_path / name)
    assert str(caught.value) == reason
