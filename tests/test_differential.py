"""Drawn programs do after their fixes what they did before, and leave nothing open.

A program is fixed twice, with SAFE fixes only and with all of them. Every text runs under every
answer, with a fault at each operation and a cancellation at each await; the decisions of a run
before the fix are repeated after it. SAFE fixes must not show in any run that left nothing open:
same value or exception, same operations in the same order, of which only closes that follow each
other may change places. What an UNSAFE fix may change follows
from the reason that it gives; `tests/oracle/difference.py` says what each one allows, and a reason
that is not known there fails the test.
"""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sessionlint.check import Project
from sessionlint.facts.names import Names
from sessionlint.fix import Fixed, fix_source
from sessionlint.model import Safety
from tests.oracle.decorations import comments, decorated, strings
from tests.oracle.difference import REASONS, differences, needless, reasons
from tests.oracle.judged import JUDGED
from tests.oracle.programs import programs
from tests.oracle.shapes import shapes
from tests.oracle.variants import varied

# What is drawn was often drawn before, or has no fix: this many are some 200 programs.
ENOUGH_DRAWS: Final = 650
EXAMPLES: Final = int(os.environ.get("SESSIONLINT_FIX_EXAMPLES", str(ENOUGH_DRAWS)))
PROFILE: Final = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow],
)
ENOUGH: Final = 180
"""So many programs are drawn and fixed at least, half of them by SAFE fixes only."""

EACH: Final = 1
"""So many programs show each reason at least; two reasons are rare."""

NOWHERE: Final = Path("nowhere")
PATH: Final = NOWHERE / "drawn.py"
SEEDS: Final = st.integers(0, 2**20)


@st.composite
def texts(draw: st.DrawFn) -> str:
    """The text of a module, as somebody might have written it."""
    plain = draw(st.one_of(programs().map(lambda it: it.program.text), shapes(), shapes()))
    return decorated(varied(plain, draw(SEEDS)), draw(SEEDS))


def fixed(text: str, safeties: frozenset[Safety]) -> Fixed:
    """The text after all its fixes of these safeties."""
    project = Project.open(NOWHERE, lambda _: None, Names())
    return fix_source(
        text.encode(),
        PATH,
        JUDGED,
        project,
        lambda one: one.fix is not None and one.fix.safety in safeties,
    )


HEAD: Final = """\
from elsewhere import choose, holder, items
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session


"""
KEPT: Final = f"""{HEAD}def subject(engine):
    row = None
    s = Session(engine)
    holder.row = row
    row = s.execute("select 1")
"""
WAITING: Final = f"""{HEAD}async def subject(engine):
    for item in items:
        s = AsyncSession(engine)
        yield 1
        if choose(2):
            await s.close()
            return
        await s.close()
"""
LATER: Final = f"""{HEAD}def subject(engine):
    s = Session(engine)
    row = s.execute("select 1")
    if choose(2):
        s.close()
        return
    holder.row = row
"""
"""Reasons so rare that a profile may draw no program with one."""

SAFE: Final = frozenset({Safety.SAFE})
ALL: Final = frozenset(Safety)


def outcomes(text: str) -> list[Fixed]:
    """The text after its SAFE fixes, and after all where there are others."""
    safe = fixed(text, SAFE)
    is_all = all(one.fix is None for one in safe.remaining)
    return [safe] if is_all else [safe, fixed(text, ALL)]


def test_fixed_programs_do_the_same_and_leave_nothing_open() -> None:
    seen: set[str] = set()
    unfixed: set[str] = set()
    shown: Counter[str] = Counter()

    @PROFILE
    @given(texts())
    @example(KEPT)
    @example(WAITING)
    @example(LATER)
    def check(text: str) -> None:
        if text in seen or text in unfixed:
            return
        for outcome in outcomes(text):
            said = "\n".join(_disagreements(text, outcome))
            assert not said, f"{text}\nfixed:\n{outcome.data.decode()}\n{said}"
        if outcome.data == text.encode():
            unfixed.add(text)
            return
        again = fixed(outcome.data.decode(), ALL)
        assert (again.data, again.applied) == (outcome.data, ())
        seen.add(text)
        shown.update(_why(outcome) or {"safe"})

    check()
    if EXAMPLES >= ENOUGH_DRAWS:
        assert len(seen) >= ENOUGH
        assert shown["safe"] >= ENOUGH // 2
        assert {reason: shown[reason] for reason in REASONS if shown[reason] < EACH} == {}


def _why(outcome: Fixed) -> frozenset[str]:
    """The reasons of all fixes; none where all are SAFE."""
    return reasons(one.fix.reason for one in outcome.applied if one.fix is not None)


def _disagreements(text: str, outcome: Fixed) -> Iterator[str]:
    new = outcome.data.decode()
    why = _why(outcome)
    yield from (f"refused: {reason}" for _, reason in outcome.refused)
    yield from (f"nobody knows what is allowed when {reason}" for reason in why - REASONS)
    if comments(new) != comments(text):
        yield f"comments {comments(text)} became {comments(new)}"
    if strings(new) != strings(text):
        yield f"strings {strings(text)} became {strings(new)}"
    if new != text:
        yield from needless(text, new)
        yield from differences(text, new, why)
