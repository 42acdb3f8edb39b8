"""What the linter may say of a site, given how the site behaves."""

from __future__ import annotations

from dataclasses import replace

from tests.oracle.execution import Behaviour

__all__ = ["LEAKS", "SILENCE", "answers", "leaks"]

SILENCE = ""
LEAKS = frozenset({"SES102", "SES103", "SES104", "SES105", "SES106"})


def leaks(behaviour: Behaviour) -> bool | None:
    """Whether the linter must report a leak; None when too few runs were made to say so.

    A site that whenever nothing fails is handed over or managed is silent by design, although a
    failure on the way may lose it.
    """
    ordinary = {ending.how for ending in behaviour.endings if ending.is_ordinary}
    is_left = any(ending.how == "left" for ending in behaviour.endings)
    is_given_away = bool(ordinary) and ordinary <= {"handed over", "by manager"}
    if is_left and not is_given_away:
        return True
    return False if behaviour.is_complete else None


def answers(behaviour: Behaviour) -> frozenset[str]:
    """The right answers: codes, `SES105 style`, or silence.

    There are two where a site is released by hand on some ways and ended well on the others, where
    a helper releases it, where no run makes sense, or where only the failing release of another
    session makes a difference; all are right of a site that no run reaches. That it opens again
    after its close may be said of one that does in any run.
    """
    is_open = leaks(behaviour) is None or not behaviour.endings
    reopens = is_open or any(ending.is_reopened for ending in behaviour.endings)
    return _told(behaviour) | ({"SES108"} if reopens else set())


def _told(behaviour: Behaviour) -> frozenset[str]:
    certain = {it: ways for it, ways in behaviour.endings.items() if not it.is_spared}
    if len(certain) == len(behaviour.endings):
        return _answers(behaviour)
    spared = _answers(replace(behaviour, endings=certain)) if certain else {SILENCE}
    return _answers(behaviour) | spared


def _answers(behaviour: Behaviour) -> frozenset[str]:
    silence = {SILENCE} if behaviour.is_doubtful else set()
    if leaks(behaviour) is None or not behaviour.endings:
        return LEAKS | {"SES101", "SES105 style", SILENCE}
    return (_leaks if leaks(behaviour) else _styles)(behaviour) | silence


def _leaks(behaviour: Behaviour) -> frozenset[str]:
    left = [ending for ending in behaviour.endings if ending.how == "left"]
    if not behaviour.is_complete:
        return LEAKS
    if any(ending.is_yielded for ending in left):
        return frozenset({"SES106"})
    if behaviour.is_looped:
        return frozenset({"SES105"})
    if len(left) == len(behaviour.endings):
        return frozenset({"SES102"})
    is_ordinary = any(ending.is_ordinary for ending in left)
    return frozenset({"SES103" if is_ordinary else "SES104"})


def _styles(behaviour: Behaviour) -> frozenset[str]:
    hows = {ending.how for ending in behaviour.endings}
    if behaviour.is_owned or "by hand" not in hows:
        return frozenset({SILENCE})
    style = frozenset({"SES105 style" if behaviour.is_looped else "SES101"})
    sensible = {ending.how for ending in behaviour.endings if ending.is_sensible}
    is_strict = hows == sensible == {"by hand"} and not behaviour.is_helped
    return style if is_strict else style | {SILENCE}
