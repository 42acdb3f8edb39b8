"""Comments that take findings back: which lines they count for, and what they name."""

import pytest
from small_project import codes, findings

from sessionlint.check import Project, check_source
from sessionlint.facts.names import Names
from sessionlint.model import Finding, Severity, Span
from sessionlint.source.layout import layout
from sessionlint.suppress.taking import Comments
from sessionlint_rules import RULES

LEAK = (
    "from sqlalchemy.orm import Session\n\n\ndef f(engine):\n    db = Session({}\n    db.query()\n"
)


def finding(line: int, end_line: int) -> Finding:
    return Finding("SES103", "name", Severity.LEAK, "message", Span(line, 0, end_line, 1))


def is_taken(text: str, line: int = 1, end_line: int = 1) -> bool:
    return Comments(text, text.split("\n")).take_back(finding(line, end_line))


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("# noqa", True),
        ("# NoQA", True),
        ("# noqa: SES103", True),
        ("# noqa:SES103", True),
        ("# noqa: ses103", True),
        ("# noqa: SES1", True),
        ("# noqa: E501, SES103", True),
        ("# noqa: E501,SES103", True),
        ("# noqa: E501 SES103", True),
        ("# noqa: SES103 the caller closes it", True),
        ("# type: ignore  # noqa: SES103", True),
        ("# noqa: E501  # noqa: SES103", True),
        ("# noqa: it is closed elsewhere", True),
        ("# noqa: SES104", False),
        ("# noqa: SES1034", False),
        ("# noqa: E501", False),
        ("#noqa", True),
        ("#noqa:SES103", True),
        ("#  noqa: SES103", True),
        ("#\tnoqa: SES1", True),
        ("#noqa: SES104", False),
        ("#: noqa", False),
        ("# no qa", False),
        ("", False),
    ],
)
def test_reads_the_comments_of_flake8(comment, expected):
    assert is_taken(f"session = Session()  {comment}") is expected


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("# sessionlint: ignore", True),
        ("#sessionlint:ignore", True),
        ("# sessionlint: ignore because", True),
        ("# sessionlint: ignore[SES103]", True),
        ("# sessionlint : ignore[SES103]", True),
        ("# sessionlint\t:ignore", True),
        ("# sessionlint: ignore: the caller closes it", True),
        ("# sessionlint: ignore, for SES103 is wrong here", True),
        ("# sessionlint: ignore SES103", False),
        ("# sessionlint: ignore, SES103", False),
        ("# sessionlint: ignore; SES103", False),
        ("# sessionlint: ignore: SES103", False),
        ("# sessionlint: ignore=ses103", False),
        ("# sessionlint: ignore-file: SES103", False),
        ("# sessionlint: ignore [ses103] the caller closes it", True),
        ("# sessionlint: ignore[SES104,SES1]", True),
        ("# sessionlint: ignore[SES]", True),
        ("# pragma: no cover  # sessionlint: ignore[SES103]", True),
        ("# sessionlint: ignore-file", True),
        ("# sessionlint: ignore-file[SES103]", True),
        ("# sessionlint: ignore[SES104]", False),
        ("# sessionlint: ignore[]", False),
        ("# sessionlint: ignore[SES103", False),
        ("# sessionlint: ignore-files", False),
        ("# sessionlint: ignored", False),
        ("# sessionlint: ignore-file[SES104]", False),
        ("# Sessionlint: ignore", False),
    ],
)
def test_reads_comments_of_its_own(comment, expected):
    assert is_taken(f"session = Session()  {comment}") is expected


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("session = Session(\n    engine,\n)  # noqa: SES103", 1),
        ("session = Session(  # noqa: SES103\n    engine,\n)", 3),
        ("session = Session(\n    # noqa: SES103\n    engine,\n)", 1),
        ("x = 1\nsession = \\\n    Session()  # noqa: SES103", 2),
        ('session = Session("""\n"""\n)  # noqa: SES103', 1),
        ("with Session(\n    engine\n) as s:  # sessionlint: ignore\n    pass", 1),
        ("rows = [\n  '(',\n  f(),\n]  # sessionlint: ignore[SES103]", 3),
    ],
)
def test_a_comment_counts_on_every_line_of_the_statement(text, line):
    assert is_taken(text, line, line)


@pytest.mark.parametrize(
    "text",
    [
        "x = 1  # noqa\nsession = Session()",
        "# noqa\nsession = Session()",
        "if x:  # sessionlint: ignore\n    session = Session()",
        "f(\n)  # sessionlint: ignore\nsession = Session()",
        "x = 1\nsession = '# sessionlint: ignore'",
        'x = """\n# sessionlint: ignore\n"""; session = Session()',
    ],
)
def test_a_comment_counts_nowhere_else(text):
    last = len(text.split("\n"))
    assert not is_taken(text, last, last)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# flake8: noqa", True),
        ("  # FLAKE8=noqa  ", True),
        ("# flake8: noqa: SES103", True),
        ("# flake8: noqa:E501, ses1 for now", True),
        ("# flake8: noqa: SES104", False),
        ("# flake8: noqa: E501", False),
        ("# flake8: noqa SES103", False),
        ("x = 1  # flake8: noqa: SES103", False),
    ],
)
def test_a_line_for_flake8_counts_for_the_whole_file(text, expected):
    assert is_taken(f"session = Session()\n{text}\n") is expected


def test_a_decorator_is_a_line_of_its_own():
    text = "@decorated  # noqa\ndef f(): session = Session()"
    assert is_taken(text, 1, 1)
    assert not is_taken(text, 2, 2)


def test_a_noqa_counts_in_a_string_as_it_does_for_flake8():
    assert is_taken('session = "# noqa: SES103"')


