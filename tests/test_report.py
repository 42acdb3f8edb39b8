"""How findings are printed."""

import difflib
import json
import os
import random
import subprocess

import pytest

from sessionlint.model import Finding, Fix, Note, Safety, Severity, Span
from sessionlint.report.excerpt import excerpt
from sessionlint.report.fixes import diff, diff_for_people, fixes, offers, would_fix
from sessionlint.report.output import View, output
from sessionlint.report.page import styled, table
from sessionlint.report.paint import coloured, plain
from sessionlint.report.progress import watched
from sessionlint.rule import Rule

APP = """\
def load(id):
    db = Session()
    row = db.get(User, id)

    log(row)
    if row is None:
        return None
    db.close()
    return row
""".splitlines()

OTHER = ["engine = create_engine(URL)", "", "Session = sessionmaker(engine)"]

LEAK = Finding(
    "SES103",
    "early-exit-skips-close",
    Severity.LEAK,
    "`db` is still open when `load` returns on line 7",
    Span(2, 9, 2, 18),
    notes=(Note(Span(7, 8, 7, 19), "left open here"),),
    steps=(
        Note(Span(2, 4, 2, 18), "opens `db`"),
        Note(Span(3, 0, 3, 17), "made here", path="db.py"),
        Note(Span(7, 8, 7, 19), "leaves `load`"),
    ),
)


def lines(path: str) -> list[str]:
    return {"app.py": APP, "db.py": OTHER}.get(path, [])


def printed(*found: Finding, form: str = "full", paint=plain, **asked: bool) -> str:
    view = View(
        form,
        asked.get("has_steps", False),
        asked.get("has_statistics", False),
        asked.get("is_quiet", False),
        paint,
        lines,
    )
    return "".join(f"{piece}\n" for piece in output([("app.py", one) for one in found], view))


def test_concise_is_one_line_each_and_a_sum():
    assert printed(LEAK, LEAK, form="concise") == (
        "app.py:2:10: SES103 `db` is still open when `load` returns on line 7\n"
        "app.py:2:10: SES103 `db` is still open when `load` returns on line 7\n"
        "Found 2 errors.\n"
    )


def test_one_finding_is_one_error():
    assert printed(LEAK, form="concise").endswith("\nFound 1 error.\n")


def test_nothing_found_is_said():
    assert printed() == "All checks passed!\n"


def test_quiet_prints_findings_only():
    assert printed(is_quiet=True) == ""
    assert "Found" not in printed(LEAK, is_quiet=True)


def test_full_underlines_the_place_and_its_notes():
    assert printed(LEAK) == (
        "app.py:2:10: SES103 `db` is still open when `load` returns on line 7\n"
        "  |\n"
        "1 | def load(id):\n"
        "2 |     db = Session()\n"
        "  |          ^^^^^^^^^\n"
        "3 |     row = db.get(User, id)\n"
        "...\n"
        "6 |     if row is None:\n"
        "7 |         return None\n"
        "  |         ^^^^^^^^^^^ left open here\n"
        "8 |     db.close()\n"
        "  |\n"
        "\n"
        "Found 1 error.\n"
    )


def test_full_shows_notes_in_other_files_and_the_cure():
    note = Note(Span(3, 0, 3, 7), "made here", path="db.py")
    fix = Fix("wrap in with", Safety.SAFE)
    found = Finding("SES1", "n", Severity.LEAK, "m", Span(9, 4, 9, 10), notes=(note,), fix=fix)
    assert printed(found, is_quiet=True) == (
        "app.py:9:5: SES1 [*] m\n"
        "  |\n"
        "8 |     db.close()\n"
        "9 |     return row\n"
        "  |     ^^^^^^\n"
        "  |\n"
        " --> db.py:3:1\n"
        "  |\n"
        "3 | Session = sessionmaker(engine)\n"
        "  | ^^^^^^^ made here\n"
        "  |\n"
        "help: wrap in with\n"
        "\n"
    )


@pytest.mark.parametrize(
    ("reason", "shown"),
    [("", "wrap in with (unsafe)"), ("it ends early", "wrap in with (unsafe: it ends early)")],
)
def test_an_unsafe_cure_is_told_with_its_reason(reason, shown):
    fix = Fix("wrap in with", Safety.UNSAFE, reason=reason)
    found = Finding("SES1", "n", Severity.LEAK, "m", Span(40, 4, 40, 10), fix=fix)
    assert printed(found, is_quiet=True) == f"app.py:40:5: SES1 m\nhelp: {shown}\n\n"


