"""Which exceptions a handler takes, beside what Python does."""

import asyncio
import builtins
from itertools import product

import libcst as cst
import pytest

from sessionlint.flow.handlers import Catch, caught
from sessionlint.flow.ways import Exit, Way


class RefusedError(Exception):
    """An error of a program."""


class BusyError(RefusedError):
    """One below it."""


KNOWN = {
    one.__name__: one
    for one in (
        *(getattr(builtins, name) for name in ("OSError", "FileNotFoundError", "IOError")),
        *(LookupError, KeyError, ValueError, UnicodeDecodeError, StopIteration, StopAsyncIteration),
        *(Exception, BaseException, KeyboardInterrupt, SystemExit, GeneratorExit),
        *(asyncio.CancelledError, RefusedError, BusyError),
    )
}
"""Classes by the names under which code raises and takes them; a program's are errors."""

OF_PYTHON = {name for name, one in KNOWN.items() if one.__module__ == "builtins"}


def _said(handler, raised):
    node = cst.ensure_type(
        cst.parse_statement(f"try:\n    pass\nexcept {handler}:\n    pass\n"), cst.Try
    )
    return caught(node.handlers[0], Exit(Way.RAISE, error=raised))


@pytest.mark.parametrize("raised", sorted(KNOWN))
def test_a_handler_takes_what_python_hands_it(raised):
    for handler in sorted(KNOWN):
        said = _said(handler, raised)
        is_taken = issubclass(KNOWN[raised], KNOWN[handler])
        assert said is Catch.MAYBE or (said is Catch.ALWAYS) is is_taken, handler


def test_is_sure_of_whatever_python_itself_defines():
    unsure = [pair for pair in product(OF_PYTHON, repeat=2) if _said(*pair) is Catch.MAYBE]
    assert unsure == []


@pytest.mark.parametrize("raised", ["BusyError", "ValueError", "CancelledError"])
def test_one_of_several_types_is_enough(raised):
    assert _said(f"(KeyError, {raised})", raised) is Catch.ALWAYS
    assert _said("(KeyError, IndexError)", raised) is not Catch.ALWAYS
    assert _said("BaseException", raised) is Catch.ALWAYS


@pytest.mark.parametrize("handler", ["CancelledError", "KeyboardInterrupt", "SystemExit"])
def test_an_error_of_a_program_is_none_that_ends_it(handler):
    assert _said(handler, "BusyError") is Catch.NEVER
    assert _said("Exception", "BusyError") is Catch.ALWAYS
    assert _said("RefusedError", "BusyError") is Catch.MAYBE