def test_a_place_beyond_the_text_is_not_suppressed():
    assert not is_taken("x = 1  # noqa", 5, 5)


def test_brackets_that_do_not_pair_tie_no_lines_together():
    assert not is_taken("x = f'{d['(']}'\nsession = Session()\ny = 1  # noqa", 2, 2)


def test_comments_and_lines_are_told_apart_in_windows_files():
    found = layout(["x = (", "  1,  # a", ")"])
    assert (found.comments[2].column, found.statement(2)) == (6, range(1, 4))


@pytest.mark.parametrize("engine", ["fast", "full"])
@pytest.mark.parametrize(
    ("rest", "tail", "expected"),
    [
        ("engine)", "", ["SES102"]),
        ("engine)  # sessionlint: ignore[SES102]", "", []),
        ("\n        engine\n    )  # noqa: SES102", "", []),
        ("engine)  # sessionlint: ignore[SES102, SES103]", "", ["SES901"]),
        ("engine)  # noqa: SES103", "", ["SES102", "SES901"]),
        ("engine)  # noqa: SES103, SES901", "", ["SES102"]),
        ("engine)  # noqa: SES102, E501, SES777", "", ["SES901"]),
        ("engine)  # sessionlint: ignore[SES102, SES103]  # noqa", "", []),
        ("engine)", "# sessionlint: ignore-file", []),
        ("engine)  # sessionlint : ignore[SES102]", "", []),
        ("engine)  # sessionlint: ignore SES102", "", ["SES102", "SES901"]),
        ("engine)", "# flake8: noqa: SES102", []),
        ("engine)", "# flake8: noqa: SES103", ["SES102"]),
        ("engine)", "# sessionlint: ignore-file[SES102]", []),
        ("engine)", "# sessionlint: ignore-file[SES103]", ["SES102", "SES901"]),
        ("engine)", "# sessionlint: ignore-file\nx = 1  # noqa: SES101", []),
    ],
)
def test_what_is_left_of_a_leak(engine, rest, tail, expected):
    assert codes(LEAK.format(rest) + tail, engine=engine) == expected


@pytest.mark.parametrize("engine", ["fast", "full"])
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1  # noqa: SES103", "`SES103` takes nothing back here"),
        ("x = 1  # noqa: SES1, E1, SES2", "`SES1`, `SES2` take nothing back here"),
        ("x = 1  # NOQA:SES777,SES103", "`SES103` takes nothing back here; `SES777` is no rule"),
        ("x = 1  # noqa: SES777 SES778", "`SES777`, `SES778` are no rules"),
        ("# sessionlint: ignore-file", "this comment takes nothing back in this file"),
        ("# sessionlint: ignore-file[SES1]", "`SES1` takes nothing back in this file"),
        ("x = 1  # sessionlint: ignore", "this comment takes nothing back here"),
        ("x = 1  # sessionlint : ignore", "this comment takes nothing back here"),
        ("x = 1  # sessionlint: ignore[]", "this comment takes nothing back here"),
        ("x = 1  # noqa: SES999", "`SES999` takes nothing back here"),
        (
            "x = 1  # sessionlint: ignore[never-closed, SES1]",
            "`never-closed` takes nothing back; write `SES102`",
        ),
    ],
)
def test_a_file_that_is_not_parsed_has_its_comments_read(engine, text, message):
    assert [one.message for one in findings(text, engine)] == [message]


@pytest.mark.parametrize(
    ("comment", "instead"),
    [
        ("ignore[SES103", "ignore[SES103]"),
        ("ignore SES103", "ignore[SES103]"),
        ("ignore: SES103, SES2 it is closed", "ignore[SES103, SES2]"),
        ("ignore-file: ses103", "ignore-file[SES103]"),
        ("ignore it is closed", None),
        ("disable=ses103, SES2", "ignore[SES103, SES2]"),
        ("noqa: SES103 it is closed", "ignore[SES103]"),
        ("ignore-next-line", "ignore"),
        ("disabled", "ignore"),
    ],
)
def test_says_how_a_comment_is_to_be_written(comment, instead):
    (found,) = findings(f"x = 1  # sessionlint: {comment}  # noqa: E501\n")
    form = f"`# sessionlint: {comment}` takes nothing back; write `# sessionlint: {instead}`"
    assert found.message == (form if instead else "this comment takes nothing back here")
    assert (found.fix is None) is bool(instead)


@pytest.mark.parametrize(
    "text",
    [
        "x = 1  # noqa",
        "x = 1  # noqa: E501",
        "x = 1  # noqa: SES",
        "x = '# noqa: SES103'",
        "x = '''\n# sessionlint: ignore[SES103]\n'''",
        "x = 1  # noqa: ses103",
        "x = 1  # SES103",
        "x = 1  # sessionlint: off",
    ],
)
@pytest.mark.parametrize("engine", ["fast", "full"])
def test_says_nothing_of_other_comments(engine, text):
    assert findings(text, engine) == []


@pytest.mark.parametrize("comment", ["noqa: SES103", "sessionlint: ignore", "noqa: SES1"])
def test_says_nothing_where_a_rule_is_off(tmp_path, comment):
    project = Project.open(tmp_path, lambda _: None, Names())
    rules = [rule for rule in RULES if rule.code != "SES103"]
    found = check_source(f"x = 1  # {comment}\n".encode(), tmp_path / "a.py", rules, project)
    assert found == []


def test_the_place_is_that_of_the_words():
    (found,) = findings("x = 'ü'  # type: ignore  # noqa: SES103, E501 why\n")
    assert found.span == Span(1, 25, 1, 45)
