"""What `--fix` leaves of comments that take nothing back."""

import pytest
from command import sessionlint

from sessionlint.check import Project
from sessionlint.facts.names import Names
from sessionlint.fix import fix_source
from sessionlint_rules import RULES

LEAK = """\
from sqlalchemy.orm import Session


def store(engine, row):
    db = Session(engine){}
    db.add(row)
    db.flush()
"""


def fixed(tmp_path, data: bytes) -> bytes:
    project = Project.open(tmp_path, lambda _: None, Names())
    outcome = fix_source(data, tmp_path / "a.py", RULES, project, lambda _: True)
    assert outcome.refused == ()
    assert outcome.remaining == ()
    return outcome.data


@pytest.mark.parametrize(
    ("comment", "rest"),
    [
        ("# noqa: SES103", ""),
        ("# noqa: SES103, SES104", ""),
        ("# noqa: E501, SES103", "# noqa: E501"),
        ("# noqa: SES103, E501", "# noqa: E501"),
        ("# noqa:SES103,E501,SES104,E502", "# noqa:E501,E502"),
        ("# noqa: E501 SES103  E502 why", "# noqa: E501  E502 why"),
        ("# noqa: SES103 the caller closes it", "# the caller closes it"),
        ("# noqa: SES103 - it is closed", "# it is closed"),
        ("# noqa: SES103, not a code", "# not a code"),
        ("# noqa: SES103  # pragma: no cover", "# pragma: no cover"),
        ("# type: ignore  # noqa: SES103", "# type: ignore"),
        ("# type: ignore  # noqa: SES103 why", "# type: ignore  # why"),
        ("# über # noqa: SES103", "# über"),
        ("# sessionlint: ignore", ""),
        ("# sessionlint: ignore[SES103] why", "# why"),
        ("# sessionlint: ignore-file", ""),
        ("# noqa: SES103  # sessionlint: ignore[SES104]", ""),
        ("# noqa: E501, SES103  # noqa: SES104", "# noqa: E501"),
    ],
)
def test_the_rest_of_a_comment_stays(tmp_path, comment, rest):
    text = fixed(tmp_path, f"x = 1  {comment}\n".encode()).decode()
    assert text == (f"x = 1  {rest}\n" if rest else "x = 1\n")


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("ignore[never-closed]", "ignore[SES102]"),
        ("ignore[Never-Closed, ses104] by hand", "ignore[SES102] by hand"),
        ("ignore[never-closed, SES102] by hand", "ignore[SES102] by hand"),
        ("ignore[ses102,never-closed]", "ignore[ses102]"),
    ],
)
def test_the_name_of_a_rule_becomes_its_code(tmp_path, comment, expected):
    text = LEAK.format(f"  # sessionlint: {comment}").encode()
    project = Project.open(tmp_path, lambda _: None, Names())
    path = tmp_path / "a.py"
    outcome = fix_source(text, path, RULES, project, lambda one: one.code == "SES901")
    assert outcome.data.decode() == LEAK.format(f"  # sessionlint: {expected}")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"x = 1 # noqa: SES103\r\ny = 2\r\n", b"x = 1\r\ny = 2\r\n"),
        (b"\xef\xbb\xbfx = 1  # noqa: SES103", b"\xef\xbb\xbfx = 1"),
        (b"# coding: latin-1\nx = '\xe9'  # noqa: SES103\n", b"# coding: latin-1\nx = '\xe9'\n"),
        (b"# noqa: SES103\nx = 1\n", b"x = 1\n"),
        (b"x = 1\n    # noqa: SES103\n", b"x = 1\n"),
        (b"f(  # noqa: SES103\n  1,\n  # noqa: SES104\n)\n", b"f(\n  1,\n)\n"),
        (b"if x:  # noqa: SES103\n\tpass # noqa: SES104\n", b"if x:\n\tpass\n"),
        (b"@d  # noqa: SES103\nclass A: pass\n", b"@d\nclass A: pass\n"),
        (b"x = 1; y = 2  # noqa: SES103\n", b"x = 1; y = 2\n"),
        (b'x = """\n# noqa: SES104\n"""  # noqa: SES103\n', b'x = """\n# noqa: SES104\n"""\n'),
    ],
)
def test_every_other_byte_stays(tmp_path, before, after):
    assert fixed(tmp_path, before) == after


def test_a_leak_and_the_comment_that_misses_it_are_fixed_together(tmp_path):
    text = (
        "from sqlalchemy.orm import Session\n\n\ndef f(engine):\n"
        "    db = Session(engine)  # noqa: SES103, E501\n"
        "    return db.query(1).all()\n"
    )
    assert (
        fixed(tmp_path, text.encode())
        .decode()
        .endswith(
            "    with Session(engine) as db:  # noqa: E501\n        return db.query(1).all()\n"
        )
    )


@pytest.mark.parametrize("engine", ["fast", "full"])
def test_the_command_line_finds_and_fixes_it(tmp_path, engine):
    (tmp_path / "a.py").write_text("x = 1  # noqa: SES103\n")
    (tmp_path / "b.py").write_text("from sqlalchemy.orm import sessionmaker\n")
    options = ["check", "--engine", engine, "--output-format", "concise"]
    done = sessionlint(*options, cwd=tmp_path)
    assert done.stdout.splitlines()[0] == "a.py:1:8: SES901 [*] `SES103` takes nothing back here"
    assert done.returncode == 1
    assert sessionlint(*options, "--fix", cwd=tmp_path).returncode == 0
    assert (tmp_path / "a.py").read_text() == "x = 1\n"


@pytest.mark.parametrize(
    ("table", "arguments"),
    [
        ("ignore = ['SES901']", []),
        ("select = ['SES1']", []),
        ("ignore = ['SES103']", []),
        ("[tool.sessionlint.per-file-ignores]\n'a.py' = ['SES1']", []),
        ("", ["--select", "SES901"]),
        ("", ["--ignore", "SES103"]),
    ],
)
def test_nothing_is_said_where_a_rule_is_off(tmp_path, table, arguments):
    (tmp_path / "pyproject.toml").write_text(f"[tool.sessionlint]\n{table}\n")
    (tmp_path / "a.py").write_text("x = 1  # noqa: SES103\n")
    assert sessionlint(*arguments, cwd=tmp_path).returncode == 0


def test_a_file_that_cannot_be_parsed_is_left_as_it_is(tmp_path):
    (tmp_path / "a.py").write_text("x = (  # noqa: SES103\n")
    assert sessionlint("--fix", cwd=tmp_path).returncode == 2
    assert (tmp_path / "a.py").read_text() == "x = (  # noqa: SES103\n"


def test_a_file_known_to_be_silent_has_its_comments_read(tmp_path):
    (tmp_path / "a.py").write_text(
        "from sqlalchemy.orm import Session\n\n\ndef make_session(e):\n    return Session(e)\n"
    )
    (tmp_path / "b.py").write_text(
        "from a import make_session\n\n\ndef f(e):\n    db = make_session(e)\n    db.get(1)\n"
    )
    (tmp_path / "c.py").write_text("x = 1  # noqa: SES103\n")
    done = sessionlint("--output-format", "concise", "-q", cwd=tmp_path)
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["b.py:5:10:", "c.py:1:8:"]
