"""The examples are run: a bad one does the harm its page claims, a good or a fixed one does none.

Every public function is called with every combination of arguments, without a fault and with one
at each of its first five statements, on real pools.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from harm.cancels import is_cut_off
from harm.examples import Example, examples, loaded
from harm.runs import Run, called, is_multiplied, is_shared, observed, runs
from harm.world import World, prepare
from sqlalchemy.ext.asyncio import async_scoped_session

from sessionlint.check import Project
from sessionlint.facts.names import Names
from sessionlint.fix import fix_source
from sessionlint.model import Safety
from sessionlint_rules import RULES

ONCE = frozenset({"main", "lifespan", "create_app", "init_db"})
"""Functions that a program calls once, when it starts: they cannot multiply anything."""

NOWHERE = Path("nowhere")

Judge = Callable[[World, Callable[..., object]], Awaitable[bool]]


@pytest.fixture
def judged(tmp_path, monkeypatch, request):
    """Runs a judge of an example in a folder and a world of its own."""
    monkeypatch.chdir(tmp_path)
    prepare(tmp_path / "shop.db")

    def judged_by(example: Example, judge: Judge) -> bool:
        if example.needs_postgres:
            address = request.getfixturevalue("postgres_tables")
            for name, value in address.items():
                monkeypatch.setenv(name, value)
        world = World()
        for where, name, replacement in world.replaced():
            monkeypatch.setitem(where, name, replacement)
        return asyncio.run(_verdict(world, example, judge))

    return judged_by


async def _verdict(world: World, example: Example, judge: Judge) -> bool:
    with world.watched():
        try:
            return await judge(world, getattr(loaded(example.path), example.name))
        finally:
            await world.end()


async def leaks(world, function):
    """Whether some run leaves a connection out."""
    for run in runs(function):
        await called(world, function, run)
        if world.held:
            return True
    return False


async def shares(world, function):
    """Whether two calls meet in one session or connection."""
    return await is_shared(world, function, _plain(function))


async def multiplies(world, function):
    """Whether every call opens connections that stay."""
    return await is_multiplied(world, function, _plain(function))


async def keeps(world, function):
    """Whether some run leaves a connection out, or a session in a registry of tasks."""
    return await leaks(world, function) or any(map(_is_holding, function.__globals__.values()))


def _is_holding(value: object) -> bool:
    """Whether it is a registry with the session of a task, which outlives that."""
    return isinstance(value, async_scoped_session) and bool(value.registry.registry)


async def works(world, function):
    """Whether the example can succeed at all."""
    return await called(world, function, _plain(function))


def _plain(function) -> Run:
    """The first of all runs: ordinary arguments and no fault."""
    return next(runs(function))


async def ways(world, function):
    """What each run does, None for one that leaves a connection out."""
    seen = []
    for run in runs(function):
        did = await observed(world, function, run)
        seen.append(None if world.held else did)
        await world.recover()
    return seen


async def is_cut(world, function):
    """Whether a second cancellation costs the pool its connection."""
    return await is_cut_off(world, function)


CANCELLED = ("SES301", "SES302", "SES303", "SES304", "SES305")
CLAIMS = {"SES201": shares, "SES203": shares, "SES204": keeps, "SES401": multiplies}
CLAIMS |= dict.fromkeys(CANCELLED, is_cut)
"""What a rule's page claims; where nothing stands here, it is a connection that stays out."""

BAD = examples("bad")
GOOD = examples("good")
FIXED = examples("fixed")


@pytest.mark.parametrize("example", BAD + GOOD, ids=str)
def test_an_example_works(judged, example):
    assert judged(example, works)


@pytest.mark.slow
@pytest.mark.parametrize("example", FIXED, ids=str)
def test_a_fixed_example_works(judged, example):
    assert judged(example, works)


@pytest.mark.parametrize("example", [one for one in BAD if not one.is_harmless], ids=str)
def test_a_bad_example_does_the_harm_its_page_claims(judged, example):
    assert judged(example, CLAIMS.get(example.code, leaks))


@pytest.mark.parametrize("example", [one for one in BAD if one.is_harmless], ids=str)
def test_an_example_closed_by_hand_leaks_nothing(judged, example):
    assert not judged(example, leaks)


@pytest.mark.slow
@pytest.mark.parametrize("example", GOOD + FIXED, ids=str)
def test_a_good_or_fixed_example_leaks_nothing(judged, example):
    assert not judged(example, leaks)


@pytest.mark.parametrize("example", [one for one in GOOD if one.code == "SES204"], ids=str)
def test_a_good_example_leaves_nothing_in_a_registry(judged, example):
    assert not judged(example, keeps)


@pytest.mark.slow
@pytest.mark.parametrize("example", GOOD + FIXED, ids=str)
def test_a_good_or_fixed_example_shares_nothing(judged, example):
    assert not judged(example, shares)


@pytest.mark.parametrize("example", [one for one in GOOD + FIXED if one.code in CANCELLED], ids=str)
def test_a_good_or_fixed_clean_up_is_not_cut_off(judged, example):
    assert not judged(example, is_cut)


@pytest.mark.slow
@pytest.mark.parametrize("example", [one for one in GOOD + FIXED if one.name not in ONCE], ids=str)
def test_a_good_or_fixed_example_multiplies_nothing(judged, example):
    assert not judged(example, multiplies)


@pytest.fixture
def safely_fixed(tmp_path):
    """Gives an example as the SAFE fixes of its file leave it."""

    def fixed_by(example: Example) -> Example:
        path = tmp_path / "fixed" / example.path.name
        path.parent.mkdir()
        path.write_bytes(_safely_fixed(example.path))
        return replace(example, path=path)

    return fixed_by


@cache
def _safely_fixed(path):
    """The whole file of an example, which has many of them."""
    project = Project.open(NOWHERE, lambda _: None, Names())
    return fix_source(path.read_bytes(), NOWHERE / "bad.py", RULES, project, _is_safe).data


def _is_safe(finding):
    return finding.fix is not None and finding.fix.safety is Safety.SAFE


@pytest.mark.slow
@pytest.mark.parametrize("example", BAD, ids=str)
def test_a_safe_fix_changes_no_run_that_left_nothing_open(judged, safely_fixed, example):
    before = judged(example, ways)
    after = judged(safely_fixed(example), ways)
    assert len(before) == len(after)
    assert [
        both for both in zip(before, after, strict=True) if both[0] not in (None, both[1])
    ] == []
