"""Under which circumstances a function runs: when the program starts, or in a test."""

from __future__ import annotations

import re
from itertools import takewhile
from typing import Final

import libcst as cst

from sessionlint.facts import aside
from sessionlint.facts.caching import is_cache
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.promised import is_ending
from sessionlint.facts.scopes import Block, BlockKind
from sessionlint.facts.syntax import arguments, decorator_name, dotted, last_name

__all__ = [
    "begins_application",
    "handles",
    "has_starting_name",
    "is_aside",
    "is_torn_down",
    "named_behind",
    "runs_again",
    "serves",
    "starts_anyway",
    "starts_by_name",
    "starts_up",
]

# Compiled by `re` when first asked for: most files have no engine to ask about.
_STARTS: Final = (
    r"(?i)^(?:test\w*|_*(?:test_(?:conn|db|database)\w*|main|lifespan|create_app|make_app|build_app|init\w*|setup\w*|set_up\w*|start\w*|"
    r"on_startup|startup\w*|bootstrap\w*|configure\w*|run_migrations\w*|do_run_migrations|upgrade|"
    r"downgrade|(?:create|ensure|drop|check)_(?:\w+_)?(?:db|database|schema|tables?)\w*|migrate\w*|create_tables|create_db\w*|create_all|app_factory|connect_db|"
    r"__init__|__new__|__enter__|__aenter__|__post_init__|__setstate__|cli|run|seed\w*))$"
)
_READING_WORDS: Final = frozenset({"parse_args", "parse_known_args"})
"""Source: the standard library's `argparse`."""

_FACTORY: Final = r"(?i)_*create_\w*(?:engine|sessions?|pool)"
"""What is named after what it gives, `create_db_engine` for instance, may be called at any time."""

_KEEPING: Final = r"(?i)cache|memo|once|singleton"

_HANDING: Final = {
    b"python_callable": rb"\bpython_callable\s*=\s*",
    b"set_defaults": rb"\bset_defaults\(\s*\w+\s*=\s*",
    b".command": rb"\.command\([^()\n]*\)\(\s*",
}

_STARTING: Final = frozenset({"on_event", "before_first_request"})
_ONCE: Final = _STARTING | {"fixture", "yield_fixture", "command"}

_RUNNERS: Final = frozenset({"invoke", "fabric", "robocorp", "duty", "prefect"})
"""Packages whose `task` is a command of somebody's, or the step of one."""

_TEARING: Final = frozenset({"teardown_module", "tearDownModule"})
"""What is called when the last test of a module has run, one at a time as they do.

Source: pytest, "How to implement xunit-style set-up"; `unittest`, "Class and Module Fixtures".
"""

_METHODS: Final = frozenset({"get", "post", "put", "patch", "delete"})
_ROUTES: Final = _METHODS | {"route", "api_route", "websocket"}
_HOOKS: Final = frozenset({"after_request", "before_request", "context_processor", "user_loader"})
"""Decorators of Flask, and of Flask-Login, for what runs at each request."""

_VIEWS: Final = r"(?:Method)?Resource|\w*MethodView|APIView|\w*RequestHandler|HTTPEndpoint"
"""Classes of Flask and its extensions, Sanic, Tornado and Starlette, made for each request."""

_OF_FALCON: Final = (["req", "resp"], ["request", "response"])
"""What its responders take; other objects have methods of these names for events."""


def starts_up(evaluator: Evaluator, block: Block) -> bool:
    """Whether a function runs when the program starts, once, or beside the program."""
    return starts_by_name(block) or starts_anyway(evaluator, block)


def starts_by_name(block: Block) -> bool:
    """Whether its name says so, or that of a function around it: `init_db`.

    What a decorator has run for each request or task may be called `run`, and stand in whatever.
    """
    inside = takewhile(lambda one: not serves(one), block.scopes)
    return not runs_again(block) and any(map(has_starting_name, inside))


def has_starting_name(block: Block) -> bool:
    """Whether a function has the name of what runs when the program starts."""
    is_function = block.kind is BlockKind.FUNCTION
    is_named = is_function and re.match(_STARTS, block.name) is not None
    return is_named and re.fullmatch(_FACTORY, block.name) is None


def starts_anyway(evaluator: Evaluator, block: Block) -> bool:
    """Whether it runs so whatever its name is."""
    if aside.is_command(block.home.path, evaluator.tree.files.root):
        return True
    if _is_task_of_airflow(block) or _is_lifespan(block) or _is_command(block):
        return True
    for above in block.scopes:
        marks = map(decorator_name, above.decorators)
        if not _ONCE.isdisjoint(marks) or any(
            _keeps_result(evaluator, decorator, above) for decorator in above.decorators
        ):
            return True
    return is_aside(evaluator, block) or _is_handed_over(evaluator, block)


