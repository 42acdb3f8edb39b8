"""Files fixed by small rules that know every way in which a fix can go wrong."""

from collections.abc import Iterator
from pathlib import Path

import libcst as cst
import pytest
from small_project import bytes_of

from sessionlint import fix_source
from sessionlint.check import Project
from sessionlint.errors import UnreadableFile
from sessionlint.facts.names import Names
from sessionlint.fix import Fixed
from sessionlint.model import (
    AddImport,
    Edit,
    Finding,
    Fix,
    RemoveImportIfUnused,
    Replace,
    Safety,
    Severity,
    Span,
    Splice,
)
from sessionlint.rule import Rule
from sessionlint.source.walk import descend

STRANGER = cst.Name("stranger")


def edits_of(kind: str, call: cst.Call, block: cst.BaseSuite) -> tuple[Edit, ...]:
    """What the fix of `bad("kind")` does."""
    assert isinstance(block, cst.IndentedBlock)
    match kind:
        case "plain":
            return (Replace(call, name("good")),)
        case "rest":
            with_ = cst.With([cst.WithItem(cst.Name("it"))], cst.IndentedBlock(block.body[1:]))
            return (Splice(block, 0, len(block.body), (with_,)),)
        case "import":
            return Replace(call, name("closing")), AddImport("contextlib", "closing")
        case "unimport":
            return Replace(call, name("good")), RemoveImportIfUnused("bad")
        case "syntax":
            return (Replace(call, cst.Name("def")),)
        case "await":
            return (Replace(call, cst.Await(cst.Name("x"))),)
        case "again":
            return (Replace(call, cst.Call(cst.Name("good"), [cst.Arg(call)])),)
        case "worse":
            return (Replace(call, cst.Call(cst.Name("leak"))),)
        case "stranger":
            return (Replace(STRANGER, name("good")),)
        case "letter":
            return (Replace(call, cst.SimpleString("'\N{SNOWMAN}'")),)
        case "nameless":
            return (Replace(block.body[1].body[0].names[0], cst.RemovalSentinel.REMOVE),)
        case "inner":
            return (Replace(call, call.args[1].value),)
    return ()


def name(text: str) -> cst.Call:
    return cst.Call(cst.Name(text))


def check(scope) -> Iterator[Finding]:
    """Reports every `bad(kind)` of a function with the fix of that kind, and `leak()` without."""
    node = scope.block.node
    if not isinstance(node, cst.FunctionDef):
        return
    for call in descend(node):
        if not isinstance(call, cst.Call) or not isinstance(call.func, cst.Name):
            continue
        if call.func.value == "leak":
            yield BAD.finding(f"leak in `{node.name.value}`", scope.span(call))
        elif call.func.value == "bad":
            kind = call.args[0].value.evaluated_value
            safety = Safety.UNSAFE if kind == "letter" else Safety.SAFE
            fix = Fix("do good", safety, edits_of(kind, call, node.body))
            message = f"bad on line {scope.line(call)}"
            yield Finding("TST1", "bad", Severity.LEAK, message, scope.span(call), fix=fix)


BAD = Rule("TST1", "bad", "", Severity.LEAK, check)


def anything(finding: Finding) -> bool:
    return True


@pytest.fixture
def fixed(tmp_path):
    """Fixes bytes in a project of their own and makes sure that a second time changes nothing."""

    def run(data: bytes | str, allowed=anything, rules=(BAD,)) -> Fixed:
        data = data.encode() if isinstance(data, str) else data
        path = tmp_path / "app.py"
        path.write_bytes(data)
        project = Project.open(tmp_path, bytes_of, Names(), engine="full")
        first = fix_source(data, path, rules, project, allowed)
        assert project.files.read(path) == first.data
        again = fix_source(first.data, path, rules, project, allowed)
        assert again == Fixed(first.data, (), first.remaining, first.refused)
        return first

    return run


def function(*lines: str, name: str = "f") -> str:
    return f"def {name}():\n" + "".join(f"    {line}\n" for line in lines)


def reasons(outcome: Fixed) -> list[str]:
    return [reason for _, reason in outcome.refused]


def test_fixes_of_every_kind_are_made_in_one_go(fixed):
    text = (
        "import os\n\n\n"
        + function("x = bad('plain')")
        + function("bad('rest')", "one()", "two()", name="g")
        + function("bad('import')", name="h")
    )
    outcome = fixed(text)
    assert outcome.data.decode() == (
        "import os\nfrom contextlib import closing\n\n\n"
        + function("x = good()")
        + function("with it:", "    one()", "    two()", name="g")
        + function("closing()", name="h")
    )
    assert [one.span.line for one in outcome.applied] == [5, 7, 11]
    assert (outcome.remaining, outcome.refused) == ((), ())


