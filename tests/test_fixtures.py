"""The small projects run, and exactly what they expect is found in them."""

import json

import pytest
from apps import APPS, NAMES, PRINTED, SMOKE, TESTS, run
from command import sessionlint


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_module_can_be_imported(name, tmp_path):
    app = APPS / name
    modules = [
        path.relative_to(app).with_suffix("").as_posix().replace("/", ".")
        for path in sorted(app.rglob("*.py"))
    ]
    code = "\n".join(f"import {module.removesuffix('.__init__')}" for module in modules)
    assert run(code, app, cwd=tmp_path) == ""


@pytest.mark.parametrize("name", NAMES)
def test_it_really_runs(name, tmp_path, postgres):
    dsn = {"PRICES_DSN": postgres, "SEATS_DSN": postgres}
    printed = run(SMOKE[name], APPS / name, TESTS, cwd=tmp_path, **dsn)
    assert printed == PRINTED[name]


@pytest.mark.parametrize("name", NAMES)
def test_finds_what_the_project_expects_and_no_more(name):
    app = APPS / name
    done = sessionlint("--output-format", "json", ".", cwd=app)
    found = [f"{one['path']}:{one['line']}: {one['code']}" for one in json.loads(done.stdout)]
    assert sorted(found) == (app / "expected.txt").read_text().splitlines()
