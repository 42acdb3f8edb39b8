"""What becomes of a connection in a version of SQLAlchemy, and which version a project locks."""

from pathlib import PurePath

import pytest
from small_project import bytes_of, written

from sessionlint.facts.locked import DECIDING, Locks, may_decide
from sessionlint.facts.releases import RELEASES, told


def locked(folder, files, below=".", package="sqlalchemy"):
    """The version that is locked for a folder of a project with these files."""
    root = written(folder, files)
    return Locks(root, bytes_of).version(str((root / below).resolve()), package)


UV = """
version = 1

[[package]]
name = "greenlet"
version = "3.1.1"

[[package]]
name = "sqlalchemy"
version = "2.0.45"
source = { registry = "https://example.org/simple" }
dependencies = [{ name = "greenlet", marker = "python_full_version < '3.14'" }]
"""

POETRY = """
[[package]]
name = "SQLAlchemy"
version = "2.0.45"
description = "Database Abstraction Library"

[package.extras]
asyncio = ["greenlet (!=0.4.17)"]
"""

PDM = """
[[package]]
name = "sqlalchemy"
version = "2.0.45"
extras = ["asyncio"]

[[package]]
name = "sqlalchemy"
version = "2.0.45"
"""

PIPFILE = '{"_meta": {"hash": {}}, "default": {"sqlalchemy": {"version": "==2.0.45"}}}'


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("uv.lock", UV),
        ("uv.lock", UV.replace("\n", "\r\n")),
        ("poetry.lock", POETRY),
        ("pdm.lock", PDM),
        ("Pipfile.lock", PIPFILE),
        ("requirements.txt", "greenlet==3.1.1\nsqlalchemy==2.0.45\n"),
        ("requirements.txt", "SQLAlchemy[asyncio, postgresql] === 2.0.45  # as in production\r\n"),
        ("constraints.txt", "sqlalchemy==2.0.45\n"),
        (
            "requirements.txt",
            "sqlalchemy==2.0.45 ; python_version >= '3.9' \\\n  --hash=sha256:0\n",
        ),
        ("requirements.txt", "sqlalchemy==2.0.45 --hash=sha256:0\n"),
        ("requirements.txt", "\ufeffsqlalchemy==2.0.45"),
        ("requirements-dev.txt", "sqlalchemy==2.0.45"),
    ],
)
def test_a_locked_version_is_read(name, text, tmp_path):
    assert locked(tmp_path, {name: text}) == "2.0.45"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("uv.lock", UV),
        ("Pipfile.lock", PIPFILE),
        ("requirements.txt", "sqlalchemy==2.0.45\n"),
    ],
)
def test_the_version_of_another_package_is_read(name, text, tmp_path):
    text = text.lower().replace("sqlalchemy", "fastapi")
    assert locked(tmp_path, {name: text}, package="fastapi") == "2.0.45"
    assert locked(tmp_path, {name: text}) is None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("uv.lock", UV.replace('"sqlalchemy"', '"flask-sqlalchemy"')),
        ("uv.lock", UV + "<<<<<<< theirs\n"),
        ("uv.lock", 'package = "sqlalchemy"'),
        ("uv.lock", '[[package]]\nname = "sqlalchemy"\nversion = 2'),
        ("uv.lock", "[package]\nsqlalchemy = '2.0.45'"),
        ("Pipfile.lock", PIPFILE[:-1]),
        ("Pipfile.lock", '["sqlalchemy"]'),
        ("Pipfile.lock", '{"default": {"sqlalchemy": "==2.0.45"}}'),
        ("Pipfile.lock", '{"default": {"sqlalchemy": {"git": "https://example.org/x"}}}'),
        ("Pipfile.lock", '{"sqlalchemy": ' + "[" * 200_000),
        ("requirements.txt", "sqlalchemy>=2.0.45\n"),
        ("requirements.txt", "sqlalchemy==2.0.*\n"),
        ("requirements.txt", "sqlalchemy==2.0.45,!=2.0.46\n"),
        ("requirements.txt", "# sqlalchemy==2.0.45\n"),
        ("requirements.txt", "flask_sqlalchemy==2.0.45\n"),
        ("requirements.txt", "sqlalchemy-utils==0.41\nsqlalchemy2_stubs==0.0.2\n"),
    ],
)
def test_nothing_is_made_of_what_locks_nothing(name, text, tmp_path):
    assert locked(tmp_path, {name: text}) is None


def test_what_is_not_utf_8_says_nothing(tmp_path):
    (tmp_path / "requirements.txt").write_bytes(b"sqlalchemy==2.0.45\n\xff\n")
    assert locked(tmp_path, {}) is None