def test_an_import_that_became_unused_goes(fixed):
    text = "from app import bad\nimport os\n" + function("bad('unimport')")
    assert fixed(text).data.decode() == "import os\n" + function("good()")


def test_what_has_no_fix_remains(fixed):
    outcome = fixed(function("leak()", "bad('plain')"))
    assert outcome.data.decode() == function("leak()", "good()")
    assert [one.message for one in outcome.remaining] == ["leak in `f`"]


def test_what_is_not_allowed_remains_with_its_fix_but_not_its_edits(fixed):
    text = function("bad('plain')", "bad('letter')")
    outcome = fixed(text, lambda one: one.fix.safety is Safety.SAFE)
    assert outcome.data.decode() == function("good()", "bad('letter')")
    assert [one.fix for one in outcome.remaining] == [Fix("do good", Safety.UNSAFE)]
    assert [one.fix for one in outcome.applied] == [Fix("do good", Safety.SAFE)]
    assert fixed(text, lambda one: False).data.decode() == text


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("syntax", "the result is not Python: syntax error: invalid syntax"),
        ("await", "the result is not Python: 'await' outside async function"),
        ("again", "it would still be found"),
        ("worse", "the result would have a new TST1 on line 6: leak in `f`"),
        ("stranger", "an edit is about something that is not in the file"),
        ("none", "its edits change nothing"),
    ],
)
def test_a_fix_that_turns_out_badly_is_refused_and_the_others_are_made(fixed, kind, reason):
    before = function("bad('plain')", name="e") + "\n\n"
    text = function(f"bad('{kind}')") + function("bad('plain')", name="g")
    outcome = fixed(before + text)
    assert outcome.data.decode() == (before + text).replace("bad('plain')", "good()")
    assert reasons(outcome) == [reason]
    assert [one.message for one in outcome.remaining] == ["bad on line 6"]
    assert [one for one, _ in outcome.refused] == list(outcome.remaining)
    assert len(outcome.applied) == 2


def test_a_tree_that_cannot_be_built_is_refused(fixed):
    text = function("bad('nameless')", "import os")
    outcome = fixed(text)
    assert outcome.data.decode() == text
    assert reasons(outcome)[0].startswith("the result is not Python: ")


def test_a_file_with_nothing_but_bad_fixes_stays_as_it_is(fixed):
    text = function("bad('syntax')") + function("bad('again')", name="g")
    outcome = fixed(text)
    assert outcome.data.decode() == text
    assert (len(outcome.refused), len(outcome.remaining), outcome.applied) == (2, 2, ())


def test_fixes_that_overlap_wait_for_the_next_walk(fixed):
    outcome = fixed(function("x = bad('inner', bad('inner', bad('plain')))"))
    assert outcome.data.decode() == function("x = good()")
    assert len(outcome.applied) == 3


def test_a_fix_waits_no_longer_for_one_that_is_refused(fixed):
    outcome = fixed(function("bad('again', bad('plain'))"))
    assert outcome.data.decode() == function("bad('again', good())")
    assert reasons(outcome) == ["it would still be found"]


def test_ten_walks_are_enough_for_what_needs_ten(fixed):
    text = "x"
    for _ in range(10):
        text = f"bad('inner', {text})"
    outcome = fixed(function(text))
    assert outcome.data.decode() == function("x")
    assert (len(outcome.applied), outcome.refused) == (10, ())


def test_a_file_that_never_settles_stays_as_it_is(fixed):
    text = "x"
    for _ in range(11):
        text = f"bad('inner', {text})"
    outcome = fixed(function(text))
    assert outcome.data.decode() == function(text)
    assert len(outcome.refused) == len(outcome.remaining) == 11
    assert set(reasons(outcome)) == {"the file is still not settled after 10 rounds"}


def test_findings_taken_back_by_a_comment_are_not_fixed(fixed):
    text = function("bad('plain')  # noqa: TST1", "bad('plain')")
    assert fixed(text).data.decode() == function("bad('plain')  # noqa: TST1", "good()")


def test_another_finding_in_the_same_function_may_change_its_words(fixed):
    text = function("bad('rest')", "x = 1", "bad('stranger')")
    assert fixed(text).data.decode() == function("with it:", "    x = 1", "    bad('stranger')")


@pytest.mark.parametrize(
    "data",
    [
        b"\f" + function("bad('plain')").encode(),
        function("bad('plain')").replace("\n", "\r").encode(),
    ],
    ids=["a leading form feed", "a final carriage return"],
)
def test_a_file_that_the_parser_shortens_stays_as_it_is(fixed, data):
    outcome = fixed(data)
    assert outcome.data == data
    assert reasons(outcome) == ["the parser does not keep every byte of this file"]


