"""Configuration: which table holds for a file, what it may say, and what it switches on."""

from pathlib import Path

import pytest

from sessionlint.config import Configuration, Selection, Settings, enabled, unknown_codes
from sessionlint.errors import ConfigError
from sessionlint.facts.names import Names

NAMES = {
    "SES101": "closed-by-hand",
    "SES102": "never-closed",
    "SES103": "early-exit-skips-close",
    "SES201": "cached-session",
    "SES999": "unreadable-file",
}


def settings(folder: Path, text: str) -> Settings:
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    return Configuration(lambda: NAMES).of(str(folder))


def complaint(folder: Path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        settings(folder, text)
    message = str(caught.value)
    assert message.startswith(str(folder / "pyproject.toml"))
    return message.removeprefix(str(folder / "pyproject.toml"))


def test_reads_every_key(tmp_path):
    text = """
        [tool.sessionlint]
        select = ["SES1"]
        ignore = ["SES103"]
        extend-select = ["SES201"]
        fixable = ["SES"]
        unfixable = ["SES2"]
        exclude = ["legacy"]
        src = ["lib"]
        factories = ["app.db.make_session"]
        managers = ["scope"]
        closers = ["shut"]
        owners = ["Keeper"]
        shields = ["guarded"]
        [tool.sessionlint.per-file-ignores]
        "tests/*" = ["SES2"]
    """
    assert settings(tmp_path, text) == Settings(
        base=tmp_path,
        selection=Selection(("SES1",), ("SES103",), ("SES201",)),
        fixing=Selection(("SES",), ("SES2",)),
        per_file_ignores=(("tests/*", ("SES2",)),),
        exclude=("legacy",),
        src=(tmp_path / "lib",),
        names=Names(
            factories=frozenset({"app.db.make_session"}),
            managers=frozenset({"scope"}),
            closers=frozenset({"shut"}),
            owners=frozenset({"Keeper"}),
            shields=frozenset({"guarded"}),
        ),
    )


def test_takes_the_nearest_file_that_has_the_table(tmp_path):
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text("[tool.sessionlint]\nselect = ['SES1']\n")
    (inner / "pyproject.toml").write_text("[project]\nname = 'b'\n")
    assert Configuration(lambda: NAMES).of(str(inner)).base == tmp_path


def test_does_not_add_up_two_tables(tmp_path):
    inner = tmp_path / "a"
    inner.mkdir()
    (tmp_path / "pyproject.toml").write_text("[tool.sessionlint]\nignore = ['SES1']\n")
    (inner / "pyproject.toml").write_text("[tool.sessionlint]\nignore = ['SES2']\n")
    assert Configuration(lambda: NAMES).of(str(inner)).selection == Selection(ignore=("SES2",))


def test_leaves_alone_a_broken_file_that_does_not_speak_of_us(tmp_path):
    assert settings(tmp_path, "[project\n").base is None


def test_a_folder_of_that_name_is_no_configuration(tmp_path):
    (tmp_path / "pyproject.toml").mkdir()
    assert Configuration(lambda: NAMES).of(str(tmp_path)).base is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "extend-exclude = []",
            ":2: unknown key `extend-exclude` in [tool.sessionlint]; did you mean `exclude`?",
        ),
        ("selct = []", ":2: unknown key `selct` in [tool.sessionlint]; did you mean `select`?"),
        (
            "extend_select = []",
            ":2: unknown key `extend_select` in [tool.sessionlint]; did you mean `extend-select`?",
        ),
        ("colour = true", ":2: unknown key `colour` in [tool.sessionlint]"),
        ("select = 'SES1'", ":2: `select` must be a list of strings"),
        ("src = [1]", ":2: `src` must be a list of strings"),
        ("factories = { a = 1 }", ":2: `factories` must be a list of strings"),
        ("cache-dir = ''", ":2: `cache-dir` must be the path of a folder"),
        (r'cache-dir = "a\u0000b"', ":2: `cache-dir` must be the path of a folder"),
        (
            "src = ['~nobody-of-that-name/x']",
            ":2: `src`: Could not determine home directory.",
        ),
        ("exclude = ['[z-a].py']", ":2: bad pattern `[z-a].py`: bad character range z-a"),
        (
            "per-file-ignores = { 'a/[z-a]' = [] }",
            ":2: bad pattern `a/[z-a]`: bad character range z-a",
        ),
        (
            "factories = ['app.db:make']",
            ":2: `app.db:make` in `factories` is no dotted name; write `app.db.make`",
        ),
        (
            "closers = ['give_back', 'app.db.close()']",
            ":2: `app.db.close()` in `closers` is no dotted name; write as in `app.db.make_session`",
        ),
        ("owners = ['']", ": `` in `owners` is no dotted name; write as in `app.db.make_session`"),
        ("cache-dir = ['a']", ":2: `cache-dir` must be the path of a folder"),
        ("per-file-ignores = []", ":2: `per-file-ignores` must be a table of lists of codes"),
        (
            "per-file-ignores = { 'a.py' = 'SES1' }",
            ":2: `per-file-ignores.a.py` must be a list of strings",
        ),
        ("select = ['SES7']", ":2: unknown rule code `SES7`"),
        ("ignore = ['SES104']", ":2: unknown rule code `SES104`; did you mean `SES103`?"),
        (
            "select = ['never-closed']",
            ":2: unknown rule code `never-closed`; did you mean `SES102`?",
        ),
        ("select = ['ALL']", ":2: unknown rule code `ALL`; did you mean `SES`?"),
        ("per-file-ignores = { 'a.py' = ['E501'] }", ":2: unknown rule code `E501`"),
        ("select = ['']", ": unknown rule code ``"),
        (
            "select = ['SES1', 'SES103']\nignore = ['SES103']",
            ":2: `SES103` is both in `select` and in `ignore`",
        ),
        (
            "extend-select = ['ses1']\nignore = ['SES1']",
            ":2: `SES1` is both in `extend-select` and in `ignore`",
        ),
        (
            "fixable = ['SES2']\nunfixable = ['SES101', 'SES2']",
            ":2: `SES2` is both in `fixable` and in `unfixable`",
        ),
    ],
)
def test_says_what_is_wrong_with_a_table(tmp_path, text, expected):
    assert complaint(tmp_path, f"[tool.sessionlint]\n{text}\n") == expected


