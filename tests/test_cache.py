"""What is kept between runs, and that it is never told when it no longer holds."""

import os
import sys
import time
from pathlib import Path
from subprocess import CompletedProcess, run

import pytest
from command import sessionlint
from small_project import START, USE, written

from sessionlint.cache.folder import CacheError, removed

SHOP = {
    "pyproject.toml": "[tool.sessionlint]\n",
    "app/__init__.py": "",
    "app/db.py": """\
        from sqlalchemy import create_engine
        from sqlalchemy.orm import sessionmaker

        session_opener = sessionmaker(create_engine("sqlite://"))
        """,
    "app/orders.py": """\
        from sqlalchemy.orm import Session

        from app.db import session_opener


        def load():
            found = session_opener()
            return found.all()


        def look(engine):
            session = Session(engine)
            session.commit()
        """,
    "app/stock.py": """\
        from sqlalchemy.orm import Session

        from app.db import session_opener


        def count():
            found = session_opener()
            return found.all()


        def look(engine):
            session = Session(engine)
            session.commit()
        """,
    "app/alone.py": """\
        from sqlalchemy.orm import Session


        def look(engine):
            session = Session(engine)
            session.commit()
        """,
}

COMMAND = {
    "pyproject.toml": "[tool.sessionlint]\n",
    "work.py": """\
        from sqlalchemy import create_engine
        from sqlalchemy.orm import Session


        def fill(url):
            engine = create_engine(url)
            with Session(engine) as session:
                session.commit()
        """,
    "scripts/fill.py": """\
        from sys import argv

        from work import fill

        fill(argv[1])
        """,
}
"""A function that a file runs which has no word of a database."""

OWN = ["alone.py:5", "orders.py:12", "stock.py:12"]
"""What is found in SHOP whatever the factory is."""

ALL = ["alone.py:5", "orders.py:7", "orders.py:12", "stock.py:7", "stock.py:12"]

UNSURE = """\
from sqlalchemy.orm import sessionmaker

session_opener = sessionmaker()
session_opener = list
"""
"""A module that says nothing certain, by the same names as before."""

WATCHED = """
import sys
def told(frame, event, argument):
    code = frame.f_code
    if event == "call" and code.co_name == "parsed" and code.co_filename.endswith("project.py"):
        print("parsed", frame.f_locals["path"].name, file=sys.stderr)
sys.setprofile(told)
sys.argv = ["sessionlint", *sys.argv[1:]]
from sessionlint.cli import main
try:
    main()
finally:
    sys.setprofile(None)
    print("libcst" if "libcst" in sys.modules else "no libcst", file=sys.stderr)
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A project whose factory is made in a module of its own."""
    return written(tmp_path / "shop", SHOP)


def places(folder: Path, *arguments: str | Path) -> list[str]:
    """File and line of what is found, after making sure that it is what no cache would find."""
    with_cache = sessionlint("--output-format", "concise", *arguments, cwd=folder)
    without = sessionlint("--output-format", "concise", "--no-cache", *arguments, cwd=folder)
    assert (with_cache.stdout, with_cache.returncode) == (without.stdout, without.returncode)
    assert with_cache.stderr == without.stderr == ""
    lines = [line.split(": ") for line in with_cache.stdout.splitlines() if ": SES" in line]
    return [":".join(Path(line[0]).name.split(":")[:2]) for line in lines]


def parsed(folder: Path, *arguments: str) -> list[str]:
    """The files that a run had to parse; `libcst` at the end if it was loaded."""
    line = [sys.executable, "-c", WATCHED, "--jobs", "1", "--quiet", *arguments]
    done = run(line, cwd=folder, capture_output=True, text=True, check=False)
    told = [one.removeprefix("parsed ") for one in done.stderr.splitlines()]
    return told[:-1] if told[-1] == "no libcst" else told


