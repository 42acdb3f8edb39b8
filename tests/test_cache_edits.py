"""Random edits of a small project: with a cache, every run finds what one without it finds."""

import re
import shutil
from functools import partial
from pathlib import Path
from random import Random
from time import time

import pytest

from sessionlint.cache.store import Cache
from sessionlint.config import Configuration
from sessionlint.discover import python_files
from sessionlint.project import Options, rule_names
from sessionlint.sweep import Means, swept
from sessionlint_rules import RULES

APPS = Path(__file__).parents[1] / "fixtures" / "apps"
STEPS = 8
WORD = re.compile(r"\b[A-Za-z_]\w{3,}\b")
TELLING = re.compile(r"session|engine|conn|make|import|db|close|shield", re.IGNORECASE)
LOOSE = [
    """

class Loose:
    def __init__(self, given):
        self.{name} = {value}
""",
    """

async def loose(session):
    try:
        await session.get()
    finally:
        await {name}.close({value})
""",
]


def found(paths: list[Path], means: Means) -> list[object]:
    """Every file with its findings."""
    configuration = Configuration(lambda: rule_names(RULES))
    files = python_files(paths, configuration)
    return list(swept(files, lambda: RULES, configuration, Options(), means))


def edit(root: Path, draw: Random, old: dict[Path, str]) -> str:
    """Change one file in a random way, and say how."""
    files = sorted(root.rglob("*.py"))
    path, other = draw.choice(files), draw.choice(files)
    text = path.read_text()
    old.setdefault(path, text)
    way = draw.choice(
        ["rename", "rename", "drop", "remove", "copy", "add", "undo", "package", "lock"]
    )
    match way:
        case "rename":
            words = WORD.findall(text) or ["nothing"]
            word = draw.choice([one for one in words if TELLING.search(one)] or words)
            new = draw.choice([f"{word}_x", *WORD.findall(other.read_text())])
            path.write_text(re.sub(rf"\b{word}\b", new, text, count=draw.choice([0, 1])))
        case "drop":
            lines = text.splitlines(keepends=True)
            path.write_text("".join(line for line in lines if line is not draw.choice(lines)))
        case "remove" if len(files) > 4:
            path.unlink()
        case "copy":
            (other.parent / path.name).write_text(text)
        case "add":
            name = draw.choice(["session", "db", "engine", "session_factory", "conn"])
            value = draw.choice(["given", "sessionmaker()", "Session()", "None", "given.get()"])
            path.write_text(text + draw.choice(LOOSE).format(name=name, value=value))
        case "undo":
            back = draw.choice(sorted(old))
            back.parent.mkdir(parents=True, exist_ok=True)
            back.write_text(old[back])
        case "package":
            shutil.rmtree(path.parent / path.stem, ignore_errors=True)
            (path.parent / path.stem).mkdir()
            (path.parent / path.stem / "__init__.py").write_text(text)
        case "lock":
            versions = ["2.0.25", "2.0.26", "2.1.0"]
            (root / "requirements.txt").write_text(f"sqlalchemy=={draw.choice(versions)}\n")
    return f"{way} {path.relative_to(root)}"


@pytest.fixture(params=["few files", "many files", "few files of many"])
def size(request, monkeypatch):
    """What the small projects are taken for."""
    if request.param == "many files":
        monkeypatch.setattr("sessionlint.sweep.PATIENCE", 0)
    if request.param == "few files of many":
        monkeypatch.setattr("sessionlint.facts.files._LARGE", 0)
    return request.param


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0])
@pytest.mark.parametrize("app", ["user_service", "shop", "report_job", "price_feed"])
def test_finds_the_same_after_each_edit(tmp_path, app, seed, size):
    root = tmp_path / app
    shutil.copytree(APPS / app, root)
    draw = Random(f"{app} {seed}")
    old: dict[Path, str] = {}
    told: list[str] = []
    edits: list[str] = []
    for _ in range(STEPS):
        cache = partial(Cache, root / ".sessionlint_cache", "key", told.append, time())
        paths = [root] if draw.random() < 0.7 else draw.sample(sorted(root.rglob("*.py")), 2)
        assert found(paths, Means(1, cache)) == found(paths, Means()), edits[-3:]
        edits.append(edit(root, draw, old))
    assert told == []
