"""What is found does not hang on how a program is written."""

from collections import Counter
from functools import lru_cache
from pathlib import Path

import libcst as cst
import pytest
from rewordings import REWORDINGS, reworded
from small_project import findings

TOP = Path(__file__).parents[1]
EXAMPLES = sorted(
    path
    for path in (*TOP.glob("rules/*/ses*/*.py"), *TOP.glob("fixtures/wild/*.py"))
    if path.name not in {"__init__.py", "rule.py"} and "ses9" not in path.parent.name
)

TOLD_APART = {
    # What a `try` is followed by tells that a connection only asks for an answer.
    "asked_whether_it_answers.py": {"IdleElse"},
    # A close in an `else` is one that something may come to.
    "closed_already.py": {"ElseBehindReturn"},
}


@lru_cache(maxsize=2)
def told(text: str) -> Counter[tuple[str, str]]:
    """How often each code is found in each function of a text."""
    return Counter((one.function, one.code) for one in findings(text))


@lru_cache(maxsize=2)
def read(path: Path) -> cst.Module:
    """An example, for all of its rewordings, which follow each other."""
    return cst.parse_module(path.read_text())


def is_told_alike(path: Path, rewordings) -> bool:
    """Whether the same is found in an example when all of that is done to it."""
    other = example = read(path)
    for rewording in rewordings:
        other = reworded(other, rewording())
    if other is example:
        return True
    compile(other.code, path, "exec", dont_inherit=True)
    return told(other.code) == told(path.read_text())


def in_id(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


@pytest.mark.slow
@pytest.mark.parametrize("path", EXAMPLES, ids=in_id)
def test_the_same_is_found_in_other_words(path):
    """One check of a text that has been written otherwise in many ways is worth many checks."""
    apart = TOLD_APART.get(path.name, ())
    chain = [one for one in REWORDINGS if one.__name__ not in apart]
    if not is_told_alike(path, chain):
        assert [one.__name__ for one in chain if not is_told_alike(path, [one])] == []
        pytest.fail(f"not one, but together: {chain}")


@pytest.mark.slow
@pytest.mark.parametrize("name", TOLD_APART)
def test_other_words_may_say_something_else(name):
    [path] = [one for one in EXAMPLES if one.name == name]
    apart = {one.__name__ for one in REWORDINGS if not is_told_alike(path, [one])}
    assert apart == TOLD_APART[name]
