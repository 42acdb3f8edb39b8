"""The forms for code hosts, build servers and comments, on the small projects."""

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from command import sessionlint
from markdown_it import MarkdownIt
from reported import asked, project, records

from sessionlint.model import Finding, Note, Severity, Span
from sessionlint.report.github import commands
from sessionlint.report.gitlab import code_quality
from sessionlint.report.junit import test_suites as suites
from sessionlint.report.markdown import rows

ODD = Finding(
    "SES999",
    "unreadable-file",
    Severity.ERROR,
    "100% |`a`b| <x>: \x1b[31m, \r\n __init__",
    Span(3, 1, 4, 0),
    notes=(Note(Span(5, 2, 5, 3), "see & \0 here", path="b.py"),),
)
NAMES = {"leak": "error", "error": "error", "risk": "warning", "style": "notice"}


@pytest.fixture(scope="module")
def apps(tmp_path_factory) -> Path:
    return project(tmp_path_factory.mktemp("forms"))


@pytest.fixture(scope="module")
def told(apps) -> list[dict]:
    return records(apps)


def places(told: list[dict]) -> list[str]:
    return [f"{one['path']}:{one['line']}:{one['column']}" for one in told]


def test_json_lines_are_the_objects_of_json(apps, told):
    assert [json.loads(line) for line in asked("json-lines", cwd=apps).splitlines()] == told


def test_json_lines_of_nothing_are_no_lines(apps):
    assert sessionlint("--output-format", "json-lines", "clean.py", cwd=apps).stdout == ""


def test_json_lines_can_count(apps):
    lines = asked("json-lines", "--statistics", cwd=apps).splitlines()
    assert {"code": "SES999", "name": "unreadable-file", "count": 1} in map(json.loads, lines)


@pytest.mark.parametrize("form", ["sarif", "github", "gitlab", "junit", "markdown"])
def test_the_other_forms_do_not_count(apps, form):
    done = sessionlint("--statistics", "--output-format", form, cwd=apps)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "sessionlint: `--statistics` goes with full, concise, json, json-lines\n"


def test_github_has_a_command_for_each_finding(apps, told):
    shown = [parsed(line) for line in asked("github", cwd=apps).splitlines()]
    assert shown == [
        (
            NAMES[one["severity"]],
            {
                "file": one["path"],
                "line": str(one["line"]),
                "endLine": str(one["end_line"]),
                "col": str(one["column"]),
                "endColumn": str(one["end_column"]),
                "title": f"{one['code']} {one['name']}",
            },
            f"{place}: {one['code']} {one['message']}",
        )
        for place, one in zip(places(told), told, strict=True)
    ]


def test_github_commands_have_no_sign_of_their_own_in_them():
    [line] = commands([("a,b:100%2C.py", ODD)])
    assert "\r" not in line
    assert "\n" not in line
    kind, properties, message = parsed(line)
    assert (kind, properties["file"]) == ("error", "a,b:100%2C.py")
    assert message == f"a,b:100%2C.py:3:2: SES999 {ODD.message}"


def test_github_gets_columns_of_one_line_only():
    [line] = commands([("a.py", ODD)])
    _, properties, _ = parsed(line)
    assert list(properties) == ["file", "line", "endLine", "title"]


def test_github_gets_nothing_of_clean_files(apps):
    done = sessionlint("--output-format", "github", "clean.py", cwd=apps)
    assert (done.returncode, done.stdout) == (0, "")


def parsed(line: str) -> tuple[str, dict[str, str], str]:
    """A workflow command as the runner reads it: up to the first `::`, then pairs by commas."""
    match = re.fullmatch(r"::(\w+) (.*?)::(.*)", line)
    assert match
    pairs = (pair.split("=", 1) for pair in match[2].split(","))
    return match[1], {key: unescaped(value) for key, value in pairs}, unescaped(match[3])


def unescaped(text: str) -> str:
    for sign, code in (("\r", "%0D"), ("\n", "%0A"), (":", "%3A"), (",", "%2C"), ("%", "%25")):
        text = text.replace(code, sign)
    return text


def test_gitlab_has_an_object_for_each_finding(apps, told):
    severities = {"leak": "critical", "error": "blocker", "risk": "major", "style": "info"}
    issues = json.loads(asked("gitlab", cwd=apps))
    prints = [issue.pop("fingerprint") for issue in issues]
    assert issues == [
        {
            "description": f"{one['code']}: {one['message']}",
            "check_name": one["code"],
            "severity": severities[one["severity"]],
            "location": {
                "path": one["path"],
                "lines": {"begin": one["line"], "end": one["end_line"]},
            },
        }
        for one in told
    ]
    assert len(set(prints)) == len(prints)


def test_gitlab_gets_an_empty_array_of_clean_files(apps):
    assert sessionlint("--output-format", "gitlab", "clean.py", cwd=apps).stdout == "[]\n"


def github_files(text: str) -> list[str]:
    return [line.partition("file=")[2].partition(",")[0] for line in text.splitlines()]


def gitlab_files(text: str) -> list[str]:
    return [issue["location"]["path"] for issue in json.loads(text)]


FILES = {
    "github": ("GITHUB_WORKSPACE", github_files),
    "gitlab": ("CI_PROJECT_DIR", gitlab_files),
}