def change(path: Path, old: str, new: str) -> None:
    """Put one text in place of another in a file that has it."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_second_run_parses_nothing_and_loads_no_parser(shop):
    assert parsed(shop) == ["alone.py", "db.py", "orders.py", "stock.py", "libcst"]
    assert parsed(shop) == []


def test_a_changed_file_is_parsed_and_nothing_else(shop):
    parsed(shop)
    change(shop / "app/stock.py", "found", "gotten")
    assert parsed(shop) == ["stock.py", "libcst"]
    assert parsed(shop) == []


@pytest.mark.slow
def test_a_file_that_was_only_touched_is_not_parsed(shop):
    parsed(shop)
    for path in shop.rglob("*.py"):
        path.touch()
    assert parsed(shop) == []


@pytest.mark.slow
def test_those_who_import_a_factory_are_parsed_when_its_module_changes(shop):
    assert places(shop) == ALL
    change(shop / "app/db.py", "session_opener = sessionmaker(", "session_opener = make(")
    assert parsed(shop) == ["db.py", "orders.py", "stock.py", "libcst"]
    assert places(shop) == OWN
    change(shop / "app/db.py", "make(create", "sessionmaker(bind=create")
    assert parsed(shop) == ["db.py", "orders.py", "stock.py", "libcst"]
    assert places(shop) == ALL


def test_answers_that_two_files_share_rest_on_the_same_for_both(shop):
    (shop / "app/deps.py").write_text(
        "from app.db import session_opener\n\ndef lend():\n    return session_opener()\n"
    )
    for name in ("orders", "stock"):
        change(
            shop / f"app/{name}.py",
            "from app.db import session_opener",
            "from app.deps import lend",
        )
        change(shop / f"app/{name}.py", "session_opener()", "lend()")
    assert places(shop) == ALL
    (shop / "app/db.py").write_text(UNSURE)
    assert places(shop) == OWN


def test_a_new_file_that_an_import_finds_first_counts(shop):
    assert places(shop) == ALL
    # Python looks for a package before a module.
    (shop / "app/db").mkdir()
    (shop / "app/db/__init__.py").write_text(UNSURE)
    assert places(shop) == OWN
    (shop / "app/db/__init__.py").unlink()
    assert places(shop) == ALL


def test_a_module_that_is_gone_counts(shop):
    assert places(shop) == ALL
    (shop / "app/db.py").unlink()
    assert places(shop) == OWN


def test_a_module_that_was_missing_counts(shop):
    text = (shop / "app/db.py").read_text()
    (shop / "app/db.py").unlink()
    assert places(shop) == OWN
    (shop / "app/db.py").write_text(text)
    assert places(shop) == ALL


def test_a_module_above_counts_where_the_one_beside_has_not_the_name(tmp_path):
    folder = written(tmp_path, {"lib/store.py": "LIMIT = 1\n", "lib/use.py": USE, ".git/x": ""})
    assert places(folder) == []
    (folder / "store.py").write_text(f"{START}\n\ndef opener():\n    return Session(engine)\n")
    assert places(folder) == ["use.py:5"]
    change(folder / "lib/store.py", "LIMIT", "opener")
    assert places(folder) == []


def test_a_renamed_alias_counts(shop):
    change(shop / "app/db.py", "session_opener =", "maker =")
    (shop / "app/names.py").write_text("from app.db import maker as session_opener\n")
    for name in ("orders", "stock"):
        change(shop / f"app/{name}.py", "app.db", "app.names")
    assert places(shop) == ALL
    change(shop / "app/names.py", "as session_opener", "as closer")
    assert places(shop) == OWN
    change(shop / "app/names.py", "as closer", "as session_opener")
    assert places(shop) == ALL


FIELD = {
    "pyproject.toml": "[tool.sessionlint]\n",
    "first.py": """\
        from sqlalchemy.orm import sessionmaker


        class Store:
            def __init__(self, engine):
                self.db_maker = sessionmaker(engine)
        """,
    "use.py": """\
        import sqlalchemy


        def load(store):
            session = store.db_maker()
            return session.execute("select 1").all()
        """,
}


def test_a_field_assigned_in_a_third_file_counts(tmp_path):
    written(tmp_path, FIELD)
    assert places(tmp_path) == ["use.py:5"]
    (tmp_path / "third.py").write_text(
        "class Web:\n    def __init__(self, pool):\n        self.db_maker = [pool]\n"
    )
    assert places(tmp_path) == []
    (tmp_path / "third.py").write_text("engine = 1\n")
    assert places(tmp_path) == ["use.py:5"]


def test_a_caller_that_speaks_of_no_database_counts(tmp_path):
    written(tmp_path, COMMAND)
    assert places(tmp_path) == []
    assert parsed(tmp_path) == []
    change(tmp_path / "scripts" / "fill.py", "fill(argv[1])", "print(argv[1])")
    assert places(tmp_path) == ["work.py:6"]
    (tmp_path / "again.py").write_text("from work import fill\n\nfill('postgresql://two')\n")
    assert places(tmp_path) == []


def test_a_run_about_other_files_in_between_hides_no_change(tmp_path):
    written(tmp_path, FIELD)
    (tmp_path / "other.py").write_text((tmp_path / "use.py").read_text())
    assert places(tmp_path) == ["other.py:5", "use.py:5"]
    (tmp_path / "third.py").write_text(
        "class Web:\n    def __init__(self, pool):\n        self.db_maker = [pool]\n"
    )
    assert places(tmp_path, "other.py") == []
    assert places(tmp_path) == []


def test_a_change_that_is_taken_back_after_a_run_about_another_file_counts(tmp_path):
    written(tmp_path, FIELD)
    third = tmp_path / "third.py"
    third.write_text("class Web:\n    def __init__(self, pool):\n        self.db_maker = [pool]\n")
    assert places(tmp_path) == []
    (tmp_path / "plain.py").write_text("")
    assert places(tmp_path) == []
    text = third.read_text()
    third.write_text("engine = 1\n")
    (tmp_path / "new.py").write_text((tmp_path / "use.py").read_text())
    assert places(tmp_path, "new.py") == ["new.py:5"]
    third.write_text(text)
    assert places(tmp_path, "new.py") == []


def test_a_name_that_the_project_comes_to_acquire_through_counts(shop):
    written(
        shop,
        {
            "app/alone.py": """\
                from sqlalchemy.orm import Session
                from app.db import session_opener
                from app.tools import fetch


                def look(engine):
                    first = fetch()
                    first.execute("select 1")
                    with session_opener() as session:
                        session.commit()
                    last = Session(engine)
                    last.commit()
                """,
            "app/tools.py": "def fetch():\n    return 1\n",
        },
    )
    assert places(shop, "app/alone.py") == ["alone.py:11"]
    (shop / "app/tools.py").write_text(
        "from app.db import session_opener\n\ndef fetch():\n    return session_opener()\n"
    )
    assert places(shop, "app/alone.py") == ["alone.py:7", "alone.py:11"]


def test_a_changed_lock_file_counts(tmp_path):
    (tmp_path / "pyproject.toml").touch()
    locked = tmp_path / "requirements.txt"
    locked.write_text("sqlalchemy==2.0.26\n")
    (tmp_path / "use.py").write_text(
        "from sqlalchemy.ext.asyncio import AsyncSession\n\n\n"
        "async def use(db: AsyncSession):\n"
        "    try:\n        await db.execute('x')\n"
        "    finally:\n        await db.close()\n"
    )
    assert places(tmp_path, "--select", "SES3") == ["use.py:8"]
    before = sessionlint(cwd=tmp_path).stdout
    locked.write_text("sqlalchemy==2.0.25\n")
    assert places(tmp_path, "--select", "SES3") == ["use.py:8"]
    assert sessionlint(cwd=tmp_path).stdout != before


def test_a_factory_counts_where_only_clean_up_was_looked_at(tmp_path):
    db = """\
        from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

        maker = async_sessionmaker(create_async_engine("x"))


        def lend():
            return 1
    """
    use = """\
        from db import lend


        async def stop(self):
            try:
                await self.run()
            finally:
                await self.session.close()


        async def use():
            found = lend()
            await found.execute("x")
    """
    written(tmp_path, {"pyproject.toml": "", "db.py": db, "use.py": use})
    assert places(tmp_path) == []
    change(tmp_path / "db.py", "return 1", "return maker()")
    assert places(tmp_path) == ["use.py:12"]


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("ignore = ['SES102']", []),
        (
            "factories = ['app.db.session_opener']",
            ALL,
        ),
        (
            "per-file-ignores = { 'orders.py' = ['SES'] }",
            ["alone.py:5", "stock.py:7", "stock.py:12"],
        ),
        ("exclude = ['stock.py']", ["alone.py:5", "orders.py:7", "orders.py:12"]),
    ],
)
def test_a_changed_configuration_counts(shop, table, expected):
    places(shop)
    (shop / "pyproject.toml").write_text(f"[tool.sessionlint]\n{table}\n")
    assert places(shop) == expected


def test_the_selection_of_the_command_line_counts(shop):
    assert places(shop, "--select", "SES1") == ALL
    assert places(shop, "--select", "SES2") == []


def test_a_change_that_keeps_size_and_time_is_seen(shop):
    path = shop / "app/alone.py"
    assert "alone.py:5" in places(shop)
    times = path.stat()
    change(path, "Session(engine)", "Sorting(engine)")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert path.stat().st_mtime_ns == times.st_mtime_ns
    assert path.stat().st_size == times.st_size
    assert "alone.py:5" not in places(shop)


@pytest.mark.parametrize("form", ["full", "concise", "json"])
def test_every_form_prints_the_same_from_the_cache(form, tmp_path):
    apps = Path(__file__).parents[1] / "fixtures" / "apps"
    files = {
        path.relative_to(apps).as_posix(): path.read_text()
        for path in (apps / "user_service").rglob("*.*")
        if path.suffix in {".py", ".toml"}
    }
    folder = written(tmp_path, files)
    line = ("--output-format", form, "--show-path", "--unsafe-fixes")
    outputs = [sessionlint(*line, *more, cwd=folder).stdout for more in ([], [], ["--no-cache"])]
    assert len(outputs[0]) > 500
    assert outputs[0] == outputs[1] == outputs[2]


# The folder.


def cache_of(folder: Path) -> Path:
    """Where a project's cache lies."""
    return folder / ".sessionlint_cache"