def test_two_versions_are_none(tmp_path):
    files = {"uv.lock": UV, "requirements.txt": "sqlalchemy==2.0.44"}
    assert locked(tmp_path, files) is None


def test_two_files_that_agree_are_one_version(tmp_path):
    files = {"uv.lock": UV, "requirements.txt": "sqlalchemy==2.0.45"}
    assert locked(tmp_path, files) == "2.0.45"


def test_the_nearest_folder_that_locks_one_decides(tmp_path):
    files = {
        "uv.lock": UV,
        "services/mail/requirements.txt": "sqlalchemy==1.4.54",
        "services/mail/app/main.py": "",
        "services/shop/requirements.txt": "requests==2.32",
        "services/shop/app/main.py": "",
    }
    assert locked(tmp_path, files, "services/mail/app") == "1.4.54"
    assert locked(tmp_path, files, "services/shop/app") == "2.0.45"


def test_what_lies_above_the_project_says_nothing(tmp_path):
    written(tmp_path, {"uv.lock": UV})
    assert locked(tmp_path / "project", {"app/main.py": ""}, "app") is None


@pytest.mark.parametrize("version", ["2.0.24", "2.0.42", "2.0.45", "2.0.54", "2.1.0", "2.1.4"])
def test_a_release_that_loses_a_place_is_named(version):
    loses = "loses its place in the pool until the garbage collector finds it"
    assert told(version) == f"SQLAlchemy {version} {loses}"


@pytest.mark.parametrize(
    "version",
    ["1.4.54", "2.0.0", "2.0.5.post1", "2.0.23", "2.0.26", "2.0.41", "2.0.55", "2.1.0b1", "2.1.5"],
)
def test_nothing_is_said_of_a_release_that_does_no_worse(version):
    assert told(version) is None


@pytest.mark.parametrize("version", ["", "2", "2.0", "main", "2.0.x", "2.0.42.dev0", "9.9.9"])
def test_nothing_is_said_of_what_was_not_measured(version):
    assert told(version) is None


def test_the_rows_stand_in_order_and_apart():
    ends = [end for one in RELEASES for end in (one.first, one.last)]
    assert ends == sorted(ends)
    assert len({one.first for one in RELEASES}) == len(RELEASES)


def older(folder, files, below="."):
    """Whether what stands in a folder of a project with these files may run on 1.3."""
    root = written(folder, files)
    return Locks(root, bytes_of).may_be_before(str((root / below).resolve()), (1, 4))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", '[project]\ndependencies = [\n  "sqlalchemy>=1.3,<2",\n]\n'),
        ("pyproject.toml", '[tool.poetry.dependencies]\nSQLAlchemy = "~1.3.20"\n'),
        ("pyproject.toml", 'sqlalchemy = {extras = ["mypy"], version = "^1.3"}\n'),
        ("pyproject.toml", 'sqlalchemy = "1.3.24"\n'),
        ("Pipfile", '[packages]\nsqlalchemy = "==1.3.*"\n'),
        ("setup.py", "setup(install_requires=['flask', 'sqlalchemy (>=1.2, <1.4)'])\n"),
        ("setup.cfg", "install_requires =\n    SQLAlchemy < 1.4\n"),
        ("requirements.txt", "sqlalchemy[postgresql]~=1.3  # not yet\n"),
        ("requirements-dev.in", "sqlalchemy<=1.3.24\n"),
        ("requirements.txt", "sqlalchemy==1.3.24\n"),
        ("constraints.txt", "sqlalchemy==1.3.24\n"),
        ("requirements.txt", "git+https://github.com/us/sqlalchemy.git@port#egg=SQLAlchemy\n"),
        ("requirements.txt", "SQLAlchemy @ git+ssh://git@example.org/us/sqlalchemy@main\n"),
        ("uv.lock", UV.replace("2.0.45", "1.3.24")),
        ("requirements/base.txt", "sqlalchemy [asyncio] >=1.3,!=1.3.5\n"),
        ("requirements.txt", "sqlalchemy<1\n"),
        ("environment.yml", "dependencies:\n  - python=3.9\n  - sqlalchemy=1.3.24\n"),
        ("environment.yml", "dependencies:\n  - sqlalchemy=1.3.*=py39\n"),
        ("environment-dev.yaml", "dependencies:\n  - pip:\n    - sqlalchemy<1.4\n"),
        ("Dockerfile", "FROM python:3.9\nRUN pip install flask sqlalchemy==1.3.24 gunicorn\n"),
        ("Dockerfile.worker", "RUN pip install 'sqlalchemy>=1.3,<2'\n"),
        ("tox.ini", "[testenv]\ndeps =\n    old: sqlalchemy>=1.3,<1.4\n"),
        ("docker/requirements.txt", "sqlalchemy==1.3.24\n"),
        ("docker/Dockerfile", "RUN pip install sqlalchemy==1.3.24\n"),
    ],
)
def test_what_may_run_on_an_older_release(name, text, tmp_path):
    assert older(tmp_path, {name: text})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", '[project]\ndependencies = ["sqlalchemy>=1.4,<2"]\n'),
        ("pyproject.toml", '[project]\ndependencies = ["sqlalchemy"]\n'),
        ("pyproject.toml", '[project]\ndependencies = ["sqlalchemy<2", "sqlalchemy!=1.3.1"]\n'),
        ("pyproject.toml", '[project]\ndependencies = ["flask-sqlalchemy>=1.2"]\n'),
        ("pyproject.toml", '[project]\ndependencies = ["sqlalchemy-utils>=0.41"]\n'),
        ("pyproject.toml", 'sqlalchemy = ">=2.1.0.dev0,<2.2"\n'),
        ("pyproject.toml", '# sqlalchemy = "1.3.24"\nsqlalchemy = "^2"\n'),
        ("pyproject.toml", 'sqlalchemy = "*"\n'),
        ("requirements.txt", "sqlalchemy==2.0.45\nalembic==1.3\n"),
        ("requirements.txt", "sqlalchemy>=1.4,<1.4.42\n"),
        ("requirements.txt", "sqlalchemy<1.4.1\n"),
        ("requirements.txt", "# git+https://github.com/us/sqlalchemy.git\n"),
        ("requirements.txt", "git+https://github.com/us/flask-sqlalchemy.git\n"),
        ("requirements.txt", "git+https://github.com/sqlalchemy/sqlalchemy-utils.git\n"),
        ("requirements.txt", "sqlalchemy>=1.3,>=1.4.2\n"),
        ("requirements.txt", "sqlalchemy>=" + "1" * 5_000 + "\n"),
        ("pyproject.toml", 'description = "sqlalchemy = 1.3"\n'),
        ("environment.yml", "dependencies:\n  - sqlalchemy=2.0\n  - python=3.9\n"),
        ("environment.yml", "dependencies:\n  - sqlalchemy\n  # - sqlalchemy=1.3\n"),
        ("Dockerfile", "RUN pip install sqlalchemy alembic==1.3\n"),
    ],
)
def test_what_runs_on_newer_ones(name, text, tmp_path):
    assert not older(tmp_path, {name: text})


