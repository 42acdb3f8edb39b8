"""Notebooks: their cells are one module, checked and never written."""

import json
import subprocess
import sys

import pytest
from command import sessionlint
from notebooks import notebook

from sessionlint.check import Project, check_source
from sessionlint.facts.names import Names
from sessionlint.source.magics import without_magics
from sessionlint_rules import RULES

IMPORTS = """\
from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker
engine = create_engine("sqlite://")
Local = sessionmaker(engine)
"""
LEAK = """\
def load(is_short):
    session = Local()
    rows = session.query(1).all()
    if is_short:
        return rows[:1]
    session.close()
    return rows
"""
MESSAGE = "session `session` is still open when `load` returns on line 5"


def found(folder, text, engine="fast"):
    """Code, cell, line, column and message of what is found in a notebook."""
    path = folder / "work.ipynb"
    path.write_text(text, encoding="utf-8")
    project = Project.open(folder, lambda one: one.read_bytes(), Names(), engine=engine)
    return [
        (one.code, one.span.cell, one.span.line, one.span.column, one.message)
        for one in check_source(path.read_bytes(), path, RULES, project)
    ]


@pytest.mark.parametrize("engine", ["fast", "full"])
def test_a_name_of_one_cell_is_known_in_the_next(tmp_path, engine):
    text = notebook("#md Load", IMPORTS, "#md again", LEAK)
    assert found(tmp_path, text, engine) == [("SES103", 4, 2, 14, MESSAGE)]


def test_a_line_names_cell_line_and_column(tmp_path):
    (tmp_path / "work.ipynb").write_text(notebook("#md Load", IMPORTS, LEAK))
    done = sessionlint("--output-format", "concise", cwd=tmp_path)
    assert done.stdout.splitlines()[0] == f"work.ipynb:cell 3:2:15: SES103 {MESSAGE}"
    assert done.returncode == 1


