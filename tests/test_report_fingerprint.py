"""Fingerprints stay when lines move, and differ where findings do."""

import textwrap

import pytest

from sessionlint.model import Finding, Severity, Span
from sessionlint.report.fingerprint import fingerprints, home

TEXT = """\
def load(
    engine,
):
    s = Session(engine)

class Store:
    async def read(self):
        s = Session(engine)
        s = Session(engine)
"""


def finding(line: int, code: str = "SES102") -> Finding:
    return Finding(code, "name", Severity.LEAK, f"on line {line}", Span(line, 8, line, 20))


def prints(text: str, *found: Finding, path: str = "a.py") -> list[str]:
    return fingerprints([(path, one) for one in found], lambda _: text.split("\n"))


def test_lines_that_move_keep_the_fingerprint():
    moved = "import os\n\n" + TEXT.replace("async def", "\n    async def")
    assert prints(TEXT, finding(8)) == prints(moved, finding(11))


def test_white_space_does_not_matter():
    spaced = TEXT.replace("s = Session(engine)", "s=Session( engine )  ")
    assert prints(TEXT, finding(8)) == prints(spaced, finding(8))


@pytest.mark.parametrize(
    ("text", "line", "code", "path"),
    [
        (TEXT.replace("engine)", "other)"), 8, "SES102", "a.py"),
        (TEXT.replace("read", "write"), 8, "SES102", "a.py"),
        (TEXT.replace("Store", "Shop"), 8, "SES102", "a.py"),
        (TEXT, 4, "SES102", "a.py"),
        (TEXT, 8, "SES103", "a.py"),
        (TEXT, 8, "SES102", "b.py"),
    ],
)
def test_another_finding_has_another_fingerprint(text, line, code, path):
    assert prints(TEXT, finding(8)) != prints(text, finding(line, code), path=path)


def test_findings_that_look_alike_are_numbered():
    one, other = prints(TEXT, finding(8), finding(9))
    assert one != other
    assert prints(TEXT, finding(8)) == [one]


def test_a_file_that_cannot_be_read_has_fingerprints():
    one, other = fingerprints([("a.py", finding(1)), ("b.py", finding(1))], lambda _: [])
    assert one != other


def where(text: str) -> str:
    """The home of the only line with a cross."""
    lines = textwrap.dedent(text).split("\n")
    [number] = [number for number, line in enumerate(lines, start=1) if "# x" in line]
    return home(lines, number)


def test_home_is_the_function():
    assert where("def f():\n    s = 1  # x") == "f"


def test_home_of_a_method_has_its_class():
    assert where("class A:\n    def f(\n        self,\n    ):\n        s = 1  # x") == "A.f"


def test_home_at_module_level_is_empty():
    assert where("def f():\n    pass\n\nif y:\n    s = 1  # x") == ""


def test_home_is_not_misled_by_a_function_beside_it():
    assert where("def f():\n    def g():\n        pass\n    s = 1  # x") == "f"


def test_home_is_not_misled_by_comments():
    assert where("def f():\n# def g():\n    s = 1  # x") == "f"


@pytest.mark.parametrize("string", ['"""\n{}\n"""', "'''\n{}\n'''", 'r"""\\\n{}\n"""'])
def test_the_text_of_a_string_is_no_code(string):
    plain = "def f():\n    q = {}\n    s = 1"
    one = plain.format(string.format("select *"))
    other = plain.format(string.format("def g():"))
    assert prints(one, finding(5)) == prints(plain.format("1"), finding(3))
    assert prints(other, finding(5)) == prints(plain.format("1"), finding(3))
