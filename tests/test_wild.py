"""Shapes of real code, made small: what they want is found in them, and nothing else."""

import ast
from pathlib import Path

import pytest
from small_project import found_alone, found_in, wanted_in, wants

WILD = Path(__file__).parents[1] / "fixtures" / "wild"
SINGLE = sorted(path.name for path in WILD.glob("*.py"))
FOLDERS = sorted(path.name for path in WILD.iterdir() if path.is_dir())
FILES = sorted(path.relative_to(WILD).as_posix() for path in WILD.rglob("*.py"))


@pytest.mark.parametrize("name", SINGLE)
def test_finds_what_a_file_wants_and_no_more(name):
    path = WILD / name
    assert wants(path.read_text()) == [(one.span.line, one.code) for one in found_alone(path)]


@pytest.mark.parametrize("name", FOLDERS)
def test_finds_what_a_folder_wants_and_no_more(name):
    assert wanted_in(WILD / name) == found_in(WILD / name)


@pytest.mark.parametrize("name", FILES)
def test_says_what_the_shape_teaches(name):
    text = (WILD / name).read_text()
    assert text == "" or ast.get_docstring(ast.parse(text))
