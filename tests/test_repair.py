"""Files fixed one after the other, and what becomes of those that cannot be."""

from collections.abc import Iterator
from pathlib import Path

import libcst as cst

from sessionlint import Scope
from sessionlint.config import Configuration
from sessionlint.errors import ChangedFile, UnwritableFile
from sessionlint.model import Finding, Fix, Replace, Safety, Severity
from sessionlint.project import Options, check_paths, rule_names
from sessionlint.repair import TRIES, Repair, Write, fix_files
from sessionlint.rule import Rule
from sessionlint.source.walk import descend
from sessionlint_rules import RULES as ALL


def renamed(scope: Scope) -> Iterator[Finding]:
    """A rule that wants `good` wherever `bad` stands."""
    for node in descend(scope.block.node) if scope.is_module else ():
        if isinstance(node, cst.Name) and node.value == "bad":
            fix = Fix("say good", Safety.SAFE, (Replace(node, cst.Name("good")),))
            yield Finding("SES101", "one", Severity.LEAK, "bad", scope.span(node), fix=fix)


RENAMED = (Rule("SES101", "one", "Finds what is bad.", Severity.LEAK, renamed),)


def repaired(path: Path, write: Write) -> Repair:
    options = Options(engine="full")
    names = Configuration(lambda: rule_names(RENAMED))
    [repair] = fix_files([path], lambda: RENAMED, names, options, write)
    return repair


def test_a_file_that_changed_meanwhile_is_fixed_anew(tmp_path):
    path = tmp_path / "a.py"
    path.write_bytes(b"bad\n")
    asked: list[tuple[bytes, bytes]] = []

    def write(path: Path, before: bytes, after: bytes) -> None:
        asked.append((before, after))
        if len(asked) == 1:
            path.write_bytes(b"bad + bad\n")
            raise ChangedFile("changed")

    repair = repaired(path, write)
    assert asked == [(b"bad\n", b"good\n"), (b"bad + bad\n", b"good + good\n")]
    assert (repair.before, repair.fixed.data) == asked[-1]
    assert (len(repair.fixed.applied), repair.failure) == (2, "")


def test_a_file_that_always_changes_is_left_alone(tmp_path):
    path = tmp_path / "a.py"
    path.write_bytes(b"bad\n")
    tries: list[bytes] = []

    def write(path: Path, before: bytes, after: bytes) -> None:
        tries.append(before)
        raise ChangedFile("changed")

    repair = repaired(path, write)
    assert len(tries) == TRIES
    assert repair.failure == "changed again and again while it was being fixed"
    assert [one.span.line for one in repair.fixed.remaining] == [1]


def test_a_file_that_cannot_be_written_keeps_its_findings(tmp_path):
    path = tmp_path / "a.py"
    path.write_bytes(b"bad\n")

    def write(path: Path, before: bytes, after: bytes) -> None:
        raise UnwritableFile("is read-only")

    repair = repaired(path, write)
    assert (repair.failure, repair.fixed.applied) == ("is read-only", ())
    assert [one.fix for one in repair.fixed.remaining] == [Fix("say good", Safety.SAFE)]


def test_findings_for_a_report_hold_no_tree(tmp_path):
    (tmp_path / "a.py").write_bytes(b"bad\n")
    [(_, [finding])] = check_paths([tmp_path], RENAMED, Options(engine="full"))
    assert finding.fix == Fix("say good", Safety.SAFE)


def closed(scope: Scope) -> Iterator[Finding]:
    """A rule that finds what is open, and one that a factory should not make it."""
    for life in scope.lifetimes:
        yield Finding("SES102", "two", Severity.LEAK, "open", scope.span(life.acquired))
    if scope.name == "make":
        for call in descend(scope.block.node):
            if isinstance(call, cst.Call) and getattr(call.func, "value", "") == "Session":
                fix = Fix("make none", Safety.SAFE, (Replace(call, cst.Name("None")),))
                yield Finding("SES101", "one", Severity.LEAK, "bad", scope.span(call), fix=fix)


USER = (
    "from db import make\n\ndef f(engine):\n    s = make(engine)\n    return s.get(User, 1).name\n"
)


def test_every_project_sees_what_was_fixed(tmp_path):
    (tmp_path / ".git").mkdir()
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "pyproject.toml").write_text("[tool.sessionlint]\n")
    (tmp_path / "db.py").write_text(
        "from sqlalchemy.orm import Session\n\ndef make(engine):\n    return Session(engine)\n"
    )
    files = [tmp_path / "sub" / "a.py", tmp_path / "db.py", tmp_path / "sub" / "b.py"]
    files[0].write_text(USER)
    files[2].write_text(USER)
    rules = (
        Rule("SES101", "one", "", Severity.LEAK, closed),
        Rule("SES102", "two", "", Severity.LEAK, lambda scope: iter(())),
    )

    def write(path: Path, before: bytes, after: bytes) -> None:
        path.write_bytes(after)

    names = Configuration(lambda: rule_names(rules))
    repairs = fix_files(files, lambda: rules, names, Options(engine="full"), write)
    assert [len(one.fixed.remaining) for one in repairs] == [1, 0, 0]


def test_a_change_that_others_suffer_from_is_told(tmp_path):
    (tmp_path / ".git").mkdir()
    user = tmp_path / "a.py"
    user.write_text(
        "from b import get_session\n\ndef f(q):\n    s = get_session()\n    s.execute(q)\n"
    )
    cached = tmp_path / "b.py"
    cached.write_text(
        "from functools import cache\nfrom sqlalchemy.orm import sessionmaker\n\n"
        "Maker = sessionmaker()\n\n@cache\ndef get_session():\n    return Maker()\n"
    )

    def write(path: Path, before: bytes, after: bytes) -> None:
        path.write_bytes(after)

    names = Configuration(lambda: rule_names(ALL))
    options = Options(has_unsafe_fixes=True)
    repairs = list(fix_files([user, cached], lambda: ALL, names, options, write))
    assert [one.path.name for one in repairs] == ["a.py", "b.py", "a.py"]
    assert [one.code for one in repairs[2].fixed.remaining] == ["SES102"]