def test_the_cache_lies_at_the_top_of_the_project_and_is_ignored_by_git(shop):
    (shop / ".git").mkdir()
    sessionlint("app", cwd=shop)
    sessionlint(".", cwd=shop / "app")
    assert (cache_of(shop) / ".gitignore").read_text() == "*\n"
    assert not cache_of(shop / "app").exists()


def test_the_cache_lies_where_it_is_wanted(shop, tmp_path):
    sessionlint("--cache-dir", tmp_path / "else/where", cwd=shop)
    assert any((tmp_path / "else/where").glob("files-*.json"))
    assert not cache_of(shop).exists()


@pytest.mark.parametrize("where", ["kept/here", "../outside"])
def test_the_cache_lies_where_the_configuration_says(shop, where):
    (shop / "pyproject.toml").write_text(f"[tool.sessionlint]\ncache-dir = '{where}'\n")
    sessionlint(".", cwd=shop / "app")
    assert any((shop / where).glob("files-*.json"))
    sessionlint("--cache-dir", "other", cwd=shop)
    assert any((shop / "other").glob("files-*.json"))
    assert not cache_of(shop).exists()
    sessionlint("clean", cwd=shop)
    assert not (shop / where).exists()


def test_without_a_cache_none_is_made(shop):
    sessionlint("--no-cache", cwd=shop)
    assert not cache_of(shop).exists()