def fixable(*safeties: Safety) -> list[Finding]:
    fixes = [Fix("wrap in with", safety) for safety in safeties]
    return [Finding("SES1", "n", Severity.LEAK, "m", Span(9, 0, 9, 1), fix=fix) for fix in fixes]


@pytest.mark.parametrize(
    ("safeties", "has_unsafe_fixes", "sentences"),
    [
        ([Safety.SAFE], False, ["[*] 1 fixable with `--fix`."]),
        (
            [Safety.SAFE, Safety.UNSAFE, Safety.UNSAFE],
            False,
            ["[*] 1 fixable with `--fix` (2 unsafe fixes available with `--fix --unsafe-fixes`)."],
        ),
        ([Safety.SAFE, Safety.UNSAFE], True, ["[*] 2 fixable with `--fix`."]),
        ([Safety.UNSAFE], False, ["1 unsafe fix available with `--fix --unsafe-fixes`."]),
        ([], False, []),
    ],
)
def test_what_can_be_fixed_is_summed_up(safeties, has_unsafe_fixes, sentences):
    found = fixable(*safeties)
    assert list(offers(found, plain, has_unsafe_fixes=has_unsafe_fixes)) == sentences


@pytest.mark.parametrize(
    ("number", "hidden", "sentences"),
    [
        (0, 0, []),
        (1, 0, ["Would fix 1 error."]),
        (2, 1, ["Would fix 2 errors (1 additional fix available with `--unsafe-fixes`)."]),
        (0, 2, ["No errors would be fixed (2 fixes available with `--unsafe-fixes`)."]),
    ],
)
def test_what_would_be_fixed_is_summed_up(number, hidden, sentences):
    assert list(would_fix(number, hidden)) == sentences


def test_fixes_are_listed_by_file_and_rule():
    [one] = fixable(Safety.SAFE)
    other = Finding("SES2", "o", Severity.LEAK, "m", Span(1, 0, 1, 1))
    assert list(fixes([("a.py", one), ("a.py", other), ("a.py", other), ("b.py", one)])) == [
        "",
        "Fixed 4 errors:",
        "- a.py:",
        "    2 \N{MULTIPLICATION SIGN} SES2 (o)",
        "    1 \N{MULTIPLICATION SIGN} SES1 (n)",
        "- b.py:",
        "    1 \N{MULTIPLICATION SIGN} SES1 (n)",
        "",
    ]
    assert list(fixes([])) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"a\nb\n", b"a\nc\n"),
        (b"a\r\nb\r\n", b"a\r\nc\r\n"),
        (b"a\nb", b"a\nc"),
        (b"a\n", b""),
        (b"", b"a"),
        (b"\xef\xbb\xbfa\x0cb\n\xe9\n", b"\xef\xbb\xbfc\n\xe9\n"),
        (b"a\rb\n", b"a\rc\n"),
    ],
)
def test_a_diff_can_be_applied(tmp_path, before, after):
    assert patched(tmp_path, before, after) == after


@pytest.mark.parametrize("seed", range(10))
def test_a_diff_of_many_changes_can_be_applied(tmp_path, seed):
    draw = random.Random(seed)
    lines = [draw.choice([b"\n", b"    pass\n", b"def f%d():\n" % n]) for n in range(1_000)]
    changed = [draw.choice([b"", b"x\n", b"x\ny\n", *[line] * 9]) for line in lines]
    before, after = b"".join(lines), b"".join(changed)
    assert patched(tmp_path, before, after) == after


def patched(folder, before: bytes, after: bytes) -> bytes:
    """What `git apply` makes of a file with the diff."""
    (folder / "a.py").write_bytes(before)
    subprocess.run(
        ["git", "apply", "-p0", "--unsafe-paths", "-"],
        cwd=folder,
        input=diff("a.py", before, after),
        env={**os.environ, "GIT_CEILING_DIRECTORIES": str(folder)},
        check=True,
    )
    return (folder / "a.py").read_bytes()


