"""How sessions end: shapes of control flow, the path that is shown, and what it costs."""

from pathlib import Path
from textwrap import dedent, indent

import pytest
from small_project import codes, findings, wants
from sqlalchemy import create_engine
from sqlalchemy import text as sql
from sqlalchemy.orm import Session
from sqlalchemy.pool import QueuePool

from sessionlint.model import Severity

FLOW = Path(__file__).parents[1] / "fixtures" / "flow"
SHAPES = sorted(path.stem for path in FLOW.glob("*.py"))

START = "from sqlalchemy.orm import Session\n"


@pytest.mark.parametrize("shape", SHAPES)
def test_finds_what_the_shape_wants_and_no_more(shape):
    text = (FLOW / f"{shape}.py").read_text()
    assert wants(text) == [(one.span.line, one.code) for one in findings(text)]


def path_of(text: str) -> list[tuple[int, str]]:
    """The path of the only finding: line and words of each step."""
    (finding,) = findings(START + dedent(text))
    return [(step.span.line, step.message) for step in finding.steps]


def note_of(text: str) -> list[tuple[int, str]]:
    """The notes of the only finding."""
    (finding,) = findings(START + dedent(text))
    return [(note.span.line, note.message) for note in finding.notes]


def test_the_path_leads_through_the_branches_to_the_return():
    text = """\
    def f(engine, rows):
        session = Session(engine)
        if rows:
            if rows == 1:
                session.rollback()
            else:
                return None
        session.close()
    """
    assert path_of(text) == [
        (3, "session `session` is opened"),
        (4, "this is true"),
        (5, "this is false"),
        (8, "`f` returns on line 8, and it is still open"),
    ]


def test_the_path_leads_through_the_handler():
    text = """\
    def f(engine, work):
        session = Session(engine)
        try:
            work(session)
        except ValueError:
            return None
        finally:
            work
        session.close()
    """
    assert path_of(text) == [
        (3, "session `session` is opened"),
        (5, "this fails or leaves"),
        (6, "the error is handled here"),
        (7, "`f` returns on line 7 after the error handled on line 6, and it is still open"),
    ]


def test_the_path_names_the_turn_of_the_loop():
    text = """\
    def f(engine, rows):
        session = Session(engine)
        for row in (1, 2):
            if row:
                return row
        session.close()
    """
    assert path_of(text) == [
        (3, "session `session` is opened"),
        (4, "the loop takes a turn"),
        (5, "this is true"),
        (6, "`f` returns on line 6, and it is still open"),
    ]


def test_the_path_names_the_case():
    text = """\
    def f(engine, kind):
        session = Session(engine)
        match kind:
            case 1:
                return None
            case _:
                session.close()
    """
    assert path_of(text) == [
        (3, "session `session` is opened"),
        (5, "this case matches"),
        (6, "`f` returns on line 6, and it is still open"),
    ]


def test_the_path_ends_where_an_error_leaves():
    text = """\
    def f(engine, work):
        session = Session(engine)
        work()
        session.close()
    """
    assert path_of(text) == [
        (3, "session `session` is opened"),
        (4, "`f` fails on line 4, and it is still open"),
    ]


def test_the_path_of_a_function_that_ends_stands_at_its_last_statement():
    text = """\
    def f(engine, is_wanted):
        session = Session(engine)
        if is_wanted:
            session.close()
    """
    assert path_of(text) == [
        (3, "session `session` is opened"),
        (4, "this is false"),
        (4, "`f` ends, and it is still open"),
    ]


def test_a_function_ends_behind_the_one_that_it_defines_last():
    text = """\
    def f(engine):
        session = Session(engine)
        def g():
            return 1
    """
    assert path_of(text)[-1] == (4, "`f` ends, and it is still open")


def test_a_module_of_old_line_ends_is_left_on_its_last_line():
    text = "session = Session(None)\rsession.execute(1)\r"
    assert path_of(text)[-1] == (3, "the module ends, and it is still open")