@pytest.mark.parametrize(
    "arguments", [["--fix"], ["--diff"], ["-"], ["--add-noqa"], ["--write-baseline", "known"]]
)
def test_fixing_and_standard_input_leave_the_cache_alone(shop, arguments):
    sessionlint(*arguments, cwd=shop)
    assert not cache_of(shop).exists()


def test_files_without_sessions_leave_no_cache(tmp_path):
    (tmp_path / "plain.py").write_text("x = 1\n")
    sessionlint("plain.py", cwd=tmp_path)
    assert not cache_of(tmp_path).exists()


def warned(done: "CompletedProcess[str]", shop: Path) -> str:
    """The one line of warning of a run that found everything all the same."""
    [line] = done.stderr.splitlines()
    assert done.returncode == 1
    assert done.stdout.count(": SES102 ") == len(ALL)
    return line.replace(str(shop), "…")


@pytest.mark.parametrize(
    "harm",
    [
        lambda data: data[:-10],
        lambda data: b"",
        lambda data: data.replace(b"SES102", b"SES103"),
        lambda data: b"\x80\x04pickle",
    ],
)
def test_a_damaged_cache_is_left_aside_with_one_warning(shop, harm):
    sessionlint(cwd=shop)
    for path in cache_of(shop).glob("*.json"):
        path.write_bytes(harm(path.read_bytes()))
    done = sessionlint("--output-format", "concise", cwd=shop)
    expected = "warning: the cache …/.sessionlint_cache is damaged; going on without it"
    assert warned(done, shop) == expected
    assert places(shop) == ALL


