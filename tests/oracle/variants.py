"""The same program with another library, with values that are loaded and looked at, more closes, and shorter lines."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final

__all__ = ["varied"]

_SESSION: Final = re.compile(r"(?:Async)?Session\(engine\)")
_RELEASE: Final = re.compile(r"await (\w)\.close\(\)")
_USE: Final = re.compile(r'^(\s+)((?:await )?\w\.execute\("select 1"\))$', re.MULTILINE)
_SIMPLE: Final = re.compile(
    r"^(\s+)(work\(\)|(?:await )?([st])\.close\(\)|await pause\(\))$", re.MULTILINE
)
_PAIR: Final = re.compile(
    r"^( +)(work\(\)|(?:await )?[st]\.close\(\)|await pause\(\))\n"
    r"\1(work\(\)|(?:await )?[st]\.close\(\)|return\b.*|raise\b.*|break|continue)$",
    re.MULTILINE,
)
_TWO: Final = re.compile(r":\n    row = None\n    (\w) = None\n")
_RETURNS: Final = re.compile(r"^\s+(return .|yield)", re.MULTILINE)


@dataclass(frozen=True)
class _Library:
    """What opens, in a program that has no other helper, and the parameter that gives it."""

    opening: str
    parameter: str
    release: str = r"await \1.close()"


_LIBRARIES: Final = {
    False: (
        _Library("engine.connect()", "engine: Engine"),
        _Library("engine.raw_connection()", "engine: Engine"),
    ),
    True: (
        _Library("await engine.connect()", "engine: AsyncEngine"),
        _Library("await asyncpg.connect()", "engine"),
        _Library("await pool.acquire()", "pool: asyncpg.Pool", r"await pool.release(\1)"),
    ),
}
_IMPORTS: Final = """\
import asyncpg
from elsewhere import look
from sqlalchemy import Engine
from sqlalchemy.ext.asyncio import AsyncEngine
"""


def varied(text: str, seed: int) -> str:
    """Some variant of a program's text; seed 0 gives the text itself."""
    if seed == 0:
        return text
    random = Random(seed)
    at = re.search(r"^(@\w+\n)?(async )?def subject", text, re.MULTILINE)
    assert at is not None
    head, subject = text[: at.start()], text[at.start() :]
    for variant in (_library, _values, _together, _more, _data, _compared, _joined):
        subject = variant(subject, random)
    return _IMPORTS + head + subject


def _library(subject: str, random: Random) -> str:
    """Connections instead of sessions."""
    if random.random() < 0.5 or "close_" in subject or "=None" in subject or "with s" in subject:
        return subject
    chosen = random.choice(_LIBRARIES["async def" in subject])
    if "pool" in chosen.opening and "closing(" in subject:
        return subject
    subject = subject.replace("subject(engine", f"subject({chosen.parameter}", 1)
    subject = _SESSION.sub(chosen.opening, subject)
    return _RELEASE.sub(chosen.release, subject)


def _values(subject: str, random: Random) -> str:
    """What is loaded is bound, looked at, kept and returned."""
    if random.random() < 0.5:
        return subject
    head, body = subject.split(":\n", 1)
    subject = f"{head}:\n    row = None\n{body}"
    subject = _USE.sub(_sometimes(random, 0.7, r"\1row = \2"), subject)
    subject = re.sub(r"\bwork\(\)", _sometimes(random, 0.4, "look(row)"), subject)
    subject = re.sub(r"\bwork\(\)", _sometimes(random, 0.2, "holder.row = row"), subject)
    if "yield" not in subject:
        subject = re.sub(
            r"\breturn$", _sometimes(random, 0.4, "return row"), subject, flags=re.MULTILINE
        )
    return subject


def _together(subject: str, random: Random) -> str:
    """Two names that are bound to None by one statement."""
    return _TWO.sub(_sometimes(random, 0.7, r":\n    \1 = row = None\n"), subject, count=1)


def _more(subject: str, random: Random) -> str:
    """More of the same: a statement again, or another close."""
    return _SIMPLE.sub(_sometimes(random, 0.1, r"\1\2\1\2".replace(r"\2\1", "\\2\n\\1")), subject)


def _data(subject: str, random: Random) -> str:
    """A generator of data."""
    if _RETURNS.search(subject) or random.random() < 0.8:
        return subject
    gives = "row" if "row = None" in subject else "1"
    return re.sub(
        r"\b(work\(\)|await pause\(\))", _sometimes(random, 0.5, f"yield {gives}"), subject
    )


def _compared(subject: str, random: Random) -> str:
    """Conditions that compare what a call gives."""
    return re.sub(r"\bif choose\(2\):", _sometimes(random, 0.3, "if choose(2) == 1:"), subject)


def _joined(subject: str, random: Random) -> str:
    """Two statements on one line."""
    return _PAIR.sub(_sometimes(random, 0.2, r"\1\2; \3"), subject)


def _sometimes(random: Random, chance: float, to: str) -> Callable[[re.Match[str]], str]:
    """A replacement that is made so often."""
    return lambda found: found.expand(to) if random.random() < chance else found[0]
