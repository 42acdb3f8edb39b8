"""`sessionlint vendor-shield`, and where fixes are told to import the shield from."""

import subprocess
import sys
from pathlib import Path

import pytest
from command import sessionlint

from sessionlint import __version__
from sessionlint.config import Configuration
from sessionlint.errors import ConfigError

CHANGED = "is no unchanged copy of the shield; --force overwrites it\n"

SHIELD = Path(__file__).parents[1] / "sessionlint" / "shield.py"


@pytest.mark.parametrize("where", ["shield.py", ".", "app/rescue.py"])
def test_a_copy_says_where_it_is_from_and_works_alone(where, tmp_path):
    (tmp_path / "app").mkdir()
    done = sessionlint("vendor-shield", where, cwd=tmp_path)
    path = tmp_path / ("shield.py" if where == "." else where)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        f"{path.relative_to(tmp_path)} holds the shield of sessionlint {__version__}\n"
    )
    header, rest = path.read_text().split('"""', 1)
    assert [line[:2] for line in header.splitlines()] == ["# "] * 3
    assert f"sessionlint {__version__}" in header
    assert "To update it, run that again" in header
    assert '"""' + rest == SHIELD.read_text()
    code = f"import asyncio, {path.stem} as s; print(asyncio.run(s.shielded(asyncio.sleep(0, 1))))"
    command = [sys.executable, "-S", "-c", code]
    alone = subprocess.run(command, cwd=path.parent, capture_output=True, text=True, check=False)
    assert (alone.stdout, alone.stderr) == ("1\n", "")


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data,
        lambda data: data.replace(b"\n", b"\r\n"),
        lambda data: data.replace(__version__.encode(), b"0.0.1"),
    ],
    ids=["the same", "other line ends", "an older one"],
)
def test_an_unchanged_copy_is_brought_up_to_date(change, tmp_path):
    path = tmp_path / "shield.py"
    sessionlint("vendor-shield", path, cwd=tmp_path)
    fresh = path.read_bytes()
    path.write_bytes(change(fresh))
    assert sessionlint("vendor-shield", path, cwd=tmp_path).returncode == 0
    assert path.read_bytes() == fresh


@pytest.mark.parametrize(
    "contents",
    [
        lambda data: data + b"x = 1\n",
        lambda data: b"x = 1\n",
        lambda data: b"",
        lambda data: data.split(b"\n", 3)[3],
    ],
    ids=["changed", "something else", "empty", "without its header"],
)
def test_a_changed_copy_is_overwritten_by_force_only(contents, tmp_path):
    path = tmp_path / "shield.py"
    sessionlint("vendor-shield", path, cwd=tmp_path)
    fresh = path.read_bytes()
    changed = contents(fresh)
    path.write_bytes(changed)
    done = sessionlint("vendor-shield", "shield.py", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"sessionlint: shield.py {CHANGED}"
    assert path.read_bytes() == changed
    assert sessionlint("vendor-shield", "--force", "shield.py", cwd=tmp_path).returncode == 0
    assert path.read_bytes() == fresh


@pytest.mark.parametrize("path", ["no/shield.py", "no/"])
def test_a_folder_that_is_not_there_is_one_clear_line(path, tmp_path):
    done = sessionlint("vendor-shield", path, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "sessionlint: no/shield.py cannot be written: No such file or directory\n"
    )


@pytest.mark.parametrize(
    ("line", "expected"),
    [("", "sessionlint.shield"), ('shield-module = "app.db.shield"', "app.db.shield")],
)
def test_the_configuration_names_the_module_of_the_shield(line, expected, tmp_path):
    (tmp_path / "pyproject.toml").write_text(f"[tool.sessionlint]\n{line}\n")
    assert Configuration(dict).of(str(tmp_path)).names.shield_module == expected


@pytest.mark.parametrize("value", ['"app/shield.py"', '""', '"app..shield"', "3", '["app"]'])
def test_what_is_no_module_is_an_error(value, tmp_path):
    (tmp_path / "pyproject.toml").write_text(f"[tool.sessionlint]\nshield-module = {value}\n")
    with pytest.raises(ConfigError, match="`shield-module` must be the name of a module"):
        Configuration(dict).of(str(tmp_path))


UNIT = """\
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

Maker = async_sessionmaker(create_async_engine("sqlite+aiosqlite://"))


class Unit:
    async def __aenter__(self):
        self.session = Maker()
        return self

    async def __aexit__(self, *error):
        await self.session.close()
"""
NOTE = (
    "note: fixed code imports sessionlint.shield: install sessionlint where it runs, or copy the "
    "shield by `sessionlint vendor-shield`\n"
)


@pytest.mark.parametrize("option", ["--fix", "--diff"])
def test_who_fixes_is_told_what_the_code_needs_from_now_on(option, tmp_path):
    (tmp_path / "unit.py").write_text(UNIT)
    done = sessionlint(option, "unit.py", cwd=tmp_path)
    assert done.stderr.startswith(NOTE)
    assert "note:" not in sessionlint(option, "unit.py", "--quiet", cwd=tmp_path).stderr


@pytest.mark.parametrize("module", ["sessionlint.shield", "app.shield"])
def test_nothing_is_said_of_a_shield_that_is_there(module, tmp_path):
    (tmp_path / "pyproject.toml").write_text(f'[tool.sessionlint]\nshield-module = "{module}"\n')
    imported = f"from {module} import shielded\n" if module == "sessionlint.shield" else ""
    (tmp_path / "unit.py").write_text(imported + UNIT)
    done = sessionlint("--fix", "unit.py", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "await shielded(self.session.close())" in (tmp_path / "unit.py").read_text()
