"""What is told from the cache is what is told without it, in every way there is to tell it."""

from functools import partial
from pathlib import Path
from time import time

import pytest
from command import sessionlint
from notebooks import notebook
from small_project import written

from sessionlint.cache.store import Cache
from sessionlint.config import Configuration
from sessionlint.discover import python_files
from sessionlint.project import Options, rule_names
from sessionlint.report.forms import FORMS
from sessionlint.sweep import Means, swept
from sessionlint_rules import RULES

SHOP = {
    "pyproject.toml": "[tool.sessionlint]\n",
    "app/leak.py": """\
        from sqlalchemy.orm import Session


        class Shop:
            def look(self, engine):
                session = Session(engine)
                session.commit()
        """,
    "app/tidy.py": """\
        from sqlalchemy.orm import Session


        def look(engine):
            session = Session(engine)
            session.commit()
            session.close()
        """,
    "app/note.py": "number = 1  # noqa: SES101\n",
    "app/broken.py": "from sqlalchemy.orm import Session\nSession(\n",
}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A project with leaks, fixes, a needless comment and a file that cannot be parsed."""
    return written(tmp_path / "shop", SHOP)


def told(folder: Path, *arguments: str) -> tuple[str, str, int]:
    """What one run says on both streams, and its exit code."""
    done = sessionlint(*arguments, cwd=folder)
    return done.stdout, done.stderr, done.returncode


def codes(folder: Path, *arguments: str) -> list[str]:
    """The code and line of what is found, file by file."""
    out, _, _ = told(folder, "--output-format", "concise", *arguments)
    lines = [line.split(": ") for line in out.splitlines() if ": SES" in line]
    return [f"{Path(where.split(':')[0]).name} {rest.split()[0]}" for where, rest, *_ in lines]


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
def test_every_format_is_the_same_from_the_cache(shop, form):
    line = ("--output-format", form, "--show-path", "--unsafe-fixes", "app")
    cold = told(shop, *line, "--no-cache")
    assert "SES901" in cold[0]
    assert told(shop, *line) == cold
    assert (shop / ".sessionlint_cache").is_dir()
    assert told(shop, *line) == cold
    (shop / "app/other.py").write_text("")
    assert told(shop, *line) == told(shop, *line, "--no-cache")


def test_a_report_from_the_cache_has_fixes_for_programs(shop):
    told(shop, "app")
    out, _, _ = told(shop, "--output-format", "sarif", "app")
    assert out.count('"insertedContent"') > 1


def test_a_needless_comment_is_found_in_a_file_that_is_never_parsed(shop):
    before = codes(shop, "app")
    assert "note.py SES901" in before
    (shop / "app/other.py").write_text("")
    assert codes(shop, "app") == before
    (shop / "app/note.py").write_text("number = 1\n")
    assert codes(shop, "app") == [one for one in before if one != "note.py SES901"]


def test_a_comment_counts_as_used_once_its_line_acquires(shop):
    written(
        shop,
        {
            "app/made.py": "def open_it(engine):\n    return engine\n",
            "app/use.py": """\
                from app.made import open_it


                def look(engine):
                    session = open_it(engine)  # noqa: SES102
                    session.commit()
                """,
        },
    )
    assert "use.py SES901" in codes(shop, "app")
    written(
        shop,
        {
            "app/made.py": """\
                from sqlalchemy.orm import Session


                def open_it(engine):
                    return Session(engine)
                """
        },
    )
    assert codes(shop, "app") == codes(shop, "--no-cache", "app")
    assert "use.py SES901" not in codes(shop, "app")


def test_a_baseline_knows_findings_that_come_from_the_cache(shop):
    (shop / "app/broken.py").unlink()
    told(shop, "app")
    assert told(shop, "--write-baseline", "known.json", "app")[2] == 0
    for _ in range(2):
        assert told(shop, "--baseline", "known.json", "app")[2] == 0
    assert told(shop, "app")[2] == 1


def test_a_baseline_is_the_same_whether_there_is_a_cache(shop):
    told(shop, "--write-baseline", "first.json", "--no-cache", "app")
    told(shop, "app")
    told(shop, "--write-baseline", "second.json", "app")
    assert (shop / "first.json").read_bytes() == (shop / "second.json").read_bytes()


def test_comments_are_added_for_what_is_found_now(shop):
    (shop / "app/broken.py").unlink()
    told(shop, "app")
    leak = shop / "app/leak.py"
    leak.write_text(f"number = 1\n{leak.read_text()}")
    assert told(shop, "--add-noqa", "app")[2] == 0
    assert leak.read_text().splitlines()[6].endswith("# noqa: SES102")
    # What is said of a comment stays.
    assert codes(shop, "app") == codes(shop, "--no-cache", "app") == ["note.py SES901"]


def test_who_reads_noqa_himself_gets_nothing_from_who_does_not(shop):
    (shop / "app/leak.py").write_text(
        "from sqlalchemy.orm import Session\n\n\n"
        "def look(engine):\n    session = Session(engine)  # noqa: SES102\n    session.commit()\n"
    )

    opened = partial(Cache, shop / ".sessionlint_cache", "key", print, time())

    def found(options: Options, means: Means) -> list[object]:
        configuration = Configuration(lambda: rule_names(RULES))
        files = python_files([shop / "app"], configuration)
        return list(swept(files, lambda: RULES, configuration, options, means))

    for honours in (True, False, True):
        options = Options(honours_noqa=honours)
        assert found(options, Means(1, opened)) == found(options, Means())
    assert found(Options(), Means()) != found(Options(honours_noqa=False), Means())


OPENING = """\
from sqlalchemy.orm import Session
def look(engine):
    session = Session(engine)
    session.commit()
"""
NEEDLESS = notebook("number = 1  # noqa: SES101")


def test_a_finding_in_a_notebook_keeps_its_cell(tmp_path):
    folder = written(
        tmp_path,
        {"pyproject.toml": "[tool.sessionlint]\n", "some.ipynb": notebook("number = 1", OPENING)},
    )
    cold = told(folder, "--no-cache")
    assert "cell 2:3" in cold[0]
    assert told(folder) == told(folder) == cold
    (folder / "other.py").write_text("")
    assert told(folder) == cold


@pytest.mark.parametrize(("text", "code"), [(NEEDLESS, "SES901"), ("{ no json", "SES999")])
def test_a_notebook_that_opens_nothing_is_looked_at_as_one(tmp_path, text, code):
    folder = written(tmp_path, {"pyproject.toml": "[tool.sessionlint]\n", "some.ipynb": text})
    assert code in told(folder, "--no-cache")[0]
    assert told(folder) == told(folder) == told(folder, "--no-cache")


WAITING = {
    "pyproject.toml": "[tool.sessionlint]\n",
    "work.py": """\
        from sqlalchemy.orm import Session


        class Work:
            async def clean(self):
                try:
                    await self.session.get()
                finally:
                    await self.session.close()


        def look(engine):
            session = Session(engine)
            session.commit()
        """,
    "loose.py": """\
        from sqlalchemy.ext.asyncio import AsyncSession


        class Loose:
            def __init__(self, engine):
                self.session = AsyncSession(engine)
        """,
}


def test_a_project_that_comes_to_wait_counts(tmp_path):
    folder = written(tmp_path, WAITING | {"loose.py": "number = 1\n"})
    assert codes(folder) == ["work.py SES102"]
    written(folder, WAITING)
    assert codes(folder) == codes(folder, "--no-cache") == ["work.py SES301", "work.py SES102"]
    written(folder, {"loose.py": "number = 1\n"})
    assert codes(folder) == ["work.py SES102"]