def test_says_on_which_line_of_the_table_a_mistake_is(tmp_path):
    text = """\
[tool.ruff]
ignore = ["E501"]

[tool.sessionlint]
extend-select = ["SES1"]
# E501 is for others.
select = [
    "SES102",
    "E501",
]
"""
    assert complaint(tmp_path, text) == ":9: unknown rule code `E501`"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("exclude = ['src']\nsrc = 1", ":3: `src` must be a list of strings"),
        ("exclude = ['src.py']\nsrc = 1", ":3: `src` must be a list of strings"),
        ("exclude = [\n'src',\n]\nsrc = 1", ":5: `src` must be a list of strings"),
        ("src = ['x']  # SES7 is old\nselect = ['SES7']", ":3: unknown rule code `SES7`"),
        ("exclude = ['SES7/']\nselect = ['SES7']", ":3: unknown rule code `SES7`"),
        ("select = ['\\u0053ES7']\n[tool.ruff]\nselect = ['SES7']", ""),
        (
            "[tool.other]\n[tool.sessionlint.per-file-ignores]\n'a.py' = 1",
            ":4: `per-file-ignores.a.py` must be a list of strings",
        ),
    ],
)
def test_tells_no_other_line_that_says_the_same(tmp_path, text, expected):
    said = complaint(tmp_path, f"[tool.sessionlint]\n{text}\n".replace("'", '"'))
    assert said == (expected or ": unknown rule code `SES7`")


def test_says_on_which_line_a_table_of_an_unknown_name_begins(tmp_path):
    text = "[tool.sessionlint]\n\n[tool.sessionlint.lint]\nselect = []\n"
    assert complaint(tmp_path, text) == ":3: unknown key `lint` in [tool.sessionlint]"


def test_says_no_line_where_none_can_be_told(tmp_path):
    text = "[tool]\nsessionlint = { 'sel\\u0063t' = [] }\n".replace("'", '"')
    assert complaint(tmp_path, text).startswith(": unknown key `selct` in [tool.sessionlint]")


def test_a_shorter_prefix_contradicts_no_longer_one(tmp_path):
    text = "[tool.sessionlint]\nselect = ['SES1']\nignore = ['SES103']\nunfixable = ['SES1']\n"
    assert settings(tmp_path, text).selection == Selection(("SES1",), ("SES103",))


def test_codes_may_be_in_small_letters(tmp_path):
    text = """
        [tool.sessionlint]
        select = ["ses1"]
        ignore = ["Ses103"]
        extend-select = ["ses201"]
        fixable = ["ses"]
        unfixable = ["ses2"]
        [tool.sessionlint.per-file-ignores]
        "tests/*" = ["ses2"]
    """
    there = settings(tmp_path, text)
    assert there.selection == Selection(("SES1",), ("SES103",), ("SES201",))
    assert there.fixing == Selection(("SES",), ("SES2",))
    assert there.per_file_ignores == (("tests/*", ("SES2",)),)


