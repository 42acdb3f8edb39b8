"""Where two texts differ: the changes make one of the other, and are few."""

import random
import sys
from collections.abc import Callable
from difflib import SequenceMatcher
from itertools import pairwise
from types import FrameType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionlint.source import changes as changes_module
from sessionlint.source.changes import Change, changes

LINES = st.lists(st.sampled_from("abcdefgh"), max_size=30)


def made(old: list[str], new: list[str]) -> list[str]:
    """The new lines, by the changes alone."""
    text = [*old]
    for one in reversed(list(changes(old, new))):
        text[one.start : one.stop] = new[one.new_start : one.new_stop]
    return text


@pytest.fixture(scope="module")
def cut():
    """Even short texts are cut into pieces."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(changes_module, "_SHORT", 0)
        yield


@given(LINES, LINES)
def test_the_changes_of_short_texts_are_those_of_the_standard_library(old, new):
    codes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    assert list(changes(old, new)) == [Change(*at) for kind, *at in codes if kind != "equal"]


@given(LINES, LINES)
def test_all_changes_together_make_the_new_text(cut, old, new):
    assert made(old, new) == new


@given(LINES, LINES)
def test_a_line_stays_between_any_two_changes(cut, old, new):
    for one, other in pairwise(changes(old, new)):
        assert one.stop < other.start
        assert one.new_stop < other.new_start
        assert one.new_stop - one.stop == other.new_start - other.start


@given(LINES, LINES)
def test_a_change_changes_something(cut, old, new):
    for one in changes(old, new):
        assert old[one.start : one.stop] != new[one.new_start : one.new_stop]


@pytest.mark.parametrize("seed", range(20))
def test_a_long_text_has_the_changed_lines_alone(seed):
    draw = random.Random(seed)
    old = [draw.choice(["", "    pass", f"def f{n}():"]) for n in range(3_000)]
    places = draw.sample(range(3_000), 40)
    new = [f"new {at}" if at in places else line for at, line in enumerate(old)]
    assert made(old, new) == new
    assert sum(one.new_stop - one.new_start for one in changes(old, new)) == 40


def test_lines_that_change_places_are_found():
    lines = [str(n) for n in range(400)]
    moved = [*lines[:100], *lines[300:], *lines[100:300]]
    assert list(changes(lines, moved)) == [Change(100, 100, 100, 200), Change(300, 400, 400, 400)]


def calls(work: Callable[[], object]) -> int:
    """How many functions are called for some work, which hangs on no machine."""
    count = 0

    def note(_frame: FrameType, event: str, _given: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def compared(functions: int) -> int:
    """What it takes to compare as many functions with what `--fix` makes of them."""
    old = "".join(
        f"def f{n}(e):\n    s = S(e)\n    return s.get(A, {n})\n\n\n" for n in range(functions)
    )
    new = old.replace("    s = S(e)\n    return", "    with S(e) as s:\n        return")
    found: list[Change] = []
    count = calls(lambda: found.extend(changes(old.splitlines(), new.splitlines())))
    assert len(found) == functions
    return count


def test_four_times_as_many_changes_take_four_times_as_many_calls():
    assert compared(2_000) < 4.1 * compared(500)


def test_lines_without_any_that_is_unique_take_no_square():
    old = ["a", "b", "", "c"] * 5_000
    new = ["a", "b", "", "d"] * 5_000
    assert made(old, new) == new
    assert calls(lambda: list(changes(old, new))) < 20 * len(old)