def test_the_note_stands_where_the_function_is_left():
    text = """\
    def f(engine, work):
        session = Session(engine)
        if work():
            raise ValueError
        session.close()
    """
    assert note_of(text) == [(5, "leaves the function without closing it")]


def test_the_note_prefers_an_ordinary_exit_to_an_error():
    text = """\
    def f(engine, work):
        session = Session(engine)
        work()
        if session.dirty:
            return
        session.close()
    """
    assert note_of(text) == [(6, "leaves the function without closing it")]


def test_a_handled_error_is_told_before_a_second_one():
    """An error while handling an error is possible, but nobody's first worry."""
    text = """\
    def f(engine, work, alert):
        session = Session(engine)
        try:
            work()
            session.close()
        except ValueError:
            alert()
    """
    assert path_of(text)[-1] == (
        8,
        "`f` ends after the error handled on line 7, and it is still open",
    )


def test_one_error_is_told_before_two():
    text = """\
    def f(engine, other):
        session = Session(engine)
        try:
            session.execute(1)
            return 1
        except ValueError:
            session.rollback()
        finally:
            other.quit()
            session.close()
    """
    assert path_of(text)[-1] == (10, "`f` fails on line 10, and it is still open")


BODIES = {
    "the line that comes first": "with open(path) as file:\n    session.execute(file.read())",
    "the query, not its parts": "session.execute(\n    make(path)\n)",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_of_two_errors_is_told(body):
    head = "def f(engine, path):\n    session = Session(engine)\n    session.query(path)\n"
    text = f"{head}{indent(body, '    ')}\n    session.close()\n"
    assert path_of(text)[-1] == (5, "`f` fails on line 5, and it is still open")


def test_the_finding_stands_on_the_acquiring_expression():
    (finding,) = findings(
        START
        + "def f(engine):\n    session = (\n        Session(engine)\n    )\n    session.flush()\n"
    )
    assert (finding.span.line, finding.span.column) == (4, 8)


@pytest.mark.parametrize("kind", ["for _ in range(3):", "while work():"])
def test_twenty_nested_loops_are_no_trouble(kind):
    loops = "".join("    " * depth + kind + "\n" for depth in range(1, 21))
    innermost = "    " * 21 + "if work(): break\n" + "    " * 21 + "session.flush()\n"
    text = (
        f"{START}def f(engine, work):\n    session = Session(engine)\n{loops}{innermost}"
        "    session.close()\n"
    )
    assert codes(text, engine="fast") == ["SES104"]


def test_two_thousand_branches_are_no_trouble():
    branches = "".join(f"    if work == {number}: work({number})\n" for number in range(2000))
    text = f"{START}def f(engine, work):\n    session = Session(engine)\n{branches}"
    assert codes(text, engine="fast") == ["SES102"]


def test_a_chain_of_two_thousand_branches_is_no_trouble():
    branches = "".join(f"    elif work == {number}: work({number})\n" for number in range(2000))
    text = (
        f"{START}def f(engine, work):\n    session = Session(engine)\n    if work: pass\n{branches}"
        "    session.close()\n"
    )
    assert codes(text, engine="fast") == ["SES104"]


def test_twenty_nested_trys_are_no_trouble():
    body = "session.close()\n"
    for _ in range(20):
        body = "try:\n" + indent(f"work()\n{body}", "    ") + "finally:\n    work()\n"
    body = indent(f"session = Session(engine)\n{body}", "    ")
    text = f"{START}def f(engine, work):\n{body}"
    assert codes(text, engine="fast") == ["SES104"]


def test_fifty_sessions_in_one_function_are_judged_one_by_one():
    lines = "".join(f"    s{number} = Session(engine)\n" for number in range(50))
    assert codes(f"{START}def f(engine):\n{lines}") == ["SES102"] * 50


@pytest.mark.parametrize(
    ("lines", "severity"),
    [
        ("s.execute(q)", Severity.LEAK),
        ("s.execute(q); s.commit()", Severity.RISK),
        ("with s.begin(): s.execute(q)", Severity.RISK),
        ("with s.begin() as t, guard(t): s.execute(q)", Severity.RISK),
        ("with s.begin(): s.execute(q)\n    s.execute(q)", Severity.LEAK),
        ("with e.begin(): s.execute(q)", Severity.LEAK),
        ("with s.no_autoflush: s.execute(q)", Severity.LEAK),
    ],
)
def test_a_session_whose_transaction_has_ended_is_a_risk_only(lines, severity):
    text = f"from sqlalchemy.orm import Session\n\ndef f(e, q):\n    s = Session(e)\n    {lines}\n"
    [finding] = findings(text)
    assert (finding.code, finding.severity) == ("SES102", severity)


@pytest.mark.parametrize(
    ("use", "severity"),
    [
        ("work()", Severity.RISK),
        ("session.get(1, 2)", Severity.LEAK),
        ("work(session)", Severity.LEAK),
    ],
)
def test_a_session_that_nothing_has_used_is_a_risk_only(use, severity):
    text = f"""\
    def f(engine, work):
        session = Session(engine)
        found = {use}
        if not found:
            return
        try:
            session.get(1, 2)
        finally:
            session.close()
    """
    (finding,) = findings(START + dedent(text))
    assert finding.severity is severity
    assert finding.message.endswith("nothing has used it by then") is (severity is Severity.RISK)


@pytest.mark.parametrize(
    ("done", "told"),
    [
        ("s.add(1)", ", though nothing has used it by then"),
        ("s.get(1, 2)", ""),
        ("s.add(1); s.commit(); s.refresh(1)", ""),
        (
            "s.get(1, 2); s.commit()",
            ", though its last commit or rollback gives the connection back",
        ),
    ],
)
@pytest.mark.parametrize(("given", "target"), [("s", "own"), ("s, 1", "own, row")])
def test_what_a_factory_has_done_with_its_session_counts(given, target, done, told):
    text = f"""    def opened(engine):
        s = Session(engine)
        {done}
        return {given}

    def f(engine, work):
        {target} = opened(engine)
        work()
        own.commit()
        own.close()
    """
    [finding] = [one for one in findings(START + dedent(text)) if one.function == "f"]
    assert finding.message == f"session `own` is still open when `f` fails on line 9{told}"


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ("for row in rows: work(row)", "nothing uses it"),
        ("while work(rows): pass", "nothing uses it"),
        ("s.add(rows); s.commit()\n    for row in rows: work(row)", "its last commit or rollback"),
        ("s.commit(); work(rows); s.commit()", "its last commit or rollback"),
        ("s.rollback(); work(rows)", "nothing uses it"),
        (
            "for row in rows:\n        s.add(row)\n        s.close()",
            "it has taken no connection by",
        ),
    ],
)
def test_a_commit_is_told_only_where_there_is_one(lines, why):
    text = f"def f(engine, rows, work):\n    s = Session(engine)\n    {lines}\n"
    [finding] = findings(START + text)
    assert f", though {why}" in finding.message


