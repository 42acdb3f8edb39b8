"""The last line of the path to a leak: where the function is left, or the last that it runs."""

from textwrap import dedent, indent

import pytest
from small_project import findings

SAVE = """\
from contextlib import suppress

from sqlalchemy import text
from sqlalchemy.orm import Session


def save(engine, found, rows):
"""


def last_of(body: str) -> tuple[str, str]:
    """The line on which the path of the only finding ends, and the words there."""
    text = SAVE + indent(dedent(body), "    ")
    [finding] = findings(text)
    last = finding.steps[-1]
    return text.splitlines()[last.span.line - 1].strip(), last.message.partition(",")[0]


@pytest.mark.parametrize(
    ("body", "line"),
    [
        (
            """\
            try:
                db = Session(engine)
                db.execute(text("select 1"))
                db.close()
            except Exception as error:
                print(error)
            """,
            "print(error)",
        ),
        (
            """\
            try:
                db = Session(engine)
                db.execute(text("select 1"))
            except Exception as error:
                raise
            """,
            'db.execute(text("select 1"))',
        ),
        (
            """\
            try:
                db = Session(engine)
                db.execute(text("select 1"))
            except ValueError:
                raise
            else:
                print(1)
            """,
            "print(1)",
        ),
        (
            """\
            db = Session(engine)
            try:
                db.execute(text("select 1"))
            finally:
                print(2)
            """,
            "print(2)",
        ),
        (
            """\
            with open(found) as lines:
                db = Session(engine)
                db.execute(text(lines.read()))
                db.execute(text("select 1"))
            """,
            'db.execute(text("select 1"))',
        ),
        (
            """\
            with suppress(ValueError):
                db = Session(engine)
                db.execute(text("select 1"))
                db.close()
            """,
            "with suppress(ValueError):",
        ),
        (
            """\
            if found:
                db = Session(engine)
                if found > 1:
                    db.close()
                elif found > 0:
                    db.close()
            """,
            "elif found > 0:",
        ),
        (
            """\
            db = Session(engine)
            if found:
                db.close()
            else:
                print(3)
            """,
            "print(3)",
        ),
        (
            """\
            db = Session(engine)
            match found:
                case 1:
                    db.close()
                case _:
                    print(4)
            """,
            "print(4)",
        ),
        (
            """\
            db = Session(engine)
            match found:
                case 1:
                    db.close()
            """,
            "match found:",
        ),
        (
            """\
            db = Session(engine)
            for row in rows:
                if row:
                    db.close()
                    return
            """,
            "for row in rows:",
        ),
        (
            """\
            db = Session(engine)
            while rows.pop():
                db.close()
                return
            else:
                print(5)
            """,
            "print(5)",
        ),
        (
            """\
            db = Session(engine)
            while True:
                if rows.pop() == found:
                    break
            """,
            "break",
        ),
    ],
)
def test_a_function_ends_at_the_last_that_it_runs(body, line):
    assert last_of(body)[0] == line


def test_a_return_is_shown_whatever_a_finally_handles_behind_it():
    body = """\
    db = Session(engine)
    try:
        return found
    finally:
        try:
            print(rows.title)
            db.close()
        except ValueError as error:
            print(error)
    """
    words = "`save` returns on line 10 after the error handled on line 15"
    assert last_of(body) == ("return found", words)
