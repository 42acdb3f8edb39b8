"""`--fix`, `--diff` and what goes with them, in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from command import program

PROGRAM = Path(__file__).with_name("fixing_command.py")

REFUSED = "warning: a.py:3:1: SES104 is not fixed: its edits change nothing"


@pytest.fixture
def app(tmp_path):
    """A folder with one file that has three findings, the first of which can be fixed."""
    (tmp_path / "a.py").write_text("leak(1)\nrisk(2)\nstuck(3)\n")
    (tmp_path / "clean.py").write_text("x = 1\n")
    return tmp_path


def fixing(
    *arguments: str | Path, cwd: Path, stdin: bytes = b""
) -> "subprocess.CompletedProcess[str]":
    """What `sessionlint check --engine full` prints with three small rules, and its exit code."""
    done = program(PROGRAM, *arguments, cwd=cwd, stdin=stdin)
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode("latin-1"), done.stderr.decode()
    )


def concise(*arguments: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    return fixing("--output-format", "concise", *arguments, cwd=cwd)


def test_a_check_says_what_can_be_fixed(app):
    done = concise(cwd=app)
    assert done.stdout.splitlines() == [
        "a.py:1:1: SES102 [*] `leak` is called",
        "a.py:2:1: SES103 `risk` is called",
        "a.py:3:1: SES104 [*] `stuck` is called",
        "Found 3 errors.",
        "[*] 2 fixable with `--fix` (1 unsafe fix available with `--fix --unsafe-fixes`).",
    ]
    assert (app / "a.py").read_text() == "leak(1)\nrisk(2)\nstuck(3)\n"


def test_unsafe_fixes_count_when_they_are_asked_for(app):
    done = concise("--unsafe-fixes", "--select", "SES103,SES102", cwd=app)
    assert done.stdout.splitlines()[1] == "a.py:2:1: SES103 [*] `risk` is called"
    assert done.stdout.splitlines()[-1] == "[*] 3 fixable with `--fix`."


def test_fix_rewrites_what_is_safe_and_reports_the_rest(app):
    done = concise("--fix", cwd=app)
    assert (app / "a.py").read_text() == "good(1)\nrisk(2)\nstuck(3)\n"
    assert done.stdout.splitlines() == [
        "a.py:2:1: SES103 `risk` is called",
        "a.py:3:1: SES104 `stuck` is called",
        "Found 3 errors (1 fixed, 2 remaining).",
        "1 unsafe fix available with `--fix --unsafe-fixes`.",
    ]
    assert done.stderr.splitlines() == [REFUSED]
    assert done.returncode == 1


def test_a_second_run_changes_nothing(app):
    concise("--fix", "--unsafe-fixes", cwd=app)
    before = (app / "a.py").stat()
    done = concise("--fix", "--unsafe-fixes", cwd=app)
    after = (app / "a.py").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert done.stdout.splitlines()[-1] == "Found 1 error."


def test_full_output_shows_the_new_text(app):
    done = fixing("--fix", cwd=app)
    assert "1 | good(1)\n2 | risk(2)\n" in done.stdout
    assert "help: call good (unsafe: it closes earlier)\n" in done.stdout


def test_nothing_left_is_a_success(app):
    (app / "a.py").write_text("leak(1)\n")
    done = concise("--fix", cwd=app)
    assert done.stdout == "Found 1 error (1 fixed, 0 remaining).\n"
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("text", "arguments", "code"),
    [
        ("leak(1)\n", [], 1),
        ("x = 1\n", [], 0),
        ("leak(1)\n", ["--exit-zero"], 0),
        ("leak(1)\nrisk(1)\n", ["--exit-zero"], 0),
    ],
)
def test_exit_non_zero_on_fix(app, text, arguments, code):
    (app / "a.py").write_text(text)
    assert concise("--fix", "--exit-non-zero-on-fix", *arguments, cwd=app).returncode == code


def test_show_fixes_lists_what_was_done(app):
    (app / "a.py").write_text("leak(1)\nleak(2)\n")
    (app / "b.py").write_text("risk(1)\n")
    done = concise("--fix", "--unsafe-fixes", "--show-fixes", cwd=app)
    assert done.stdout.encode("latin-1").decode().splitlines() == [
        "",
        "Fixed 3 errors:",
        "- a.py:",
        "    2 \N{MULTIPLICATION SIGN} SES102 (never-closed)",
        "- b.py:",
        "    1 \N{MULTIPLICATION SIGN} SES103 (early-exit-skips-close)",
        "",
        "Found 3 errors (3 fixed, 0 remaining).",
    ]


def test_quiet_prints_findings_alone(app):
    done = concise("--fix", "-q", cwd=app)
    assert [line.split()[1] for line in done.stdout.splitlines()] == ["SES103", "SES104"]
    assert done.stderr == ""


def test_json_tells_what_a_fix_does_and_why_it_is_unsafe(app):
    safe = {"title": "call good", "safety": "safe"}
    unsafe = {"title": "call good", "safety": "unsafe", "reason": "it closes earlier"}
    refused = {"title": "call stuck", "safety": "safe"}
    before = json.loads(fixing("--output-format", "json", cwd=app).stdout)
    after = json.loads(fixing("--fix", "--output-format", "json", cwd=app).stdout)
    assert [one["fix"] for one in before] == [safe, unsafe, refused]
    assert [one["fix"] for one in after] == [unsafe, None]


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ("unfixable = ['SES102']", "leak(1)\ngood(2)\n"),
        ("fixable = ['SES102']", "good(1)\nrisk(2)\n"),
        ("fixable = ['SES10']\nunfixable = ['SES103']", "good(1)\nrisk(2)\n"),
        ("unfixable = ['SES1']\nfixable = ['SES103']", "leak(1)\ngood(2)\n"),
        ("unfixable = ['SES']", "leak(1)\nrisk(2)\n"),
        ("fixable = []", "leak(1)\nrisk(2)\n"),
    ],
)
def test_the_configuration_says_what_may_be_fixed(app, table, text):
    (app / "a.py").write_text("leak(1)\nrisk(2)\n")
    (app / "pyproject.toml").write_text(f"[tool.sessionlint]\n{table}\n")
    concise("--fix", "--unsafe-fixes", cwd=app)
    assert (app / "a.py").read_text() == text


def test_what_may_not_be_fixed_is_not_offered(app):
    (app / "pyproject.toml").write_text("[tool.sessionlint]\nunfixable = ['SES']\n")
    done = concise(cwd=app)
    assert "[*]" not in done.stdout
    assert done.stdout.splitlines()[-1] == "Found 3 errors."


def test_unknown_codes_in_fixable_are_an_error(app):
    (app / "pyproject.toml").write_text("[tool.sessionlint]\nfixable = ['SES7']\n")
    done = concise("--fix", cwd=app)
    assert done.returncode == 2
    assert "unknown rule code `SES7`" in done.stderr


def test_diff_prints_what_would_change_and_changes_nothing(app):
    done = fixing("--diff", cwd=app)
    assert done.stdout.splitlines() == [
        "--- a.py",
        "+++ a.py",
        "@@ -1,3 +1,3 @@",
        "-leak(1)",
        "+good(1)",
        " risk(2)",
        " stuck(3)",
    ]
    assert done.stderr.splitlines() == [
        REFUSED,
        "Would fix 1 error (1 additional fix available with `--unsafe-fixes`).",
    ]
    assert done.returncode == 1
    assert (app / "a.py").read_text() == "leak(1)\nrisk(2)\nstuck(3)\n"


def test_diff_wins_over_fix_and_exit_zero_over_both(app):
    done = fixing("--diff", "--fix", "--unsafe-fixes", "--exit-zero", cwd=app)
    assert "+good(2)" in done.stdout
    assert done.returncode == 0
    assert (app / "a.py").read_text() == "leak(1)\nrisk(2)\nstuck(3)\n"


def test_a_diff_of_nothing_is_a_success(app):
    (app / "a.py").write_text("risk(2)\n")
    done = fixing("--diff", cwd=app)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "No errors would be fixed (1 fix available with `--unsafe-fixes`).\n"
    done = fixing("--diff", "-q", cwd=app)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_diff_has_no_statistics(app):
    done = fixing("--diff", "--statistics", cwd=app)
    assert done.returncode == 2
    assert done.stderr == "sessionlint: `--diff` and `--statistics` do not go together\n"


def test_a_diff_keeps_the_bytes_of_the_file(app):
    (app / "a.py").write_bytes(b"# coding: latin-1\r\nleak('\xe9')\r\n")
    done = fixing("--diff", cwd=app)
    assert done.stdout.endswith("\n # coding: latin-1\r\n-leak('\xe9')\r\n+good('\xe9')\r\n")


@pytest.mark.parametrize("option", ["--fix", "--diff"])
def test_a_file_that_cannot_be_read_does_not_stop_the_others(app, option):
    (app / "0.py").write_text("def f(:\n")
    done = concise(option, cwd=app)
    said = done.stdout + done.stderr
    assert "0.py:1:7: SES999 syntax error: invalid syntax" in said.splitlines()
    assert done.returncode == 2
    assert ("+good(1)" in said) or (app / "a.py").read_text().startswith("good(1)\n")


@pytest.mark.parametrize(
    "data",
    [
        b"# coding: latin-1\nleak('\xe9')\n",
        b"\xef\xbb\xbfleak('\xc3\xa9')\n",
        b"if x:\r\n  leak(1)\r\n",
        b"if x:\n\tleak(1)",
    ],
)
def test_every_other_byte_of_a_file_stays(app, data):
    (app / "a.py").write_bytes(data)
    (app / "a.py").chmod(0o640)
    assert concise("--fix", cwd=app).returncode == 0
    assert (app / "a.py").read_bytes() == data.replace(b"leak", b"good")
    assert (app / "a.py").stat().st_mode & 0o777 == 0o640


def test_standard_input_is_fixed_to_standard_output(app):
    done = fixing("--fix", "-", "--output-format", "concise", cwd=app, stdin=b"leak(1)\r\nrisk(2)")
    assert done.stdout == "good(1)\r\nrisk(2)"
    assert done.stderr.splitlines() == [
        "-:2:1: SES103 `risk` is called",
        "Found 2 errors (1 fixed, 1 remaining).",
        "1 unsafe fix available with `--fix --unsafe-fixes`.",
    ]
    assert done.returncode == 1


def test_standard_input_that_cannot_be_read_comes_out_as_it_is(app):
    done = fixing("--fix", "-", cwd=app, stdin=b"leak(1\n")
    assert done.stdout == "leak(1\n"
    assert "SES999" in done.stderr
    assert done.returncode == 2


def test_a_diff_of_standard_input(app):
    done = fixing("--diff", "-", "--stdin-filename", "b.py", cwd=app, stdin=b"leak(1)\n")
    assert done.stdout == "--- b.py\n+++ b.py\n@@ -1 +1 @@\n-leak(1)\n+good(1)\n"
    assert not (app / "b.py").exists()


def test_a_link_to_the_outside_is_refused_and_the_others_are_fixed(app, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "o.py"
    outside.write_text("leak(1)\n")
    (app / "link.py").symlink_to(outside)
    done = concise("--fix", ".", cwd=app)
    assert done.returncode == 2
    assert outside.read_text() == "leak(1)\n"
    assert (app / "a.py").read_text().startswith("good(1)\n")
    assert done.stderr.splitlines()[-1] == (
        f"sessionlint: link.py: leads to `{outside}`, outside of what is to be fixed"
    )
    assert "link.py:1:1: SES102 [*] `leak` is called" in done.stdout.splitlines()


def test_a_link_to_a_file_inside_stays_a_link(app):
    (app / "0.py").symlink_to("a.py")
    done = concise("--fix", ".", cwd=app)
    assert (app / "0.py").is_symlink()
    assert (app / "a.py").read_text().startswith("good(1)\n")
    assert done.returncode == 1


@pytest.mark.slow
def test_two_processes_fix_the_same_tree(app):
    for number in range(30):
        (app / f"m{number}.py").write_text("leak(1)\nrisk(2)\n")
    both = [
        subprocess.Popen(
            [sys.executable, PROGRAM, *arguments, "-q"], cwd=app, stdout=subprocess.DEVNULL
        )
        for arguments in (["--fix"], ["--fix", "--unsafe-fixes"])
    ]
    assert [process.wait(timeout=60) for process in both] != [2, 2]
    assert {(app / f"m{n}.py").read_text() for n in range(30)} == {"good(1)\ngood(2)\n"}
    assert [path.name for path in app.iterdir() if path.suffix != ".py"] == []


@pytest.mark.parametrize("option", ["--fix", "--diff"])
def test_a_file_with_two_names_is_fixed_once(app, option):
    (app / "b.py").symlink_to("a.py")
    done = concise(option, "--select", "SES102", cwd=app)
    said = done.stdout + done.stderr
    assert ("1 fixed" in said, said.count("+good(1)")) in {(True, 0), (False, 1)}
    assert "b.py" not in said
    assert (app / "b.py").is_symlink()
