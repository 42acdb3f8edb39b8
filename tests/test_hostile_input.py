"""Whatever a file holds or is, the command ends with 0, 1 or 2 and without a traceback."""

import os
import re
import shutil
import sysconfig
import zlib
from pathlib import Path

import pytest
from command import sessionlint

from sessionlint.model import Severity
from sessionlint.project import Options, check_paths
from sessionlint.source.walk import walk
from sessionlint_rules import RULES

# It makes the byte gate let every text through, so that all rooms see it.
USE = "from sqlalchemy.orm import Session\n"
LEAK = "def f(engine):\n    session = Session(engine)\n    return session.get(User, 1).name\n"

HARMLESS = {
    "empty": b"",
    "one newline": b"\n",
    "no last newline": (USE + LEAK.rstrip()).encode(),
    "byte order mark": b"\xef\xbb\xbf" + (USE + LEAK).encode(),
    "byte order mark alone": b"\xef\xbb\xbf",
    "windows newlines": (USE + LEAK).replace("\n", "\r\n").encode(),
    "old mac newlines": (USE + LEAK).replace("\n", "\r").encode(),
    "mixed newlines": (USE + LEAK).replace("\n", "\r\n", 2).encode(),
    "tabs": (USE + LEAK).replace("    ", "\t").encode(),
    "latin-1": b"# coding: latin-1\n" + (USE + LEAK + "x = 'é'\n").encode("latin-1"),
    "utf-8 names": (USE + LEAK.replace("session", "sessión").replace("f(", "日本(")).encode(),
    "form feed": (USE + "\f\n" + LEAK).encode(),
    "leading form feed": ("\f" + USE + LEAK).encode(),
    "form feed in a line": (USE + LEAK.replace("    return", "\f    return")).encode(),
    "vertical separators": (USE + "x = '\x0b\x1c\x85\u2028'\n" + LEAK).encode(),
    "control characters": (USE + LEAK + "x = '\x1b[31m\x07'\n").encode(),
    "backslash lines": (USE + LEAK.replace("= Session", "= \\\n        Session")).encode(),
    "semicolons": (USE + "def f(e): s = Session(e); s.get(1, 2); return s.info\n").encode(),
    "200 nested parentheses": (USE + "x = " + "(" * 200 + "1" + ")" * 200 + "\n").encode(),
    "3,000 terms": (USE + "def f(s):\n    return " + " + ".join(["s.a"] * 3_000) + "\n").encode(),
    "300 links": (USE + "def f(s):\n    s" + ".a().b" * 150 + "()\n").encode(),
    "90 levels": (
        USE + "".join("    " * n + f"if f({n}):\n" for n in range(90)) + "    " * 90 + "f()\n"
    ).encode(),
    "500 branches": (
        USE + LEAK.replace("    return", "    if f(): g()\n" * 500 + "    return")
    ).encode(),
    "20 loops": (
        USE
        + "def f(e):\n    s = Session(e)\n"
        + "".join("    " * n + f"for i{n} in s.all():\n" for n in range(1, 20))
        + "    " * 20
        + "s.get(1)\n    s.close()\n"
    ).encode(),
    "a wait for what has no name": (
        USE + "async def f(e):\n    s = Session(e)\n    try:\n        s.get(1, 2)\n"
        "    finally:\n        await e[0](s)\n        s.close()\n"
    ).encode(),
    "everything at once": (
        USE + "async def f(*a, b: int = 1, **k) -> 'x':\n"
        "    async with a as b, c: pass\n"
        "    async for i in [j async for j in k]: yield (await i)\n"
        "    else: return\n"
        "    match b:\n"
        "        case {'a': [1, *_], **r} | C(d=None) as z if r: raise\n"
        "    del (a), [b]\n"
        "    global x; x: int\n"
        "    assert (y := lambda q, /, *, w: 0), f'{a!r:>{b}}'\n"
        "    try: ...\n"
        "    except* E as e: print(*e, sep=''[::2])\n"
        "    while not a < b <= c: break\n"
    ).encode(),
}

