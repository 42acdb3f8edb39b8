"""A file that changes while a process goes on: do others have to be looked at again?"""

import pytest
from small_project import START, bytes_of, written

from sessionlint.check import Project, check_source
from sessionlint.facts.names import Names
from sessionlint_rules import RULES

METHOD = "class Store:\n    def opener(self):\n        return Session(engine)\n"
FUNCTION = "def opener():\n    return Session(engine)\n"
MAKER = "def opener():\n    return sessionmaker(bind=engine)\n"
LOCAL = "def start():\n    opener = sessionmaker(bind=engine)\n"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("", FUNCTION, True),
        (METHOD, FUNCTION, True),
        (LOCAL, FUNCTION, True),
        (FUNCTION, MAKER, True),
        (MAKER, FUNCTION, False),
        (FUNCTION, "", False),
        (FUNCTION, FUNCTION + "def other():\n    return 1\n", False),
        (FUNCTION, FUNCTION.replace("\n", "\r\n"), False),
        ("", FUNCTION.replace("\n", "\r\n"), True),
    ],
)
def test_a_change_is_news_when_it_gives_a_name(before, after, expected, tmp_path):
    folder = written(tmp_path, {"store.py": ""})
    old, new = (START + one for one in (before, after))
    (folder / "store.py").write_text(old)
    producers = Project.open(folder, bytes_of, Names()).producers
    assert producers.all_names is not None
    assert producers.is_news(old.encode(), new.encode()) is expected


@pytest.mark.parametrize(
    ("before", "after", "call"),
    [("", FUNCTION, "opener()"), (METHOD, FUNCTION, "opener()"), (FUNCTION, MAKER, "opener()()")],
)
def test_other_files_are_looked_at_again(before, after, call, tmp_path):
    use = (
        f"from store import opener\n\n\ndef count(query):\n    it = {call}\n    it.execute(query)\n"
    )
    folder = written(tmp_path, {"store.py": "", "use.py": use})
    (folder / "store.py").write_text(START + before)
    project = Project.open(folder, bytes_of, Names())

    def found() -> list[str]:
        path = folder / "use.py"
        return [it.code for it in check_source(path.read_bytes(), path, RULES, project)]

    assert found() == []
    project.replace(folder / "store.py", (START + after).encode())
    assert found() == ["SES102"]