def test_says_where_the_toml_breaks(tmp_path):
    text = "[tool.sessionlint]\nselect = [\nnope\n"
    assert complaint(tmp_path, text).startswith(":3:1: invalid TOML: ")


def test_says_where_the_toml_ends_too_early(tmp_path):
    assert complaint(tmp_path, "[tool.sessionlint]\nselect = [").startswith(":2: invalid TOML: ")


def test_says_where_the_toml_is_not_utf8(tmp_path):
    (tmp_path / "pyproject.toml").write_bytes(b"[tool.sessionlint]\nsrc = ['\xe9']\n")
    with pytest.raises(ConfigError, match=r"pyproject\.toml:2: invalid TOML: not UTF-8"):
        Configuration(lambda: NAMES).of(str(tmp_path))


def test_the_tool_itself_must_be_a_table(tmp_path):
    text = "[tool]\nsessionlint = 3\n"
    assert complaint(tmp_path, text) == ": `tool.sessionlint` must be a table"


@pytest.mark.parametrize(
    ("selections", "expected"),
    [
        ([], set(NAMES)),
        ([Selection(select=("SES1",))], {"SES101", "SES102", "SES103"}),
        ([Selection(select=("SES",))], set(NAMES)),
        ([Selection(select=())], set()),
        ([Selection(ignore=("SES1",))], {"SES201", "SES999"}),
        ([Selection(select=("SES1",), ignore=("SES102",))], {"SES101", "SES103"}),
        ([Selection(select=("SES102",), ignore=("SES1",))], {"SES102"}),
        ([Selection(select=("SES102",), ignore=("SES102",))], set()),
        ([Selection(select=("SES102",), extend_select=("SES2",))], {"SES102", "SES201"}),
        ([Selection(ignore=("SES1",)), Selection(select=("SES1",))], {"SES101", "SES102", "SES103"}),
        ([Selection(ignore=("SES1",)), Selection(extend_select=("SES102",))], {"SES102", "SES201", "SES999"}),
        ([Selection(select=("SES1",)), Selection(ignore=("SES102",))], {"SES101", "SES103"}),
    ],
)  # fmt: skip
def test_the_longer_prefix_and_the_later_selection_win(selections, expected):
    assert enabled(NAMES, selections) == expected


def test_prefixes_must_name_the_tool():
    assert unknown_codes(["SES", "SES1", "SES102"], NAMES) == []
    assert unknown_codes(["S"], NAMES) == ["unknown rule code `S`"]


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("bad.py", "rules/one/bad.py", True),
        ("bad.py", "rules/one/good.py", False),
        ("tests", "tests", True),
        ("tests/", "tests", True),
        ("./tests", "tests", True),
        ("a/tests", "tests", False),
        ("tests/*", "tests/deep/test_a.py", True),
        ("tests/*.py", "tests/test_a.pyi", False),
        ("**/conftest.py", "conftest.py", True),
        ("a/**/b.py", "a/b.py", True),
        ("a/**/b.py", "a/x/y/b.py", True),
        ("test_?.py", "test_a.py", True),
        ("test_[ab].py", "test_b.py", True),
        ("test_[!ab].py", "test_b.py", False),
        ("test_[0-9].py", "test_5.py", True),
        ("a+b.py", "a+b.py", True),
        ("a.py", "abpy", False),
        ("[", "[", True),
    ],
)
def test_patterns_mean_what_they_mean_to_ruff(tmp_path, pattern, path, expected):
    there = Settings(base=tmp_path, exclude=(pattern,))
    assert there.excludes(tmp_path / path) is expected


def test_per_file_ignores_add_up(tmp_path):
    rows = (("tests/*", ("SES1",)), ("test_a.py", ("SES201",)), ("b.py", ("SES999",)))
    there = Settings(base=tmp_path, per_file_ignores=rows)
    assert there.ignored(tmp_path / "tests" / "test_a.py") == ("SES1", "SES201")


def test_a_mark_of_the_byte_order_is_no_mistake(tmp_path):
    text = '[tool.sessionlint]\nselect = ["SES1"]\n'
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8-sig")
    assert Configuration(lambda: NAMES).of(str(tmp_path)).selection.select == ("SES1",)
