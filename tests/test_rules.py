"""Every rule folder: what its examples want is found, and nothing else anywhere.

`fixed.py` is what the fixes, the unsafe ones too, make of `bad.py`, without what has no fix: a
definition that keeps its finding and those that name it are left out, so that `fixed.py` is silent
under all rules. A rule whose examples have no fix at all has no such file.
"""

import ast
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from sessionlint.check import Project, check_source
from sessionlint.errors import UnreadableFile
from sessionlint.facts.names import Names
from sessionlint.facts.releases import RELEASES
from sessionlint.fix import fix_source
from sessionlint.model import Finding, Fix, Safety
from sessionlint.rule import Rule
from sessionlint_rules import RULES, page

TOP = Path(__file__).parents[1]
HOUSE = TOP / "rules" / "sessionlint_rules"
README = TOP / "README.md"

WANT = re.compile(r"# want: (SES\d+) \"([^\"]+)\"")
WANTS = re.compile(r"[ ]*# want: .*$", re.MULTILINE)

HEADINGS = [
    "What it finds",
    "Why it hurts",
    "Example",
    "Instead",
    "When it stays silent",
    "How it is fixed",
]


def folder(rule: Rule) -> Path:
    """Where the rule lives."""
    return HOUSE / f"{rule.code}_{rule.name}".lower().replace("-", "_")


def bytes_of(path: Path) -> bytes | None:
    """What stands in a file, None when there is no such file."""
    return path.read_bytes() if path.is_file() else None


def findings(path: Path, text: str | None = None) -> list[Finding]:
    """What all rules find in an example, or in a changed text of it."""
    project = Project.open(path.parent, bytes_of, Names())
    data = path.read_bytes() if text is None else text.encode()
    return check_source(data, path, RULES, project)


def fixed(path: Path) -> str | None:
    """What all fixes, the unsafe ones too, make of an example; None when there is none to make.

    Definitions that keep a finding are left out, and those that name them: some findings have no
    fix, and where a file is fixed but for these, what is left has to be silent.
    """
    text = WANTS.sub("", path.read_text())
    project = Project.open(path.parent, bytes_of, Names())
    outcome = fix_source(text.encode(), path, RULES, project, lambda _: True)
    if not outcome.applied:
        return None
    kept = [one.span.line for one in outcome.remaining]
    return without(outcome.data.decode(), kept)


def without(text: str, lines: list[int]) -> str:
    """A module without the definitions that these lines are in, and without their users."""
    ends = [0, *(node.end_lineno or 0 for node in ast.parse(text).body)]
    dropped: set[str] = set()
    parts = []
    for node, (start, end) in zip(ast.parse(text).body, pairwise(ends), strict=True):
        names = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
        if dropped & names or any(start < line <= end for line in lines):
            dropped |= set(bound(node))
        else:
            parts += text.splitlines(keepends=True)[start:end]
    return "".join(parts)


def bound(node: ast.stmt) -> Iterator[str]:
    """The names that a statement of a module defines."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name
    for one in ast.walk(node):
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store):
            yield one.id


def wants(text: str) -> Iterator[tuple[int, str, str]]:
    """Line, code and part of the message of everything an example asks for."""
    for number, line in enumerate(text.splitlines(), 1):
        for code, part in WANT.findall(line):
            yield number, code, part


def prose(rule: Rule) -> str:
    """The page of a rule without its code."""
    return re.sub(r"```.*?```", "", page(rule.code), flags=re.DOTALL)


def rule_table() -> str:
    """The table of all rules, as it stands in README.md."""
    rows = [
        f"| [{rule.code}]({folder(rule).relative_to(TOP).as_posix()}/README.md) "
        f"| {rule.name} | {rule.severity.value} | {rule.summary} | {kind_of_fix(rule)} |\n"
        for rule in RULES
    ]
    return "| code | name | severity | reported when | fix |\n|---|---|---|---|---|\n" + "".join(
        rows
    )


def kind_of_fix(rule: Rule) -> str:
    """The best fix that a finding of the bad example has; empty where none has any."""
    safeties = {fix.safety for fix in fixes(rule)}
    return next((one.value for one in (Safety.SAFE, Safety.UNSAFE) if one in safeties), "")


def fixes(rule: Rule) -> list[Fix]:
    """The fixes of the bad example's own findings."""
    if rule not in READABLE:
        return []
    found = findings(folder(rule) / "bad.py")
    return [one.fix for one in found if one.code == rule.code and one.fix is not None]


READABLE = [rule for rule in RULES if rule.code != "SES999"]

CUT_OFF = [rule for rule in RULES if rule.code in {"SES301", "SES302", "SES303"}]