def test_a_rollback_in_the_handler_of_a_yield_gives_the_connection_back():
    text = """\
    @contextmanager
    def f(engine):
        s = Session(engine)
        try:
            yield s
            s.commit()
        except BaseException:
            s.rollback()
            raise
        s.close()
    """
    head = f"from contextlib import contextmanager\n{START}"
    [finding] = findings(head + dedent(text))
    assert finding.message.endswith(
        "fails, though its last commit or rollback gives the connection back"
    )
    assert finding.severity is Severity.RISK


def test_a_commit_behind_a_yield_is_told_where_it_alone_keeps_the_connection():
    text = """\
    @contextmanager
    def f(engine):
        s = Session(engine)
        try:
            yield s
        except BaseException:
            s.rollback()
            raise
        s.commit()
        s.close()
    """
    head = f"from contextlib import contextmanager\n{START}"
    [finding] = findings(head + dedent(text))
    assert finding.message == "session `s` is still open when `f` fails on line 11"
    assert [note.span.line for note in finding.notes] == [11]
    assert finding.steps[-1].message == "`f` fails on line 11, and it is still open"


@pytest.mark.parametrize(
    ("lines", "is_given_back"),
    [
        ("users = Users(s)\n    users.add(rows)\n    s.commit()", True),
        ("users = Users(s)\n    s.commit()\n    users.all()", False),
        ("users = Users(s)\n    s.commit()\n    users.all()\n    s.rollback()", True),
        ("users = Users(s)\n    s.commit()\n    return users.found(1).first()", False),
        ("kind = work(s)\n    s.commit()\n    kind.get(1)", True),
        ("users = Users(rows)\n    s.commit()\n    users.all()", True),
        ("users = Users(s)\n    users = work(rows)\n    s.commit()\n    users.all()", True),
        ("users = Rows(s)\n    s.commit()\n    users.all()", True),
        ("users = Kept(s)\n    s.commit()\n    users.all()", False),
    ],
)
def test_a_method_of_an_object_made_with_it_may_take_a_connection(lines, is_given_back):
    classes = "class Rows:\n    def __init__(self, s):\n        self.rows = s.get(1, 2)\n"
    classes += "class Kept:\n    def __init__(self, s):\n        self.s = s\n"
    text = f"def f(engine, rows, work):\n    s = Session(engine)\n    s.add(rows)\n    {lines}\n"
    [finding] = findings(START + classes + text)
    assert ("gives the connection back" in finding.message) is is_given_back


