"""The linter agrees with what drawn programs do when they are run every way they can go."""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from hypothesis import HealthCheck, given, settings

from sessionlint.check import Project, check_source
from sessionlint.facts.names import Names
from sessionlint.model import Finding, Severity
from tests.oracle.execution import Behaviour, Nonsense, behaviours, story
from tests.oracle.judged import JUDGED
from tests.oracle.programs import Drawn, programs
from tests.oracle.syntax import Program
from tests.oracle.verdict import LEAKS, answers

# About half of what Hypothesis draws it has drawn before: this many are some 700 programs.
ENOUGH_DRAWS: Final = 1300
EXAMPLES: Final = int(os.environ.get("SESSIONLINT_ORACLE_EXAMPLES", str(ENOUGH_DRAWS)))
PROFILE: Final = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow],
)
ENOUGH: Final = 600
EACH: Final = 5
NOWHERE: Final = Path("nowhere")
PATH: Final = NOWHERE / "drawn.py"
CONSTRUCTS: Final = {
    "acquire",
    "break",
    "commit",
    "continue",
    "flag",
    "helper",
    "keep",
    "none",
    "owned",
    "raise",
    "release",
    "reraise",
    "return",
    "return it",
    "rollback",
    "use",
    "work",
    "yield",
    "closing async with aclosing(s):",
    "closing with closing(s):",
    "for async for item in stream:",
    "for else:",
    "for for item in items:",
    "guard else:",
    "guard if s is None:",
    "guard if s is not None:",
    "guard if s:",
    "if else:",
    "if flag if own:",
    "match case _:",
    "stranger async with guard():",
    "stranger with guard():",
    "try else:",
    "try except (Fault, ValueError):",
    "try except BaseException:",
    "try except Exception:",
    "try except Fault:",
    "try except ValueError:",
    "try except asyncio.CancelledError:",
    "try except:",
    "try finally:",
    "while else:",
    "while true",
    "with async with s:",
    "with with s:",
}


def test_says_of_each_drawn_site_what_its_runs_show() -> None:
    constructs: Counter[str] = Counter()
    verdicts: Counter[frozenset[str]] = Counter()
    agreed: set[str] = set()
    nonsense: set[str] = set()

    @PROFILE
    @given(programs())
    def agree(drawn: Drawn) -> None:
        text = drawn.program.text
        if text in agreed or text in nonsense:
            return
        try:
            seen = behaviours(drawn.program)
        except Nonsense:
            nonsense.add(text)
            return
        said = "\n".join(_disagreements(drawn.program, seen))
        assert not said, f"{text}\n{said}"
        agreed.add(text)
        constructs.update(drawn.constructs)
        verdicts.update(answers(behaviour) for behaviour in seen)

    agree()
    if EXAMPLES >= ENOUGH_DRAWS:
        assert len(agreed) >= ENOUGH
        _draws_enough_of_everything(constructs, verdicts)


def _draws_enough_of_everything(
    constructs: Counter[str], verdicts: Counter[frozenset[str]]
) -> None:
    assert {it: constructs[it] for it in CONSTRUCTS if constructs[it] < EACH} == {}
    wanted = [{code} for code in ("", "SES101", "SES105 style", *sorted(LEAKS))]
    assert {str(it): n for it in wanted if (n := verdicts[frozenset(it)]) < EACH} == {}
    assert verdicts[frozenset({"", "SES101"})] >= EACH


def _disagreements(drawn: Program, known: list[Behaviour]) -> Iterator[str]:
    """What the linter says wrongly, with the runs that show it."""
    findings = _findings(drawn)
    said = {line: {_answer(it) for it in findings if it.span.line == line} for line in drawn.sites}
    for it in findings:
        if it.span.line not in drawn.sites:
            yield f"line {it.span.line} acquires nothing, yet: {it.code} {it.message}"
    for seen in known:
        if not _agrees(seen, said[seen.line]) and not _agrees(
            _longer(drawn, seen), said[seen.line]
        ):
            yield f"line {seen.line}: wanted one of {sorted(answers(seen))}, got {said[seen.line]}"
            yield from _told(drawn, seen)


def _agrees(seen: Behaviour, said: set[str]) -> bool:
    return len(said) <= 1 and (said or {""}) <= answers(seen)


def _longer(drawn: Program, seen: Behaviour) -> Behaviour:
    """The same site when loops may turn more often."""
    return next(it for it in behaviours(drawn, 4, 20_000) if it.line == seen.line)


def _told(drawn: Program, seen: Behaviour) -> Iterator[str]:
    for ending, decisions in seen.endings.items():
        way = "ordinary" if ending.is_ordinary else "after a failure"
        yield f"  {ending.how}, {way}: {'; '.join(story(drawn, decisions))}"


def _findings(drawn: Program) -> list[Finding]:
    project = Project.open(NOWHERE, lambda _: None, Names())
    return check_source(drawn.text.encode(), PATH, JUDGED, project)


def _answer(finding: Finding) -> str:
    if finding.code == "SES105" and finding.severity is Severity.STYLE:
        return "SES105 style"
    return finding.code