@pytest.mark.parametrize("seed", range(40))
def test_a_short_diff_is_that_of_the_standard_library(seed):
    draw = random.Random(seed)
    before = [b"%d\n" % draw.randrange(9) for _ in range(draw.randrange(60))]
    after = [line for line in before if draw.random() > 0.1]
    for _ in range(draw.randrange(4)):
        after.insert(draw.randrange(len(after) + 1), b"new\n")
    expected = difflib.diff_bytes(difflib.unified_diff, before, after, b"a.py", b"a.py")
    assert diff("a.py", b"".join(before), b"".join(after)) == b"".join(expected)


def test_a_diff_of_a_long_file_has_the_changed_lines_alone():
    by_hand = (
        "def f():\n    s = maker()\n    try:\n        s.get()\n    finally:\n        s.close()\n\n"
    )
    managed = "def f():\n    with maker() as s:\n        s.get()\n\n"
    old = by_hand * 60
    new = "from store import maker\n" + by_hand * 30 + managed + by_hand * 29
    lines = diff("a.py", old.encode(), new.encode()).splitlines()[2:]
    assert sum(line[:1] in {b"+", b"-"} for line in lines) == 1 + 4 + 1


def test_a_diff_for_people_steers_no_terminal():
    text = diff("a.py", b"a\r\n\x1b[2Jx\n", b"b\r\n\x1b[2Jx\n")
    assert list(diff_for_people(text, plain)) == [
        "--- a.py",
        "+++ a.py",
        "@@ -1,2 +1,2 @@",
        "-a",
        "+b",
        " \u241b[2Jx",
    ]
    assert "\x1b[" in "".join(diff_for_people(text, coloured))


def test_show_path_prints_each_step_with_its_line():
    assert printed(LEAK, form="concise", has_steps=True, is_quiet=True) == (
        "app.py:2:10: SES103 `db` is still open when `load` returns on line 7\n"
        "  the way there:\n"
        "  1. line 2: opens `db`\n"
        "       db = Session()\n"
        "  2. db.py:3:1: made here\n"
        "       Session = sessionmaker(engine)\n"
        "  3. line 7: leaves `load`\n"
        "       return None\n"
    )


def test_a_file_that_cannot_be_shown_is_still_reported():
    found = Finding("SES999", "n", Severity.ERROR, "not utf-8", Span(40, 0, 40, 0))
    assert printed(found) == "app.py:40:1: SES999 not utf-8\n\nFound 1 error.\n"


def test_colours_change_nothing_but_the_looks():
    import click

    painted = printed(LEAK, has_steps=True, paint=coloured)
    assert "\x1b[" in painted
    assert click.unstyle(painted) == printed(LEAK, has_steps=True)


def test_statistics_count_the_most_frequent_first():
    other = Finding("SES101", "closed-by-hand", Severity.STYLE, "m", Span(1, 0, 1, 1))
    found = [other] + [LEAK] * 10
    assert printed(*found, has_statistics=True) == (
        "10\tSES103\tearly-exit-skips-close\n 1\tSES101\tclosed-by-hand\nFound 11 errors.\n"
    )
    assert json.loads(printed(*found, form="json", has_statistics=True)) == [
        {"code": "SES103", "name": "early-exit-skips-close", "count": 10},
        {"code": "SES101", "name": "closed-by-hand", "count": 1},
    ]


def test_json_counts_columns_from_one():
    fix = Fix("wrap in with", Safety.UNSAFE)
    found = Finding(
        "SES103", "n", Severity.LEAK, "m", Span(2, 9, 2, 18), LEAK.notes, LEAK.steps[1:2], fix
    )
    assert json.loads(printed(found, form="json")) == [
        {
            "path": "app.py",
            "line": 2,
            "column": 10,
            "end_line": 2,
            "end_column": 19,
            "code": "SES103",
            "name": "n",
            "severity": "leak",
            "message": "m",
            "notes": [
                {
                    "path": "app.py",
                    "line": 7,
                    "column": 9,
                    "end_line": 7,
                    "end_column": 20,
                    "message": "left open here",
                }
            ],
            "steps": [
                {
                    "path": "db.py",
                    "line": 3,
                    "column": 1,
                    "end_line": 3,
                    "end_column": 18,
                    "message": "made here",
                }
            ],
            "fix": {"title": "wrap in with", "safety": "unsafe"},
        }
    ]
    assert json.loads(printed(LEAK, form="json"))[0]["fix"] is None


def test_json_of_nothing_is_an_empty_array():
    assert printed(form="json") == "[]\n"


