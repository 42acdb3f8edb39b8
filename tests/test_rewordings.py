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


@lru_cache(maxsize=1 + len(REWORDINGS))
def told(text: str) -> Counter[tuple[str, str]]:
    """How often each code is found in each function of a text.

    Half of the rewordings leave an example as it is.
    """
    return Counter((one.function, one.code) for one in findings(text))


@lru_cache(maxsize=2)
def read(path: Path) -> cst.Module:
    """An example, for all of its rewordings, which follow each other."""
    return cst.parse_module(path.read_text())


TOLD_APART = {
    # What a `try` is followed by tells that a connection only asks for an answer.
    ("asked_whether_it_answers.py", "IdleElse"),
    # A close in an `else` is one that something may come to.
    ("closed_already.py", "ElseBehindReturn"),
}


@pytest.mark.slow
@pytest.mark.parametrize("rewording", REWORDINGS)
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_the_same_is_found_in_other_words(path, rewording):
    example = read(path)
    other = reworded(example, rewording())
    text = path.read_text() if other is example else other.code
    compile(text, path, "exec", dont_inherit=True)
    is_same = told(text) == told(path.read_text())
    assert is_same is ((path.name, rewording.__name__) not in TOLD_APART)