def test_a_handler_that_raises_again_is_told_to_end_there():
    text = """\
    def f(engine, log):
        try:
            session = Session(engine)
            session.get(1, 2)
            session.close()
        except Exception:
            log.count("failed")
            raise
    """
    assert (9, "the error is raised again without closing it") in note_of(text)


@pytest.mark.parametrize(
    ("raised", "words"),
    [
        ("raise", "the error is raised again without closing it"),
        ("raise error", "the error is raised again without closing it"),
        ("raise failure", "leaves the function without closing it"),
        ("raise RuntimeError(error)", "leaves the function without closing it"),
        ("raise RuntimeError('no database') from error", "leaves the function without closing it"),
    ],
)
def test_only_the_error_that_was_caught_is_raised_again(raised, words):
    text = f"""\
    def f(engine, failure):
        try:
            session = Session(engine)
            session.get(1, 2)
            session.close()
        except Exception as error:
            {raised}
    """
    assert note_of(text) == [(8, words)]


def test_the_line_where_a_connection_is_out_is_told_first():
    text = """\
    def f(engine, work):
        session = Session(engine)
        work()
        session.get(1, 2)
        session.close()
    """
    assert note_of(text) == [(5, "an error here skips the close")]


def test_a_close_that_nobody_awaits_is_noted():
    text = """\
    async def f(engine, query):
        session = AsyncSession(engine)
        await session.execute(query)
        session.close()
    """
    told = note_of("from sqlalchemy.ext.asyncio import AsyncSession\n\n" + dedent(text))
    assert told[-1] == (7, "nobody awaits this, so it closes nothing")


def test_what_a_condition_calls_fails_before_what_stands_under_it():
    text = """\
    def f(engine, rows):
        session = Session(engine)
        if session.execute("select 1").scalar():
            rows.append(rows[0])
        session.close()
    """
    assert note_of(text) == [(4, "an error here skips the close")]


@pytest.mark.parametrize(
    ("method", "is_given_back"),
    [("rollback", True), ("commit", True), ("expunge_all", False), ("expire_all", False)],
)
def test_what_ends_no_transaction_gives_no_connection_back(method, is_given_back):
    engine = create_engine("sqlite://", poolclass=QueuePool)
    with Session(engine) as session:
        session.execute(sql("select 1"))
        getattr(session, method)()
        assert engine.pool.checkedout() == (0 if is_given_back else 1)
    source = f"def f(engine, q):\n    s = Session(engine)\n    s.execute(q)\n    s.{method}()\n"
    [finding] = findings(START + source)
    assert ("gives the connection back" in finding.message) is is_given_back
