"""Fingerprints stay when lines move, and differ where findings do."""

import pytest

from sessionlint.model import Finding, Severity, Span
from sessionlint.report.fingerprint import fingerprints

HERE = Finding(
    "SES102",
    "name",
    Severity.LEAK,
    "on line 8",
    Span(8, 8, 8, 20),
    function="Store.read",
    text="s = Session(engine)",
)


def prints(*found: Finding, path: str = "a.py") -> list[str]:
    return fingerprints([(path, one) for one in found])


def test_lines_that_move_keep_the_fingerprint():
    moved = HERE._replace(span=Span(11, 4, 11, 16), message="on line 11")
    assert prints(HERE) == prints(moved)


def test_white_space_does_not_matter():
    assert prints(HERE) == prints(HERE._replace(text="s=Session( engine )  "))


@pytest.mark.parametrize(
    "changes", [{"text": "s = Session(other)"}, {"function": "Shop.read"}, {"code": "SES103"}]
)
def test_another_finding_has_another_fingerprint(changes):
    assert prints(HERE) != prints(HERE._replace(**changes))


def test_another_file_has_another_fingerprint():
    assert prints(HERE) != prints(HERE, path="b.py")


def test_findings_that_look_alike_are_numbered():
    one, other = prints(HERE, HERE._replace(span=Span(9, 8, 9, 20)))
    assert one != other
    assert prints(HERE) == [one]


def test_a_file_that_cannot_be_read_has_fingerprints():
    unread = HERE._replace(text="", function="")
    one, other = fingerprints([("a.py", unread), ("b.py", unread)])
    assert one != other
