"""The shape of the project: sizes, layout, and what starting costs."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import sessionlint

ROOT = Path(__file__).parents[1]
EXAMPLES = {"bad.py", "good.py", "fixed.py"}
MODULES = sorted(
    path
    for folder in ("sessionlint", "rules")
    for path in (ROOT / folder).rglob("*.py")
    if path.name not in EXAMPLES
)
NAMES = [path.relative_to(ROOT).as_posix() for path in MODULES]

VISIBLE = {"README.md", "fixtures", "pyproject.toml", "rules", "sessionlint", "tests"}


MOST_LINES = {"sessionlint/shield.py": 400}
"""The shield is one file, so that it can be copied; all else has at most 300 lines."""


@pytest.mark.parametrize("name", NAMES)
def test_a_module_has_at_most_300_lines(name):
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    assert len(lines) <= MOST_LINES.get(name, 300)


@pytest.mark.parametrize("name", NAMES)
def test_a_function_has_at_most_50_lines(name):
    tree = ast.parse((ROOT / name).read_text(encoding="utf-8"))
    assert [place for place in map(too_long, ast.walk(tree)) if place] == []


def too_long(node: ast.AST) -> str:
    """The name of a function that does not fit on a screen, empty for all else."""
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return ""
    assert node.end_lineno is not None
    return node.name if node.end_lineno - node.lineno + 1 > 50 else ""


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="this is no checkout of git")
def test_nothing_else_stands_at_the_top():
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    tops = {name.split("/")[0] for name in listed.stdout.split("\0") if name}
    assert {top for top in tops if not top.startswith(".")} <= VISIBLE


@pytest.mark.parametrize("name", sorted(sessionlint.__all__))
def test_every_public_name_can_be_had(name):
    assert getattr(sessionlint, name) is not None
    assert name in dir(sessionlint)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'lint'"):
        sessionlint.lint  # noqa: B018


@pytest.mark.parametrize(
    ("code", "unwanted"),
    [
        ("import sessionlint.shield", {"libcst", "click", "sqlalchemy", "anyio", "trio"}),
        ("import sessionlint", {"libcst", "click"}),
        ("from sessionlint import Finding", {"libcst", "click"}),
        ("from sessionlint.cli import run; run(['--version'])", {"libcst", "locale"}),
        ("from sessionlint.cli import run; run(['--help'])", {"libcst"}),
        (
            "from sessionlint.cli import run; run(['--no-cache', 'sessionlint/errors.py'])",
            {"libcst", "locale"},
        ),
        ("import sessionlint_rules", {"libcst"}),
        ("from sessionlint.cli import run; run(['check', '--help'])", {"libcst"}),
    ],
)
def test_starts_without_what_it_does_not_need(code, unwanted):
    asked = f"{code}\nimport sys\nprint([name for name in {unwanted!r} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_shield_is_the_only_part_that_is_loaded_with_it():
    asked = (
        "import sys, sessionlint.shield\n"
        "print(sorted(one for one in sys.modules if one.startswith('sessionlint')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "['sessionlint', 'sessionlint.shield']"


def test_the_readme_offers_the_hooks_of_this_version():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    hooks = (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    assert re.findall(r"rev: (\S+)", text) == [f"v{sessionlint.__version__}"]
    assert set(re.findall(r"- id: (\S+)", text)) == set(re.findall(r"- id: (\S+)", hooks))


@pytest.mark.slow
def test_the_shield_works_where_nothing_else_is_installed(tmp_path):
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", bare], check=True)
    python = bare / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    install = [python, "-m", "pip", "install", "--quiet", "--no-deps", ROOT]
    subprocess.run(install, check=True, cwd=tmp_path)
    code = (
        "import asyncio\n"
        "from sessionlint.shield import shielded\n"
        "print(asyncio.run(shielded(asyncio.sleep(0, 'works'))))"
    )
    done = subprocess.run(
        [python, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.stdout.strip(), done.stderr) == ("works", "")