def test_a_damaged_cache_is_told_of_once(shop):
    """Nothing is written of files that seem to change meanwhile, so the harm would stay."""
    sessionlint(cwd=shop)
    for path in cache_of(shop).glob("*.json"):
        path.write_bytes(b"harm")
    for path in shop.rglob("*.py"):
        os.utime(path, (time.time() + 1_000,) * 2)
    assert "is damaged" in sessionlint(cwd=shop).stderr
    assert sessionlint(cwd=shop).stderr == ""


def test_a_cache_that_cannot_be_written_costs_one_warning(shop):
    cache_of(shop).write_text("in the way")
    done = sessionlint("--output-format", "concise", cwd=shop)
    expected = (
        "warning: the cache …/.sessionlint_cache cannot be used: Not a directory; "
        "going on without it"
    )
    assert warned(done, shop) == expected


def test_a_folder_with_other_things_is_no_cache(shop):
    done = sessionlint("--cache-dir", "app", "--output-format", "concise", cwd=shop)
    expected = "warning: the cache …/app is a folder with other things in it; going on without it"
    assert warned(done, shop) == expected
    assert not (shop / "app/.gitignore").exists()


@pytest.mark.slow
def test_the_cache_of_another_version_is_not_looked_at(shop, tmp_path):
    root = Path(__file__).parents[1]
    for name in ("sessionlint", "rules"):
        run(["cp", "-r", root / name, tmp_path / name], check=True)
    line = [sys.executable, "-m", "sessionlint", "--output-format", "concise"]
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}:{tmp_path / 'rules'}"}
    sessionlint(cwd=shop)
    change(
        tmp_path / "rules/sessionlint_rules/ses102_never_closed/rule.py", "is never", "is not ever"
    )
    done = run(line, cwd=shop, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.count("is not ever closed") == len(ALL)


@pytest.mark.slow
def test_two_runs_at_once_leave_a_whole_cache(shop):
    from subprocess import DEVNULL, Popen

    line = [sys.executable, "-m", "sessionlint"]
    for _ in range(3):
        change(shop / "app/alone.py", "session.commit()", "session.commit()\n    session.commit()")
        both = [Popen(line, cwd=shop, stdout=DEVNULL, stderr=DEVNULL) for _ in range(3)]
        assert [one.wait(60) for one in both] == [1, 1, 1]
        assert places(shop) == ALL
    assert not list(cache_of(shop).glob("*.tmp"))
    assert parsed(shop) == []


# Cleaning.


def test_clean_removes_the_cache_and_nothing_else(shop):
    before = sorted(shop.rglob("*"))
    sessionlint(cwd=shop)
    done = sessionlint("clean", cwd=shop / "app")
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(shop.rglob("*")) == before
    done = sessionlint("clean", cwd=shop)
    assert done.stdout == "there is no .sessionlint_cache\n"


def test_clean_keeps_what_it_did_not_write(shop):
    sessionlint(cwd=shop)
    (cache_of(shop) / "notes.txt").write_text("mine")
    done = sessionlint("clean", cwd=shop)
    assert done.returncode == 2
    assert done.stderr == (
        "sessionlint: .sessionlint_cache holds other things as well, which stay\n"
    )
    assert (cache_of(shop) / "notes.txt").read_text() == "mine"


def test_clean_refuses_a_folder_that_is_no_cache(shop):
    done = sessionlint("clean", "--cache-dir", "app", cwd=shop)
    assert (done.returncode, done.stderr) == (2, "sessionlint: app is no cache of sessionlint\n")
    assert (shop / "app/db.py").exists()


def test_a_link_to_a_cache_is_not_removed(shop, tmp_path):
    sessionlint("--cache-dir", tmp_path / "there", cwd=shop)
    cache_of(shop).symlink_to(tmp_path / "there")
    with pytest.raises(CacheError, match="is no cache"):
        removed(cache_of(shop))


def test_help_tells_of_the_cache():
    assert "--no-cache" in sessionlint("check", "--help", cwd=Path.cwd()).stdout
    assert "clean" in sessionlint("--help", cwd=Path.cwd()).stdout
