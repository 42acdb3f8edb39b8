"""SES901: a comment that takes nothing back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from sessionlint.model import Fix, ReplaceComment, Safety
from sessionlint.rule import Finding, Review, Rule, Severity

if TYPE_CHECKING:
    from sessionlint.flow.scope import Scope
    from sessionlint.model import Suppression

_CODE: Final = r"SES\d+"
_WHOLE: Final = r"\bignore-file\b"


def check(scope: Scope) -> Iterator[Finding]:
    """Nothing: what a comment is good for shows when all scopes have been checked."""
    return iter(())


def review(one: Review) -> Iterator[Finding]:
    """Report a comment that takes back less than it says, with the words that are too many."""
    comment = one.suppression
    if not comment.is_clear:
        yield UNUSED_SUPPRESSION.finding(_clearer(comment), comment.span)
        return
    own = [code for _, code in comment.codes if code.startswith("SES") or not comment.is_noqa]
    if UNUSED_SUPPRESSION.code in own:
        # Somebody means to keep the comment as it is.
        return
    names = _names()
    if named := {code: names[code] for code in own if code in names}:
        yield UNUSED_SUPPRESSION.finding(_named(named), comment.span, fix=_with(comment, named))
        return
    known = frozenset(names.values()) | one.judged
    idle = [code for code in own if _is_idle(code, one, known)]
    unknown = [code for code in own if not any(name.startswith(code) for name in known)]
    if not idle and not unknown and not _is_idle_as_a_whole(one, known):
        return
    fix = _fix(comment, {*idle, *unknown})
    yield UNUSED_SUPPRESSION.finding(_message(comment, idle, unknown), comment.span, fix=fix)


def _clearer(comment: Suppression) -> str:
    """How a comment is to be written that nobody understands."""
    said = comment.text[comment.start : comment.stop]
    codes = ", ".join(dict.fromkeys(re.findall(_CODE, said.upper())))
    word = "ignore-file" if re.search(_WHOLE, said) else "ignore"
    form = f"{word}[{codes}]" if codes else word
    return f"`{said}` takes nothing back; write `# sessionlint: {form}`"


def _names() -> dict[str, str]:
    """The codes of all rules, switched on or not, by their names in capitals."""
    from sessionlint_rules import RULES

    return {rule.name.upper(): rule.code for rule in RULES}


def _named(named: dict[str, str]) -> str:
    """What to say of rules that a comment calls by their names."""
    said = (f"`{name.lower()}` takes nothing back; write `{named[name]}`" for name in named)
    return "; ".join(said)


def _with(comment: Suppression, named: dict[str, str]) -> Fix:
    """The comment with codes for the names of rules, none that it has already."""
    there = {code for _, code in comment.codes}
    text = _with_other_codes(comment, {name for name in named if named[name] in there}, named)
    edit = ReplaceComment(comment.line, comment.column, text)
    return Fix("write the code", Safety.SAFE, (edit,))


def _is_idle(code: str, one: Review, known: frozenset[str]) -> bool:
    """Whether a code takes nothing back although all rules that it stands for are on."""
    meant = {name for name in known if name.startswith(code)}
    return bool(meant) and meant <= one.judged and code not in one.used


def _is_idle_as_a_whole(one: Review, known: frozenset[str]) -> bool:
    """Whether a comment for sessionlint alone names no code and takes nothing back."""
    comment = one.suppression
    if comment.is_noqa or comment.codes:
        return False
    return not comment.is_blanket or _is_idle("", one, known)


def _message(comment: Suppression, idle: list[str], unknown: list[str]) -> str:
    where = "in this file" if comment.is_file else "here"
    said = [f"{_listed(idle)} {_verb(idle, 'takes', 'take')} nothing back {where}"] if idle else []
    if unknown:
        said.append(f"{_listed(unknown)} {_verb(unknown, 'is no rule', 'are no rules')}")
    return "; ".join(said) or f"this comment takes nothing back {where}"


def _listed(codes: list[str]) -> str:
    return ", ".join(f"`{code}`" for code in dict.fromkeys(codes))


def _verb(codes: list[str], one: str, many: str) -> str:
    return one if len(set(codes)) == 1 else many


def _fix(comment: Suppression, gone: set[str]) -> Fix:
    is_kept = any(code not in gone for _, code in comment.codes)
    text = _with_other_codes(comment, gone, {}) if is_kept else _without(comment)
    title = "remove the code" if is_kept else "remove the comment"
    return Fix(title, Safety.SAFE, (ReplaceComment(comment.line, comment.column, text),))


def _with_other_codes(comment: Suppression, gone: set[str], named: Mapping[str, str]) -> str:
    """The comment without some codes, each other one behind what separated it before.

    `named` are codes to write in place of what stands there.
    """
    at = first = comment.codes[0][0]
    kept = ""
    for start, code in comment.codes:
        stop = start + len(code)
        if code not in gone:
            kept += comment.text[at:start] if kept else ""
            kept += named.get(code, comment.text[start:stop])
        at = stop
    return comment.text[:first] + kept + comment.text[at:]


def _without(comment: Suppression) -> str:
    """The rest of the comment, empty if there is none."""
    before = comment.text[: comment.start].rstrip()
    after = comment.text[comment.stop :].strip(" \t,;:-")
    if after and not after.startswith("#"):
        after = f"# {after}"
    return "  ".join(filter(None, (before, after)))


UNUSED_SUPPRESSION = Rule(
    code="SES901",
    name="unused-suppression",
    summary="a comment takes no finding back, or names a code that is no rule",
    severity=Severity.STYLE,
    check=check,
    review=review,
)
