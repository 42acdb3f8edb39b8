"""`# noqa` comments, read as flake8 reads them."""

import pytest

from sessionlint.model import Finding, Severity, Span
from sessionlint.suppress import is_suppressed


def finding(line: int, end_line: int) -> Finding:
    return Finding("SES103", "name", Severity.LEAK, "message", Span(line, 0, end_line, 1))


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
        ("# noqa: it is closed elsewhere", True),
        ("# noqa: SES104", False),
        ("# noqa: SES1034", False),
        ("# noqa: E501", False),
        ("#noqa", False),
        ("# no qa", False),
        ("", False),
    ],
)
def test_reads_the_comments_of_flake8(comment, expected):
    assert is_suppressed([f"session = Session()  {comment}"], finding(1, 1)) is expected


def test_looks_at_every_line_of_the_place():
    lines = ["session = Session(", "    engine,", ")  # noqa: SES103"]
    assert is_suppressed(lines, finding(1, 3))


def test_looks_at_no_other_line():
    lines = ["x = 1  # noqa", "session = Session()", "y = 2  # noqa"]
    assert not is_suppressed(lines, finding(2, 2))


def test_a_place_beyond_the_text_is_not_suppressed():
    assert not is_suppressed(["x = 1  # noqa"], finding(5, 5))