def test_cells_are_counted_as_ruff_counts_them(tmp_path):
    cells = ("#md Load", "x = 1", "%%bash\nls", "#md more", "import os\n\nno_such_name")
    (tmp_path / "work.ipynb").write_text(notebook(*cells))
    ruff = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "F821", "--no-cache"]
    concise = [*ruff, "--output-format", "concise"]
    done = subprocess.run(concise, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("work.ipynb:cell 5:3:1: F821")
    assert found(tmp_path, notebook(*cells[:4], IMPORTS + LEAK))[0][1:4] == (5, 6, 14)


def test_the_full_form_shows_the_lines_of_the_cell(tmp_path):
    (tmp_path / "work.ipynb").write_text(notebook(IMPORTS, LEAK))
    done = sessionlint("work.ipynb", cwd=tmp_path)
    assert done.stdout.splitlines()[1:10] == [
        "  |",
        "1 | def load(is_short):",
        "2 |     session = Local()",
        "  |               ^^^^^^^",
        "3 |     rows = session.query(1).all()",
        "4 |     if is_short:",
        "5 |         return rows[:1]",
        "  |         ^^^^^^^^^^^^^^^ leaves the function without closing it",
        "6 |     session.close()",
    ]


def test_a_path_is_told_by_the_lines_of_its_cell(tmp_path):
    (tmp_path / "work.ipynb").write_text(notebook(IMPORTS, LEAK))
    done = sessionlint("work.ipynb", "--show-path", "--output-format", "concise", cwd=tmp_path)
    assert done.stdout.splitlines()[2:4] == [
        "  1. line 2: session `session` is opened",
        "       session = Local()",
    ]


def test_json_has_the_number_of_the_cell(tmp_path):
    (tmp_path / "work.ipynb").write_text(notebook(IMPORTS, LEAK))
    (tmp_path / "work.py").write_text(IMPORTS + LEAK)
    done = sessionlint("--output-format", "json", cwd=tmp_path)
    in_notebook, in_module = json.loads(done.stdout)
    assert (in_notebook["cell"], in_notebook["line"], in_notebook["column"]) == (2, 2, 15)
    assert in_notebook["notes"][0]["cell"] == 2
    assert "cell" not in in_module


def test_what_a_cell_opens_itself_is_for_the_person_at_it(tmp_path):
    text = "session = Local()\nfor n in range(3):\n    Local().query(n)\n    other = Local()\n"
    used = "def use():\n    return session.query(1).all()\n"
    assert found(tmp_path, notebook(IMPORTS, text, used)) == []


def test_a_class_in_a_cell_is_judged(tmp_path):
    text = (
        "class Store:\n    session = Local()\n    def use(self):\n        self.session.query(1)\n"
    )
    assert [one[:3] for one in found(tmp_path, notebook(IMPORTS, text))] == [("SES203", 2, 2)]


def test_noqa_takes_a_finding_back(tmp_path):
    text = LEAK.replace("Local()", "Local()  # noqa: SES103")
    assert found(tmp_path, notebook(IMPORTS, text)) == []


def test_a_factory_of_the_project_is_followed(tmp_path):
    (tmp_path / "db.py").write_text(IMPORTS)
    text = notebook("from db import Local", LEAK)
    assert [one[:3] for one in found(tmp_path, text)] == [("SES103", 2, 2)]


def test_a_notebook_gives_nothing_to_other_files(tmp_path):
    (tmp_path / "work.ipynb").write_text(notebook(IMPORTS))
    (tmp_path / "use.py").write_text("from work import Local\n\n\n" + LEAK)
    assert sessionlint(cwd=tmp_path).stdout == "All checks passed!\n"


def test_fixing_leaves_every_byte(tmp_path):
    path = tmp_path / "work.ipynb"
    path.write_text(notebook(IMPORTS, LEAK))
    before = path.read_bytes()
    done = sessionlint("--fix", "--unsafe-fixes", "--output-format", "json", cwd=tmp_path)
    assert [one["fix"] for one in json.loads(done.stdout)] == [None]
    assert path.read_bytes() == before
    assert done.returncode == 1


def test_adding_noqa_leaves_every_byte(tmp_path):
    path = tmp_path / "work.ipynb"
    path.write_text(notebook("#md Load", IMPORTS, LEAK))
    (tmp_path / "work.py").write_text(IMPORTS + LEAK)
    before = path.read_bytes()
    done = sessionlint("--add-noqa", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "Added `# noqa` to 1 line.\n")
    assert path.read_bytes() == before


def test_adding_noqa_says_which_notebook_cannot_be_read(tmp_path):
    (tmp_path / "work.ipynb").write_text("{}")
    done = sessionlint("--add-noqa", cwd=tmp_path)
    assert done.stderr.startswith("work.ipynb:1:1: SES999 ")
    assert done.returncode == 2


def test_a_comment_that_takes_nothing_back_is_told_in_its_cell(tmp_path):
    text = "x = 1\n" + LEAK.replace("return rows\n", "return rows  # noqa: SES103\n")
    for engine in ("fast", "full"):
        told = found(tmp_path, notebook(IMPORTS, "#md more", text), engine)
        assert [one[:4] for one in told] == [("SES103", 3, 3, 14), ("SES901", 3, 8, 17)]


def test_a_needless_comment_is_told_where_nothing_is_opened(tmp_path):
    told = found(tmp_path, notebook("x = 1", "y = 2  # noqa: SES103"))
    assert [one[:4] for one in told] == [("SES901", 2, 1, 7)]


def test_a_baseline_knows_a_finding_whose_cell_has_moved(tmp_path):
    path = tmp_path / "work.ipynb"
    path.write_text(notebook(IMPORTS, LEAK))
    sessionlint("--write-baseline", "known.json", cwd=tmp_path)
    path.write_text(notebook("#md Load", IMPORTS, "x = 1", "\n" + LEAK))
    done = sessionlint("--baseline", "known.json", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "All checks passed!\n", "")


def test_awaiting_at_the_top_of_a_cell_is_not_judged(tmp_path):
    cell = """\
from sqlalchemy.ext.asyncio import AsyncSession
session = AsyncSession()
try:
    await session.execute(1)
finally:
    await session.close()
"""
    body = "".join(f"    {line}\n" for line in cell.splitlines()[1:])
    function = "async def load():\n" + body
    assert found(tmp_path, notebook(cell)) == []
    assert [one[:3] for one in found(tmp_path, notebook(cell, function))] == [("SES301", 2, 6)]


def told_as(folder, form):
    """A report about a finding in cell 3 of a notebook, whose note is in the same cell."""
    (folder / "work.ipynb").write_text(notebook("#md Load", IMPORTS, LEAK))
    return sessionlint("--output-format", form, cwd=folder).stdout


def test_github_shows_the_line_in_the_cell_and_says_which(tmp_path):
    line = told_as(tmp_path, "github").splitlines()[0]
    assert line.startswith("::error file=work.ipynb,line=2,endLine=2,col=15,")
    assert line.endswith(f"::work.ipynb:cell 3:2:15: SES103 {MESSAGE}")


def test_gitlab_shows_the_line_in_the_cell_and_says_which(tmp_path):
    (issue,) = json.loads(told_as(tmp_path, "gitlab"))
    assert issue["description"] == f"SES103: cell 3: {MESSAGE}"
    assert issue["location"] == {"path": "work.ipynb", "lines": {"begin": 2, "end": 2}}


def test_sarif_shows_the_line_in_the_cell_and_says_which(tmp_path):
    (result,) = json.loads(told_as(tmp_path, "sarif"))["runs"][0]["results"]
    place = result["locations"][0]["physicalLocation"]
    assert (place["artifactLocation"]["uri"], place["region"]["startLine"]) == ("work.ipynb", 2)
    assert result["message"]["text"] == f"cell 3: {MESSAGE}"
    note = result["relatedLocations"][0]["message"]["text"]
    assert note == "cell 3: leaves the function without closing it"
    assert "fixes" not in result


def test_fingerprints_go_by_the_lines_of_the_cell(tmp_path):
    (before,) = json.loads(told_as(tmp_path, "gitlab"))
    (tmp_path / "work.ipynb").write_text(notebook(IMPORTS, "x = 1", LEAK))
    done = sessionlint("--output-format", "gitlab", cwd=tmp_path)
    (moved,) = json.loads(done.stdout)
    changed = LEAK.replace("session = Local()", "session = Local(info=1)")
    (tmp_path / "work.ipynb").write_text(notebook(IMPORTS, changed))
    done = sessionlint("--output-format", "gitlab", cwd=tmp_path)
    (other,) = json.loads(done.stdout)
    assert before["fingerprint"] == moved["fingerprint"] != other["fingerprint"]


def test_junit_names_the_cell(tmp_path):
    text = told_as(tmp_path, "junit")
    assert ' at cell 3:2:15" classname="work.ipynb"' in text
    assert f">work.ipynb:cell 3:2:15: {MESSAGE}\n" in text.replace("&#x27;", "'")


def test_markdown_names_the_cell(tmp_path):
    assert told_as(tmp_path, "markdown").splitlines()[4].startswith("| `work.ipynb:cell 3:2:15` |")


def test_a_notebook_can_stand_in_standard_input(tmp_path):
    data = notebook(IMPORTS, LEAK).encode()
    arguments = ("--stdin-filename", "work.ipynb", "-")
    done = sessionlint(*arguments, cwd=tmp_path, stdin=data)
    assert done.stdout.splitlines()[0].startswith("work.ipynb:cell 2:2:15: SES103")
    assert done.stdout.splitlines()[3] == "2 |     session = Local()"
    assert sessionlint("--fix", *arguments, cwd=tmp_path, stdin=data).stdout == data.decode()


@pytest.mark.parametrize(
    "metadata",
    [
        {"language_info": {"name": "R"}},
        {"kernelspec": {"language": "julia", "name": "julia"}},
    ],
)
def test_a_notebook_in_another_language_is_skipped(tmp_path, metadata):
    assert found(tmp_path, notebook("def load(:", **metadata)) == []


def test_a_notebook_that_names_no_language_is_python(tmp_path):
    assert len(found(tmp_path, notebook(IMPORTS, LEAK, authors=[]))) == 1


@pytest.mark.parametrize("data", [b"", b"\n"])
def test_a_notebook_that_nobody_has_written_in_is_empty(tmp_path, data):
    (tmp_path / "new.ipynb").write_bytes(data)
    done = sessionlint(cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "All checks passed!\n", "")


def test_a_checkpoint_is_no_notebook_to_check(tmp_path):
    (tmp_path / ".ipynb_checkpoints").mkdir()
    (tmp_path / ".ipynb_checkpoints" / "work-checkpoint.ipynb").write_text(notebook(IMPORTS, LEAK))
    assert "no Python files found" in sessionlint(cwd=tmp_path).stderr


@pytest.mark.parametrize(
    ("data", "place", "words"),
    [
        (b'{"cells": [\n {"a" 1}]}', "2:7", "invalid JSON: Expecting ':' delimiter"),
        (b'{"cells": [],\n"\xff": 1}', "2:1", "not UTF-8"),
        (b"?", "1:1", "invalid JSON: Expecting value"),
        (b'{"worksheets": []}', "1:1", "it has no cells"),
        (b'{"cells": [{"cell_type": "code", "source": 1}]}', "1:1", "cell 1 has no source"),
        (b'{"cells": [7]}', "1:1", "cell 1 has no type"),
        (b"[" * 100_000, "1:1", "nested too deep"),
    ],
)
def test_what_is_no_notebook_is_said_with_its_place(tmp_path, data, place, words):
    (tmp_path / "work.ipynb").write_bytes(data)
    done = sessionlint("--output-format", "concise", cwd=tmp_path)
    line = done.stdout.splitlines()[0]
    assert line.startswith(f"work.ipynb:{place}: SES999 ")
    assert words in line
    assert (done.returncode, done.stderr) == (2, "")


def test_a_syntax_error_is_placed_in_its_cell(tmp_path):
    (tmp_path / "work.ipynb").write_text(notebook("x = 1\n", IMPORTS + "def load(:\n"))
    done = sessionlint("--engine", "full", "--output-format", "concise", cwd=tmp_path)
    assert done.stdout.startswith("work.ipynb:cell 2:5:10: SES999 syntax error:")
    assert done.returncode == 2


def test_a_syntax_error_speaks_of_the_lines_of_its_cell(tmp_path):
    text = notebook("x = 1\n" * 9, IMPORTS + "def load():\nx = 1\n")
    (tmp_path / "work.ipynb").write_text(text)
    line = IMPORTS.count("\n") + 1
    done = sessionlint("--engine", "full", "--output-format", "concise", cwd=tmp_path)
    said = done.stdout.splitlines()[0]
    assert said.endswith(f"after function definition on line {line}")
    assert said.startswith(f"work.ipynb:cell 2:{line + 1}:")


def test_a_coding_line_in_a_cell_names_no_coding(tmp_path):
    text = "# coding: latin-1\n" + IMPORTS + LEAK.replace("rows =", "ü = rows =")
    assert [one[:3] for one in found(tmp_path, notebook(text))] == [("SES103", 1, 7)]


def test_awaiting_at_the_top_of_a_cell_is_python(tmp_path):
    text = "async with engine.connect() as c:\n    await c.run_sync(print)\nawait go()\n"
    assert len(found(tmp_path, notebook(IMPORTS, text, LEAK), "full")) == 1


@pytest.mark.parametrize(
    ("cell", "python"),
    [
        ("%matplotlib inline\nx = 1", "pass\nx = 1"),
        ("!pip install 'a\nx = 1", "pass\nx = 1"),
        ("cd ..\npip install a\nls -l", "pass\npass\npass"),
        ("ls = 1\nls in x\ncat.x", "ls = 1\nls in x\ncat.x"),
        ("if x:\n    !ls (\n    y", "if x:\n    pass\n    y"),
        ("!ls \\\n  -l\nx", "pass\n\nx"),
        ("?session\nsession.query??\nx", "pass\npass\nx"),
        ("files = !ls\nt, u = %timeit -o x", "files = get_ipython()\nt, u = get_ipython()"),
        ("%time s.close()", "0;    s.close()"),
        ("    %timeit -n 10 s.close()", "    0;            s.close()"),
        ("%time for x in y:", "pass"),
        ("%%time\nx = 1", "\nx = 1"),
        ("\n%%capture out\n!ls\nx", "\n\npass\nx"),
        ("%%bash\nls '(\nx", "\n\n"),
        ("#@title Play\n\n%%html\n<audio>", "\n\n\n"),
        ("x = (y\n  % z\n)\n%ls", "x = (y\n  % z\n)\npass"),
        ("x = '''\n%time\n!ls\n'''\n!ls", "x = '''\n%time\n!ls\n'''\npass"),
        ("x = y \\\n  % z", "x = y \\\n  % z"),
        ("x = 'what?'\n# why?\ny != z", "x = 'what?'\n# why?\ny != z"),
        ("x %= 2\nx = y % 2", "x %= 2\nx = y % 2"),
        ('f"{x!r}"  # (\n%ls', 'f"{x!r}"  # (\npass'),
    ],
)
def test_what_only_ipython_reads_gives_way(cell, python):
    assert without_magics(cell) == python


def test_a_long_cell_of_magics_takes_no_time():
    text = "x = (\n" + "% 1\n" * 20_000 + ")\n" + "!ls\n" * 20_000
    assert without_magics(text).count("pass") == 20_000
