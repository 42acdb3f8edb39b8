"""The fast engine gives what the full one gives, which reads every file as LibCST does."""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from module_drawing import MODULES
from small_project import bytes_of, found_alone, found_in, written

from sessionlint.check import Project, check_source
from sessionlint.errors import UnreadableFile
from sessionlint.facts import modules
from sessionlint.facts.names import Names
from sessionlint.model import Finding
from sessionlint.source.outline import whole
from sessionlint_rules import RULES

TOP = Path(__file__).parents[1]
FIXTURES = TOP / "fixtures"
HOUSE = TOP / "rules" / "sessionlint_rules"

PROJECTS = [
    *sorted(path for path in (FIXTURES / "apps").iterdir() if path.is_dir()),
    *sorted(path for path in (FIXTURES / "wild").iterdir() if path.is_dir()),
    FIXTURES / "flow",
]
EXAMPLES = sorted([*HOUSE.glob("*/bad.py"), *HOUSE.glob("*/good.py")])
SINGLE = sorted([*(FIXTURES / "wild").glob("*.py"), *(FIXTURES / "flow").glob("*.py")])


def name(path: Path) -> str:
    return path.relative_to(TOP).as_posix()


def alone(path: Path, engine: str) -> list[Finding] | str:
    """Everything said of a file when its project holds no other, or why it cannot be read."""
    try:
        return found_alone(path, engine)
    except UnreadableFile as error:
        return error.reason


@pytest.mark.slow
@pytest.mark.parametrize("path", [*EXAMPLES, *SINGLE], ids=name)
def test_says_the_same_of_a_file(path):
    assert alone(path, "fast") == alone(path, "full")


@pytest.mark.slow
@pytest.mark.parametrize("folder", PROJECTS, ids=name)
def test_finds_the_same_in_a_project(folder):
    assert found_in(folder, "fast") == found_in(folder, "full")


@pytest.mark.slow
def test_finds_the_same_among_many_files(tmp_path):
    """Of every third of the files, which know nothing of each other and use the same names."""
    for path in sorted((FIXTURES / "wild").glob("*.py"))[::3]:
        shutil.copy(path, tmp_path)
    assert found_in(tmp_path, "fast") == found_in(tmp_path, "full")


@pytest.mark.parametrize("folder", PROJECTS[:4], ids=name)
def test_a_file_alone_is_judged_as_among_all_files(folder):
    """What is found in a file does not depend on which files were checked before it."""
    together = found_in(folder)
    for path in sorted(folder.rglob("*.py"), reverse=True):
        project = Project.open(folder, bytes_of, Names())
        found = check_source(path.read_bytes(), path, RULES, project)
        expected = together.get(path.relative_to(folder).as_posix(), [])
        assert [(one.span.line, one.code) for one in found] == expected


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(MODULES, MODULES)
def test_says_the_same_of_modules_read_as_one_piece(one, other):
    with TemporaryDirectory() as name:
        folder = written(Path(name), {"one.py": one, "other.py": other, ".git/x": ""})
        by_pieces = found_in(folder)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(modules, "outlined", lambda text: [whole(text)])
            assert found_in(folder) == by_pieces