@pytest.mark.parametrize("form", FILES)
@pytest.mark.parametrize("top", ["repo", "link"])
def test_paths_are_from_the_top_of_the_repository(tmp_path, form, top):
    folder = tmp_path / "repo" / "services" / "app"
    folder.mkdir(parents=True)
    (tmp_path / "link").symlink_to("repo")
    (folder / "a.py").write_text("def f(:\n")
    variable, files = FILES[form]
    there = {variable: str(tmp_path / top)}
    done = sessionlint("--engine", "full", "--output-format", form, cwd=folder, **there)
    assert files(done.stdout) == ["services/app/a.py"]


@pytest.mark.parametrize("form", FILES)
@pytest.mark.parametrize("top", ["", "elsewhere"])
def test_paths_are_as_shown_where_another_folder_is_the_top(tmp_path, form, top):
    (tmp_path / "a.py").write_text("def f(:\n")
    variable, files = FILES[form]
    there = {variable: top and str(tmp_path / top)}
    done = sessionlint("--engine", "full", "--output-format", form, cwd=tmp_path, **there)
    assert files(done.stdout) == ["a.py"]


def test_gitlab_fingerprints_are_made_of_paths_from_the_top(monkeypatch, tmp_path):
    (tmp_path / "app").mkdir()
    monkeypatch.setenv("CI_PROJECT_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    above = json.loads(code_quality([("app/a.py", ODD)]))
    monkeypatch.chdir(tmp_path / "app")
    assert json.loads(code_quality([("a.py", ODD)])) == above


def test_gitlab_fingerprints_differ_for_findings_that_look_alike():
    issues = json.loads(code_quality([("a.py", ODD), ("a.py", ODD)]))
    assert issues[0]["fingerprint"] != issues[1]["fingerprint"]


def test_junit_has_a_failed_test_for_each_finding(apps, told):
    root = ET.fromstring(asked("junit", cwd=apps))
    cases = root.findall("testsuite/testcase")
    assert [
        (case.get("file"), case.get("line"), case[0].tag, case[0].get("type")) for case in cases
    ] == [
        (
            one["path"],
            str(one["line"]),
            "error" if one["code"] == "SES999" else "failure",
            one["code"],
        )
        for one in told
    ]
    assert [case[0].get("message") for case in cases] == [one["message"] for one in told]


def test_junit_counts_what_it_holds(apps, told):
    root = ET.fromstring(asked("junit", cwd=apps))
    for level in (root, *root.findall("testsuite")):
        assert int(level.get("tests", "")) == len(list(level.iter("testcase")))
        assert int(level.get("failures", "")) == len(list(level.iter("failure")))
        assert int(level.get("errors", "")) == len(list(level.iter("error")))


def test_junit_names_each_test_once(apps):
    root = ET.fromstring(asked("junit", cwd=apps))
    names = [(case.get("classname"), case.get("name")) for case in root.iter("testcase")]
    assert len(set(names)) == len(names)


def test_junit_has_a_passed_test_for_clean_files(apps):
    root = ET.fromstring(sessionlint("--output-format", "junit", "clean.py", cwd=apps).stdout)
    [case] = root.iter("testcase")
    assert (root.get("tests"), root.get("failures"), len(case)) == ("1", "0", 0)


def test_junit_is_xml_whatever_a_message_holds():
    root = ET.fromstring("\n".join(suites([("a\udcff<.py", ODD)])))
    [error] = root.iter("error")
    assert error.get("message") == "100% |`a`b| <x>: ␛[31m, ␍␊ __init__"
    assert error.text is not None
    assert error.text.splitlines()[1] == "b.py:5:3: see & ␀ here"


def test_markdown_is_a_table_with_a_row_for_each_finding(apps, told):
    text = asked("markdown", cwd=apps)
    assert text.splitlines()[0] == f"**sessionlint**: Found {len(told)} errors."
    assert table(text) == [
        [place, f"{one['code']} {one['name']}", one["severity"], one["message"].replace("`", "")]
        for place, one in zip(places(told), told, strict=True)
    ]


def test_markdown_says_that_nothing_was_found(apps):
    done = sessionlint("--output-format", "markdown", "clean.py", cwd=apps)
    assert done.stdout == "sessionlint found nothing.\n"


def test_markdown_shows_odd_signs_as_they_are():
    text = "\n".join(rows([("a|`b.py", ODD)]))
    assert table(text) == [
        [
            "a|`b.py:3:2",
            "SES999 unreadable-file",
            "error",
            "100% |ab| <x>: ␛[31m, ␍␊ __init__",
        ]
    ]


def table(text: str) -> list[list[str]]:
    """What the cells of the rows say once Markdown is shown."""
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    cells = [
        "".join(part.content for part in token.children or ())
        for token in tokens
        if token.type == "inline" and token.level == 4
    ]
    heads = 4
    return [cells[i : i + heads] for i in range(heads, len(cells), heads)]


def test_explain_tells_programs_a_rule(tmp_path):
    done = sessionlint("explain", "never-closed", "--output-format", "json", cwd=tmp_path)
    page = sessionlint("explain", "SES102", cwd=tmp_path).stdout
    told = json.loads(done.stdout)
    assert told["page"] == page
    assert told["fix"].startswith("`--fix` puts everything from the opening")
    assert {key: told[key] for key in ("code", "name", "severity", "summary")} == {
        "code": "SES102",
        "name": "never-closed",
        "severity": "leak",
        "summary": "opened and closed on no way out of the function",
    }


def test_rules_tells_programs_all_rules(tmp_path):
    from sessionlint_rules import RULES

    told = json.loads(sessionlint("rules", "--output-format", "json", cwd=tmp_path).stdout)
    assert told == [
        {
            "code": rule.code,
            "name": rule.name,
            "severity": rule.severity.value,
            "summary": rule.summary,
        }
        for rule in RULES
    ]
