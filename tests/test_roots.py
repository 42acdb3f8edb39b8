"""Which folder a file's project is."""

import pytest
from small_project import found_in, written

from sessionlint.facts.folders import Folders
from sessionlint.facts.roots import Roots

MARKED = [f"{name}/requirements.txt" for name in ("one", "two", "three", "four")]


def root(folder, of, *names):
    written(folder, dict.fromkeys(names, ""))
    return Roots(Folders()).of(str(folder / of)).removeprefix(f"{folder}/")


def test_a_repository_is_one(tmp_path):
    names = ("code/shop/.git/HEAD", "code/shop/app/setup.py", "code/setup.py")
    assert root(tmp_path, "code/shop/app", *names) == "code/shop"


def test_the_farthest_folder_with_a_project_file_is_one(tmp_path):
    names = ("code/shop/requirements.txt", "code/shop/app/setup.py", "code/shop/app/a/b.py")
    assert root(tmp_path, "code/shop/app/a", *names) == "code/shop"


def test_what_lies_around_packages_is_one(tmp_path):
    names = ("code/shop/__init__.py", "code/shop/app/__init__.py", "code/other/__init__.py")
    assert root(tmp_path, "code/shop/app", *names) == "code"


@pytest.mark.parametrize("others", [["other/.git/HEAD"], MARKED])
def test_what_holds_other_projects_is_none(others, tmp_path):
    names = ("shop/__init__.py", "shop/app/__init__.py", *others)
    assert root(tmp_path, "code/shop/app", *(f"code/{name}" for name in names)) == "code/shop"


def test_a_part_with_requirements_of_its_own_is_no_other_project(tmp_path):
    names = ("code/shop/__init__.py", "code/docs/requirements.txt", "code/ui/setup.cfg")
    assert root(tmp_path, "code/shop", *names) == "code"


def test_a_package_that_is_all_of_a_project_knows_its_own_name(tmp_path):
    database = "from sqlalchemy.orm import sessionmaker\nmaker = sessionmaker()\n"
    use = "from shop.db import maker\ndef load():\n    s = maker()\n    s.execute('select 1')\n"
    files = {"shop/__init__.py": "", "shop/db.py": database, "shop/use.py": use}
    project = written(tmp_path, files) / "shop"
    assert found_in(project) == {"use.py": [(3, "SES102")]}


@pytest.mark.parametrize(
    ("mark", "others", "expected"),
    [
        ("code/shop/.git/HEAD", (), []),
        ("code/shop/setup.py", MARKED, []),
        # A script beside what it imports is all that is known of some projects.
        ("code/shop/setup.py", (), [(3, "SES102")]),
        ("code/shop/db.pyi", MARKED, [(3, "SES102")]),
    ],
)
def test_a_script_beside_projects_has_no_source_of_theirs(mark, others, expected, tmp_path):
    """Reading a home directory for one script would take minutes."""
    database = "from sqlalchemy.orm import sessionmaker\nmaker = sessionmaker()\n"
    use = "from shop.db import maker\ndef load():\n    s = maker()\n    s.execute('select 1')\n"
    files = {"code/shop/db.py": database, mark: "", **dict.fromkeys(others, "")}
    home = written(tmp_path, files) / "code"
    (tmp_path / "use.py").write_text(use.replace("shop", "code.shop"))
    assert found_in(home.parent).get("use.py", []) == expected