UNREADABLE = {
    "NUL": b"x = 1\n\0\n",
    "NUL alone": b"\0",
    "utf-16": "x = 1\n".encode("utf-16"),
    "not utf-8": b"\n\nx = '\xff'\n",
    "unknown coding": b"# coding: klingon\n",
    "coding that is no text": b"# coding: rot13\nk = 1\n",
    "coding that refuses": b"# coding: undefined\nk = 1\n",
    "coding of host names": b"# coding: punycode\nk = 1\n",
    "wrong coding": b"\xef\xbb\xbf# coding: latin-1\n",
    "two template strings in a row": (USE + 'x = t"a" t"b"\n').encode(),
    "bytes and text in a row": (USE + 'x = b"a" "b"\n').encode(),
    "syntax error": b"from sqlalchemy.orm import Session\ndef f(: Session()\n",
    "python 2": b"print 'a'\n",
    "a template": b"{% if a %}\nimport b\n{% endif %}\n",
    "open bracket": b"f(\n",
    "open string": b"x = '''\n",
    "bad indent": b"if a:\n        b\n    c\n",
    "201 nested parentheses": b"x = " + b"(" * 201 + b"1" + b")" * 201 + b"\n",
    "100,000 nested brackets": b"x = " + b"[" * 100_000 + b"\n",
    "compressed": zlib.compress(b"x" * 5_000),
}

LARGE = 200_000