def test_a_file_that_python_does_not_compile_stays_as_it_is(fixed):
    data = function("bad('plain')").encode() + b"return\n"
    outcome = fixed(data)
    assert outcome.data == data
    assert reasons(outcome) == ["this Python cannot compile the file: 'return' outside function"]


@pytest.mark.parametrize(
    "data",
    [
        function("bad('plain')").encode() + "é = 'ü'\n".encode(),
        b"# coding: latin-1\n" + function("bad('plain')", "x = 'é'").encode("latin-1"),
        b"\xef\xbb\xbf" + function("bad('plain')", "x = 'é'").encode(),
        function("bad('plain')", "x = 1").replace("\n", "\r\n").encode(),
        function("bad('plain')", "x = 1").rstrip("\n").encode(),
        function("bad('plain')", "x = 1").replace("    ", "\t").encode(),
        function("bad('plain')", "if x:", "    y = 1").replace("    ", "  ").encode(),
    ],
    ids=["utf-8", "latin-1", "bom", "crlf", "no final newline", "tabs", "two spaces"],
)
def test_every_other_byte_stays(fixed, data):
    assert fixed(data).data == data.replace(b"bad('plain')", b"good()")


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("indent", ["  ", "\t"])
def test_new_lines_look_like_the_old_ones(fixed, newline, indent):
    def styled(text: str) -> bytes:
        return text.replace("    ", indent).replace("\n", newline).encode()

    text = function("bad('rest')", "one()")
    assert fixed(styled(text)).data == styled(function("with it:", "    one()"))


def test_letters_that_the_encoding_does_not_have_are_refused(fixed):
    data = b"# coding: latin-1\n" + function("bad('letter')").encode()
    outcome = fixed(data)
    assert outcome.data == data
    assert reasons(outcome) == ["the file's encoding has no room for the result"]


def test_a_file_that_is_not_python_is_an_error(fixed):
    with pytest.raises(UnreadableFile, match="syntax error"):
        fixed("def f(:\n")


def test_a_clean_file_is_only_checked(fixed):
    assert fixed("x = 1\n") == Fixed(b"x = 1\n")


def test_no_finding_that_is_given_back_holds_a_tree(fixed):
    outcome = fixed(function("bad('plain')", "bad('again')"))
    refused = [one for one, _ in outcome.refused]
    for one in (*outcome.applied, *outcome.remaining, *refused):
        assert one.fix.edits == ()


def opened(scope) -> Iterator[Finding]:
    """Reports functions that call what another module makes a session of."""
    for life in scope.lifetimes:
        edits = (Replace(life.acquired, name("good")),)
        fix = Fix("use good", Safety.SAFE, edits)
        yield Finding("TST2", "open", Severity.LEAK, life.name, scope.span(life.acquired), fix=fix)


OPENED = Rule("TST2", "open", "", Severity.LEAK, opened)


USER = """\
from db import make

def f(engine):
    s = make(engine)
    return s.get(User, 1).name
"""


def test_other_files_see_the_file_as_it_was_fixed(tmp_path: Path):
    db = tmp_path / "db.py"
    user = tmp_path / "user.py"
    db.write_text(
        "from sqlalchemy.orm import Session\n\n\ndef make(engine):\n    return Session(engine)\n"
    )
    user.write_text(USER)
    project = Project.open(tmp_path, bytes_of, Names())

    def found(path: Path) -> tuple[str, ...]:
        kept = fix_source(path.read_bytes(), path, [OPENED], project, lambda _: False)
        return tuple(one.message for one in kept.remaining)

    assert found(user) == ("s",)
    project.replace(db, db.read_bytes().replace(b"Session(engine)", b"object()"))
    assert found(user) == ()
    project.replace(db, db.read_bytes())
    assert found(user) == ("s",)


def test_a_file_that_begins_to_make_sessions_is_noticed_by_others(tmp_path: Path):
    db = tmp_path / "db.py"
    user = tmp_path / "user.py"
    db.write_text("from sqlalchemy.orm import Session\n\n\ndef make(engine):\n    return 1\n")
    user.write_text(USER)
    project = Project.open(tmp_path, bytes_of, Names())

    def found() -> int:
        data = user.read_bytes()
        return len(fix_source(data, user, [OPENED], project, lambda _: False).remaining)

    assert found() == 0
    # Have: whoever replaces a file may have written it already.
    db.write_bytes(db.read_bytes().replace(b"return 1", b"return Session(engine)"))
    project.replace(db, db.read_bytes())
    assert found() == 1


def test_places_of_findings_are_those_of_the_new_text(fixed):
    outcome = fixed("import os\n" + function("bad('import')", "leak()"))
    assert [one.span for one in outcome.remaining] == [Span(5, 4, 5, 10)]