def _is_command(block: Block) -> bool:
    """Whether a function reads the words the program was started with: one of its commands."""
    is_reading = any(last_name(call.func) in _READING_WORDS for call in block.calls)
    return is_reading and block.owner is None and block.home.imports("argparse")


def begins_application(block: Block) -> bool:
    """Whether a function is called when an application starts, or entered while it runs."""
    marks = set(map(decorator_name, block.decorators))
    return not marks.isdisjoint(_STARTING) or _is_lifespan(block)


def _is_lifespan(block: Block) -> bool:
    """Whether a function is entered for as long as an application runs, which it is given."""
    marks = set(map(decorator_name, block.decorators))
    return "asynccontextmanager" in marks and [one.default for one in block.parameters] == [None]


def _keeps_result(evaluator: Evaluator, decorator: cst.BaseExpression, block: Block) -> bool:
    """Whether a decorator is a cache, or by its name may be one: `@aiocachedmethod(…)`, `@once`."""
    is_named_so = re.search(_KEEPING, decorator_name(decorator)) is not None
    return is_named_so or is_cache(evaluator, decorator, block)


def runs_again(block: Block) -> bool:
    """Whether all of a module runs anew whenever somebody touches its page, `main()` included.

    Source: Streamlit, "Working with Streamlit's execution model".
    """
    return block.home.imports("streamlit")


def handles(block: Block) -> bool:
    """Whether a web framework calls a function for each request."""
    return serves(block) or any(decorator_name(one) in _HOOKS for one in block.decorators)


def serves(block: Block) -> bool:
    """Whether a function runs for each request to an address, or for each task of Celery."""
    if any(_is_of_address(one) or _is_of_celery(one, block) for one in block.decorators):
        return True
    return block.owner is not None and _is_of_view(block, block.owner)


def _is_of_view(method: Block, owner: Block) -> bool:
    """`get` of a Flask or Tornado class, or `on_get` of a Falcon one, which has no base."""
    if method.name.startswith("on_"):
        given = [one.name.value for one in method.parameters]
        return method.name[3:] in _METHODS and given[1:3] in _OF_FALCON
    head = owner.definition
    bases = head.bases if isinstance(head, cst.ClassDef) else ()
    names = (last_name(base.value) for base in bases)
    return method.name in _METHODS and any(re.fullmatch(_VIEWS, name) for name in names)


def _is_of_address(decorator: cst.BaseExpression) -> bool:
    """`@app.get("/items")`; `@mock.patch("a.b")` names no address."""
    if not isinstance(decorator, cst.Call) or decorator_name(decorator) not in _ROUTES:
        return False
    address = next(arguments(decorator), None)
    return isinstance(address, cst.SimpleString) and address.raw_value.startswith("/")


def _is_of_celery(decorator: cst.BaseExpression, block: Block) -> bool:
    """`@app.task(bind=True)` or `@shared_task`; a `@task` alone may be a command's."""
    of = decorator.func if isinstance(decorator, cst.Call) else decorator
    if not isinstance(of, cst.Attribute):
        return last_name(of) == "shared_task"
    root = (dotted(of) or "").partition(".")[0]
    origins = {one.origin.partition(".")[0] for one in block.seen(root)}
    return last_name(of) == "task" and origins.isdisjoint(_RUNNERS)


def _is_task_of_airflow(block: Block) -> bool:
    """Whether Airflow runs a function, in a process that ends with it.

    Source: Airflow, "Executor": each task instance is a process, whichever executor starts it.
    """
    if not block.home.imports("airflow"):
        return False
    is_of_operator = block.owner is not None and block.name in {"execute", "poke"}
    return is_of_operator or "task" in map(decorator_name, block.decorators)


def _is_handed_over(evaluator: Evaluator, block: Block) -> bool:
    """Whether a function is the whole of what Airflow runs, or of a command that is told so."""
    tree, name = evaluator.tree, block.name.encode()
    ways = {word: named_behind(before, block) for word, before in _HANDING.items()}
    # Fewer files have the name than have the word. Of those that do not speak, which are read anew
    # for each, all functions ask for the same words.
    return any(tree.has(name, way) for way in ways.values()) or any(
        True for word, way in ways.items() for _ in tree.elsewhere(word, way)
    )


def named_behind(before: bytes, function: Block) -> re.Pattern[bytes]:
    """The name of a function behind what hands it over."""
    return re.compile(before + rb"(?:\w+\.)*" + re.escape(function.name.encode()) + rb"\b")


def is_aside(evaluator: Evaluator, block: Block) -> bool:
    """Whether a function belongs to tests, migrations, scripts or examples."""
    return aside.is_aside(block.home.path, evaluator.tree.files.root)


def is_torn_down(module: Block, name: str) -> bool:
    """Whether a module of tests ends what has a name in it behind the last of them."""
    return any(
        inner.name in _TEARING and any(is_ending(call, name) for call in inner.calls)
        for inner in module.home.speaking(name)
    )