@pytest.mark.parametrize(
    ("line", "column", "end", "shown", "marked"),
    [
        ("\tdb = S()", 6, 9, "    db = S()", "         ^^^"),
        ("a\tdb = S()", 7, 10, "a   db = S()", "         ^^^"),
        ("日本 = S()", 5, 8, "日本 = S()", "       ^^^"),
        ("x = '日本'", 5, 7, "x = '日本'", "     ^^^^"),
        ("e\u0301 = S()", 5, 8, "e\u0301 = S()", "    ^^^"),
        ("x = '\x1b[31m'", 4, 11, "x = '␛[31m'", "    ^^^^^^^"),
        ("x = '\u202e'", 4, 7, "x = '\N{REPLACEMENT CHARACTER}'", "    ^^^"),
        ("x\xa0= 1", 4, 5, "x = 1", "    ^"),
        ("f(", 2, 2, "f(", "  ^"),
    ],
)
def test_marks_stand_under_what_they_mark(line, column, end, shown, marked):
    place = Span(1, column, 1, end)
    assert list(excerpt([line], [(place, "")], plain)) == [
        "  |",
        f"1 | {shown}",
        f"  | {marked}",
        "  |",
    ]


def test_marks_every_line_of_a_short_place():
    text = ["db = Session(", "    engine,", ")"]
    assert list(excerpt(text, [(Span(1, 5, 3, 1), "here")], plain)) == [
        "  |",
        "1 | db = Session(",
        "  |      ^^^^^^^^",
        "2 |     engine,",
        "  |     ^^^^^^^",
        "3 | )",
        "  | ^ here",
        "  |",
    ]


def test_marks_the_ends_of_a_long_place():
    text = ["def f():", *["    x"] * 8, "    y"]
    assert list(excerpt(text, [(Span(1, 0, 10, 5), "here")], plain)) == [
        "   |",
        " 1 | def f():",
        "   | ^^^^^^^^",
        " 2 |     x",
        "...",
        " 9 |     x",
        "10 |     y",
        "   |     ^ here",
        "   |",
    ]


def test_two_places_of_one_line_have_a_mark_each():
    places = [(Span(1, 5, 1, 6), "second"), (Span(1, 0, 1, 1), "first")]
    assert list(excerpt(["a .. b"], places, plain)) == [
        "  |",
        "1 | a .. b",
        "  | ^ first",
        "  |      ^ second",
        "  |",
    ]


def test_very_long_lines_are_cut():
    shown = list(excerpt(["x" * 10_000], [(Span(1, 9_000, 1, 9_010), "here")], plain))
    assert max(map(len, shown)) < 200


def test_the_table_of_rules_has_columns():
    rules = [
        Rule("SES1", "short", "One.", Severity.LEAK, lambda scope: iter(())),
        Rule("SES22", "much-longer", "Two.", Severity.STYLE, lambda scope: iter(())),
    ]
    assert list(table(rules, plain)) == [
        "code   name         severity  summary",
        "SES1   short        leak      One.",
        "SES22  much-longer  style     Two.",
    ]


def test_a_page_has_its_headings_set_off():
    page = "# Title\ntext\n```python\n# comment\n```\n"
    assert list(styled(page, lambda text, role: f"<{text}>")) == [
        "<# Title>",
        "text",
        "```python",
        "# comment",
        "```",
    ]


class Terminal:
    """A stream that a person looks at, or not."""

    def __init__(self, is_terminal: bool) -> None:
        self.is_terminal = is_terminal
        self.text = ""

    def isatty(self) -> bool:
        return self.is_terminal

    def write(self, text: str) -> int:
        self.text += text
        return len(text)

    def flush(self) -> None:
        """Nothing is held back."""


def test_work_goes_on_where_no_bar_can_be_shown():
    assert list(watched("abc", 3, None)) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("is_terminal", "patience", "is_shown"),
    [(True, -1.0, True), (True, 60.0, False), (False, -1.0, False)],
)
def test_a_bar_is_shown_to_people_who_wait(monkeypatch, is_terminal, patience, is_shown):
    monkeypatch.setattr("sessionlint.report.progress.PATIENCE", patience)
    stream = Terminal(is_terminal)
    assert list(watched("abc", 3, stream)) == ["a", "b", "c"]
    assert ("3/3" in stream.text) is is_shown