each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
each_readable = pytest.mark.parametrize("rule", READABLE, ids=lambda rule: rule.code)


@each_readable
def test_finds_what_the_bad_example_wants_and_no_more(rule):
    path = folder(rule) / "bad.py"
    wanted = [(line, code) for line, code, _ in wants(path.read_text())]
    assert wanted == [(one.span.line, one.code) for one in findings(path)]


@each_readable
def test_says_what_the_bad_example_wants(rule):
    path = folder(rule) / "bad.py"
    said = {one.span.line: one.message for one in findings(path)}
    unsaid = [
        (line, part, said.get(line))
        for line, _, part in wants(path.read_text())
        if part not in said.get(line, "")
    ]
    assert unsaid == []


@each_readable
def test_the_bad_example_shows_its_own_rule(rule):
    codes = {code for _, code, _ in wants((folder(rule) / "bad.py").read_text())}
    assert rule.code in codes


@each_rule
def test_is_silent_about_the_good_example(rule):
    assert findings(folder(rule) / "good.py") == []


@each_readable
def test_the_fixed_example_is_the_bad_one_after_its_fixes(rule, bless):
    path = folder(rule) / "fixed.py"
    current = fixed(folder(rule) / "bad.py")
    if bless and current is not None:
        path.write_text(current, encoding="utf-8")
    assert current == (path.read_text(encoding="utf-8") if path.exists() else None)


@each_readable
def test_is_silent_about_the_fixed_example(rule):
    path = folder(rule) / "fixed.py"
    assert not path.exists() or findings(path) == []


@each_readable
def test_is_silenced_by_noqa(rule):
    path = folder(rule) / "bad.py"
    assert findings(path, WANT.sub(r"# noqa: \1", path.read_text())) == []


def test_the_unreadable_example_is_unreadable():
    with pytest.raises(UnreadableFile) as caught:
        findings(HOUSE / "ses999_unreadable_file" / "bad.py")
    assert caught.value.line == 2


@each_rule
def test_the_page_has_its_headings_in_order(rule):
    title, *headings = re.findall(r"^#+ (.*)$", prose(rule), re.MULTILINE)
    assert (title, headings) == (f"{rule.code} {rule.name}", HEADINGS)


@each_rule
def test_the_page_shows_python_that_parses(rule):
    blocks = re.findall(r"```python\n(.*?)```", page(rule.code), re.DOTALL)
    assert [ast.parse(block) for block in blocks] != []


@each_rule
def test_the_page_explains_why_a_fix_is_unsafe(rule):
    reasons = {reason for fix in fixes(rule) for reason in fix.reason.split("; ") if reason}
    said = {re.sub(r"(raw )?connection\b", "session", reason) for reason in reasons}
    assert [one for one in sorted(said) if f"*{one}*" not in prose(rule)] == []


@each_rule
def test_the_page_has_one_sentence_a_line(rule):
    crowded = [line for line in prose(rule).splitlines() if re.search(r"[.!?:] [A-Z]", line)]
    assert crowded == []


def release_table() -> str:
    """What the releases of SQLAlchemy do when a close is cut off, as it stands in the pages."""
    rows = [
        f"| {'.'.join(map(str, one.first))} to {'.'.join(map(str, one.last))} | {one.fate} |\n"
        for one in RELEASES
    ]
    head = "| SQLAlchemy | the connection |\n|---|---|\n"
    return (
        head + "".join(rows) + "| all others | is thrown away, and the next one connects anew |\n"
    )


@pytest.mark.parametrize("rule", CUT_OFF, ids=lambda rule: rule.code)
def test_the_page_tells_what_each_release_does(rule, bless):
    path = folder(rule) / "README.md"
    before, rest = path.read_text(encoding="utf-8").split("<!-- releases -->\n")
    _, after = rest.split("<!-- /releases -->")
    current = f"{before}<!-- releases -->\n{release_table()}<!-- /releases -->{after}"
    if bless:
        path.write_text(current, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == current


def test_every_folder_is_a_rule_and_every_rule_a_folder():
    folders = sorted(path.parent for path in HOUSE.glob("*/rule.py"))
    assert sorted(map(folder, RULES)) == folders


def test_the_rules_stand_in_order_of_their_codes():
    codes = [rule.code for rule in RULES]
    assert codes == sorted(set(codes))


@pytest.mark.slow
def test_the_readme_lists_the_rules(bless):
    text = README.read_text(encoding="utf-8")
    before, rest = text.split("<!-- rules -->\n")
    _, after = rest.split("<!-- /rules -->")
    current = f"{before}<!-- rules -->\n{rule_table()}<!-- /rules -->{after}"
    if bless:
        README.write_text(current, encoding="utf-8")
    assert README.read_text(encoding="utf-8") == current