def times(unit: str) -> str:
    """So much text made of one piece."""
    return unit * (LARGE // len(unit))


def quoted(text: str) -> str:
    return f"'''\n{text}'''\n"


SHARED = "from sqlalchemy.orm import Session\nfrom app import engine\n\ns = Session(engine)\n"
USED = f"{SHARED}\n\ndef f():\n    s.get(1, 2)\n"
ANNOTATED = "class A:\n    pass\n\n\ndef f(a: A):\n    s = Session(a)\n    a.b(s)\n"
ENDLESS = "\\'''\n"
"""A line on which a string begins that has no end, and nor has that of the next one."""

SLOW = {
    "formatted strings in each other": {"a": f"{USE}x = Session()\n" + times('f"{a["')},
    "formatted strings on many lines": {"a": f"{USE}x = Session()\n" + times("f\"{a['\n")},
    "bases that go on": {"a": USE + times("class A(\n") + ")\n"},
    "classes on one line": {"a": USE + times("class A(")},
    "long strings that go on": {"a": f"{USE}x = Session()\n{'(' * 201}" + times(ENDLESS)},
    "short strings that go on": {"a": f"{USE}x = Session()\n{'(' * 201}" + times("\\'")},
    "names in brackets": {"a": f"{USE}q = 1" + times("=(a or )x")},
    "heads without a name": {"a": USE + times("with ") + "as ession\n"},
    "heads on one line": {"a": f"{USE}def f():\n    " + times("with session as a ")},
    "engines in each other": {"a": USE + times("engine(")},
    "imports of names that go on": {"db": USED, "b": quoted(times("from db import (\n"))},
    "imports of everything": {"db": USED, "b": quoted(times("from db import *\n"))},
    "classes in a string": {"a": USE + ANNOTATED + quoted(times("class B(\n"))},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SLOW)
def test_a_large_file_comes_to_an_end(tmp_path, name):
    """Each took minutes or more, which is when `sessionlint` gives up here."""
    for module, text in SLOW[name].items():
        (tmp_path / f"{module}.py").write_text(text)
    done = sessionlint(cwd=tmp_path)
    assert done.returncode in {0, 1, 2}
    assert done.stderr == ""


@pytest.mark.parametrize("name", HARMLESS)
def test_reads_every_text_that_is_python(tmp_path, name):
    (tmp_path / "a.py").write_bytes(HARMLESS[name])
    done = sessionlint("a.py", cwd=tmp_path)
    assert done.stderr == ""
    assert done.returncode in {0, 1}, done.stdout
    assert re.search(r"^Found \d+ errors?\.$|^All checks passed!$", done.stdout, re.MULTILINE)


@pytest.mark.parametrize(
    "name",
    [
        "no last newline",
        "byte order mark",
        "windows newlines",
        "old mac newlines",
        "mixed newlines",
        "tabs",
        "latin-1",
        "form feed",
        "form feed in a line",
        "vertical separators",
        "500 branches",
    ],
)
def test_finds_the_leak_in_every_writing(tmp_path, name):
    (tmp_path / "a.py").write_bytes(HARMLESS[name])
    done = sessionlint("a.py", "--output-format", "concise", cwd=tmp_path)
    assert ": SES102 session `session` " in done.stdout
    assert done.returncode == 1


@pytest.mark.parametrize("name", UNREADABLE)
def test_reports_what_it_cannot_read_and_goes_on(tmp_path, name):
    (tmp_path / "a.py").write_bytes(UNREADABLE[name])
    (tmp_path / "b.py").write_text(USE + LEAK)
    done = sessionlint("--engine", "full", "--output-format", "concise", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == ""
    assert [line.split()[1] for line in done.stdout.splitlines()[:-2]] == ["SES999", "SES102"]


@pytest.mark.parametrize("name", UNREADABLE)
def test_shows_what_it_cannot_read(tmp_path, name):
    (tmp_path / "a.py").write_bytes(UNREADABLE[name])
    done = sessionlint("--engine", "full", "a.py", cwd=tmp_path)
    assert done.stderr == ""
    assert done.stdout.startswith("a.py:")


def test_does_not_parse_what_cannot_hold_a_session(tmp_path):
    (tmp_path / "a.py").write_bytes(UNREADABLE["open bracket"])
    assert sessionlint("a.py", cwd=tmp_path).returncode == 0


@pytest.mark.parametrize("engine", ["fast", "full"])
def test_says_nothing_else_of_what_is_no_python(engine, tmp_path):
    """The function could be parsed by itself, and seems to leave its session open."""
    maker = "from sqlalchemy.orm import sessionmaker\n\nmaker = sessionmaker()\n\n\n"
    broken = "def f(q):\n    s = maker()\ntry:\n        s.execute(q)\nif s:\n    print(s)\n"
    (tmp_path / "a.py").write_text(maker + broken)
    done = sessionlint("--engine", engine, "--output-format", "concise", "a.py", cwd=tmp_path)
    first, *_ = done.stdout.splitlines()
    assert first == "a.py:10:1: SES999 syntax error: expected 'except' or 'finally' block"
    assert done.returncode == 2


def test_what_python_gives_up_on_is_not_parsed_whole(tmp_path):
    """LibCST would overrun the stack of the process, and with it the run."""
    maker = "from sqlalchemy.orm import sessionmaker\n\nmaker = sessionmaker()\n\n\n"
    leak = "def f(q):\n    s = maker()\n    s.execute(q)\n\n\n"
    (tmp_path / "a.py").write_text(f"{maker}{leak}def g():\n    return {'1 + ' * 11_000}1\n")
    done = sessionlint("--output-format", "concise", "a.py", cwd=tmp_path)
    assert [line.split()[1] for line in done.stdout.splitlines()[:1]] == ["SES102"]
    assert done.returncode == 1


def test_parses_all_where_the_maker_cannot_be_read(tmp_path):
    """The leak is asked about first, and then what its session is made by."""
    maker = "from sqlalchemy.orm import sessionmaker\n\n    import os\nmaker = sessionmaker()\n"
    (tmp_path / "a.py").write_text(f"{maker}def f(q):\n    s = maker()\n    s.execute(q)\n")
    done = sessionlint("a.py", "--output-format", "concise", cwd=tmp_path)
    assert done.stdout.startswith("a.py:3:4: SES999 syntax error: unexpected indent")
    assert done.returncode == 2


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["fast", "full"])
def test_a_very_long_expression_costs_no_more_than_its_file(tmp_path, engine):
    links = "s" + ".a()" * 1_000
    (tmp_path / "a.py").write_text(f"{USE}def f(s):\n    {links}\n")
    (tmp_path / "b.py").write_text(USE + LEAK)
    done = sessionlint("--engine", engine, "--output-format", "concise", cwd=tmp_path)
    assert done.stderr == ""
    assert done.returncode in {1, 2}
    assert "b.py:3:15: SES102" in done.stdout


@pytest.mark.slow
def test_a_file_of_100000_lines(tmp_path):
    body = "".join(f"x{n} = {n}\n" for n in range(100_000))
    (tmp_path / "a.py").write_text(USE + body + LEAK)
    done = sessionlint("a.py", "--output-format", "concise", cwd=tmp_path)
    assert done.stdout.startswith("a.py:100003:15: SES102 ")


@pytest.mark.parametrize("is_given", [True, False])
@pytest.mark.parametrize("kind", ["broken", "loop", "fifo", "locked", "locked folder"])
def test_strange_files_never_hang_it(tmp_path, kind, is_given):
    path = tmp_path / "strange.py"
    make_strange(path, kind)
    try:
        done = sessionlint(*([path.name] if is_given else []), cwd=tmp_path)
    finally:
        if kind.startswith("locked"):
            path.chmod(0o700)
    assert "Traceback" not in done.stderr
    assert done.returncode in {0, 2}
    assert done.returncode == 2 or not is_given or os.geteuid() == 0


def make_strange(path: Path, kind: str) -> None:
    if kind == "broken":
        path.symlink_to("nowhere")
    elif kind == "loop":
        path.symlink_to(path.name)
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "locked":
        path.write_text("x = 1\n")
        path.chmod(0)
    else:
        path.mkdir()
        (path / "a.py").write_text("x = 1\n")
        path.chmod(0)


def test_a_session_of_a_module_whose_name_is_no_text(tmp_path):
    name = os.fsdecode(b"\xff.py")
    (tmp_path / name).write_text(f"{USE}from app import engine\n\ns = Session(engine)\n")
    done = sessionlint("--output-format", "concise", cwd=tmp_path)
    assert "SES102 session `s`" in done.stdout
    assert (done.returncode, done.stderr) == (1, "")


def test_links_that_lead_back_up_are_not_followed(tmp_path):
    (tmp_path / "a.py").write_text("x = 1\n")
    (tmp_path / "up").symlink_to(tmp_path)
    done = sessionlint("--output-format", "json", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "[]\n")


def test_file_names_that_are_no_text(tmp_path):
    name = os.fsdecode(b"\xff\n\x1b[31m.py")
    (tmp_path / name).write_text(USE + LEAK)
    done = sessionlint("--output-format", "concise", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout.startswith("\N{REPLACEMENT CHARACTER}␊␛[31m.py:3:15: SES102 ")


def library() -> list[Path]:
    """The standard library's files, smallest first; its tests hold broken ones on purpose."""
    folder = Path(sysconfig.get_path("stdlib"))
    skipped = {"site-packages", "__pycache__"}
    files = (path for path in folder.rglob("*.py") if not skipped & set(path.parts))
    return sorted(files, key=lambda path: (path.stat().st_size, path))


def checked(files: list[Path], folder: Path, engine: str) -> int:
    """How many of the files could be checked, each group of 40 as a project of its own."""
    total = 0
    for start in range(0, len(files), 40):
        group = folder / str(start)
        group.mkdir()
        for number, path in enumerate(files[start : start + 40]):
            shutil.copyfile(path, group / f"{number}_{path.name}")
        results = check_paths([group], RULES, Options(engine=engine))
        total += sum(
            all(one.severity is not Severity.ERROR for one in found) for _, found in results
        )
    return total


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["fast", "full"])
def test_a_spread_of_the_standard_library(tmp_path, engine):
    files = library()[::32]
    assert checked(files, tmp_path, engine) > len(files) * 0.9


@pytest.mark.slow
@pytest.mark.parametrize("part", range(2))
def test_a_thirty_second_of_the_standard_library(tmp_path, part, monkeypatch):
    # LibCST's own visit would be half of the time; `test_walk` shows that both see the same.
    monkeypatch.setattr("sessionlint.source.walk.visited", walk)
    # A whole one would be a fifth of all the time that the tests take.
    files = library()[32 * part + 4 :: 64]
    assert checked(files, tmp_path, "full") > len(files) * 0.9