def test_what_is_locked_decides_before_what_is_required(tmp_path):
    files = {"uv.lock": UV, "pyproject.toml": 'dependencies = ["sqlalchemy>=1.3"]\n'}
    assert not older(tmp_path, files)


def test_the_nearest_folder_that_says_anything_decides(tmp_path):
    files = {
        "pyproject.toml": 'dependencies = ["sqlalchemy>=1.3"]\n',
        "new/requirements.txt": "sqlalchemy>=2\n",
        "other/setup.py": "setup()\n",
    }
    assert older(tmp_path, files)
    assert not older(tmp_path, {}, "new")
    assert older(tmp_path, {}, "other")


NAMES = [
    *("uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "Pipfile"),
    *("pyproject.toml", "setup.cfg", "setup.py"),
    *("requirements.txt", "requirements-dev.in", "constraints_3.11.txt", "constraints.in"),
    *("requirements/base.txt", "requirements/deep.in", "docker/all.txt", "docker/all.in"),
    *("environment.yml", "environment-dev.yaml", "tox.ini", "Dockerfile", "docker/Dockerfile.dev"),
]


@pytest.mark.parametrize("name", NAMES)
def test_whoever_watches_a_project_knows_all_files_that_decide(name, tmp_path):
    root = written(tmp_path, {name: ""})
    path = str((root / name).resolve())
    assert path in set(Locks(root, bytes_of).paths(str(root.resolve())))
    assert may_decide(path)


def test_every_glob_of_such_files_has_one():
    names = [PurePath(name) for name in NAMES]
    assert [glob for glob in DECIDING if not any(name.match(glob) for name in names)] == []


@pytest.mark.parametrize("name", ["notes.txt", "docs/base.txt", "my-requirements.txt", "yarn.lock"])
def test_other_files_do_not_decide(name, tmp_path):
    root = written(tmp_path, {name: ""})
    assert list(Locks(root, bytes_of).paths(str(root))) == []
    assert not may_decide(str(root / name))


@pytest.mark.parametrize(
    "piece", ["sqlalchemy={version ", "sqlalchemy[", "sqlalchemy 1,", "sqlalchemy "]
)
def test_a_long_line_takes_no_time_to_speak_of(piece, tmp_path):
    """With patterns that are not bounded each of these takes minutes."""
    assert not older(tmp_path, {"setup.py": piece * 20_000})
