"""Calls that do not fail in practice, by name, and those that end the process."""

import re
from collections.abc import Sequence
from typing import Final

import libcst as cst

from sessionlint.facts.scopes import Binding, How
from sessionlint.facts.syntax import bare, dotted, is_name, last_name

__all__ = [
    "ADDING",
    "ASKING",
    "BUILDING",
    "COLLECTING",
    "COMPARING",
    "COMPOSING",
    "CUTTING",
    "EMPTY_CALLS",
    "ENTERED_SAFELY",
    "EXITS",
    "EXPECTING",
    "IDLE",
    "MAKING",
    "MOCKS",
    "PANDAS",
    "PARTS",
    "REFINING",
    "SAFE_CALLS",
    "SAFE_MANAGERS",
    "SETTLING",
    "SHELLS",
    "STATED",
    "STATEMENTS",
    "STATUS",
    "TELLING",
    "is_easily_closed",
    "is_logging",
    "is_title",
    "logs",
]

STATUS: Final = frozenset(
    "is_active closed is_closed in_transaction invalidated is_connected is_valid open hasattr "
    "getattr locals globals dir vars status get_transaction get_transaction_status "
    "in_nested_transaction".split()
)
"""Attributes and functions that ask whether there is something left to close; none fails."""

IDLE: Final = STATUS | {"get_bind", "expunge_all", "expire_all"}
"""Methods that neither fail in practice nor take a connection."""

ASKING: Final = frozenset({"isinstance", "type", "id", "repr", "str", "hasattr", "bool", "print"})
"""Functions that take no connection for what they are given."""

ADDING: Final = frozenset({"add", "add_all"})
"""Methods that give a session objects, which it writes when something else needs a connection."""

BUILDING: Final = ADDING | {"query", "cursor"}
"""Methods that send nothing to the database, so they do not fail in practice."""

SHELLS: Final = frozenset("IPython.embed embed breakpoint pdb.set_trace ipdb.set_trace".split())
"""What shows the variables of its caller to a person."""

SETTLING: Final = frozenset({"commit", "rollback", "begin"})
"""Methods of a session after which its connection is back in the pool, where nobody goes on."""

EXITS: Final = frozenset({"sys.exit", "exit", "quit", "os._exit", "os.abort"})
_LOGGER: Final = re.compile(r"(?:\w*_)?log|\w*logger|logging", re.IGNORECASE)
_OPENING: Final = frozenset({"connect", "cursor", "open"})

_LOG_CALLS: Final = frozenset("debug info warning warn error exception critical log fatal".split())
SAFE_CALLS: Final = frozenset(
    "print isinstance issubclass id len type callable hasattr str repr bool super locals globals "
    "time.time time.monotonic time.perf_counter datetime.now datetime.datetime.now "
    "datetime.utcnow datetime.datetime.utcnow datetime datetime.datetime timedelta "
    "datetime.timedelta date.today uuid4 uuid.uuid4 traceback.print_exc "
    "traceback.format_exc text sa.text sqlalchemy.text logging.getLogger getLogger "
    "range os.path.exists os.path.isfile os.path.isdir os.path.join os.getenv os.environ.get "
    "random.random Path pathlib.Path time.sleep sleep logging.basicConfig".split()
)
TELLING: Final = frozenset(
    "isoformat strftime timestamp date time total_seconds hex upper lower strip".split()
)
"""Methods of what such calls give that do not fail either."""

MAKING: Final = frozenset(
    "str repr uuid4 uuid.uuid4 datetime.now datetime.datetime.now datetime.utcnow "
    "datetime.datetime.utcnow date.today datetime.date.today traceback.format_exc".split()
)
"""Those of them that give a text, an identifier or a time, and never None."""

CUTTING: Final = TELLING | frozenset(
    "replace lstrip rstrip title capitalize casefold swapcase zfill ljust rjust removeprefix "
    "removesuffix startswith endswith split rsplit splitlines".split()
)
"""Methods of texts and times that give another one for any text."""

PARTS: Final = frozenset("hex int year month day hour minute second microsecond".split())
"""Attributes of identifiers and times."""

_TITLES: Final = frozenset({"__class__", "__doc__", "__module__"})
"""What every object has."""

_NAMES: Final = frozenset({"__name__", "__qualname__"})
"""What every class has."""

STATEMENTS: Final = frozenset({"select", "Select", "insert", "update", "delete", "text"})
REFINING: Final = frozenset(
    "where filter filter_by join outerjoin options order_by group_by having distinct limit offset "
    "select_from".split()
)
"""Methods of queries and statements that give another one, and run none."""

COMPOSING: Final = REFINING | frozenset(
    "values returning with_only_columns subquery scalar_subquery label".split()
)
"""Methods that put a statement together, which asks the database for nothing."""

STATED: Final = frozenset({"statement", "subquery", "cte", "selectable"})
"""What makes a query part of another one, so that it does not run by itself."""

COMPARING: Final = frozenset(
    "desc asc in_ not_in notin_ is_ is_not isnot like ilike between label startswith endswith "
    "contains any has nulls_first nulls_last nullsfirst nullslast op cast distinct".split()
)
"""Methods of columns and relationships, `User.name.desc()`, that give a part of a statement."""

COLLECTING: Final = frozenset(
    "append appendleft extend add update insert get items keys values clear set setdefault "
    "reset".split()
)
"""Methods of lists, sets, dictionaries, events and variables of a context.

They take or give what there is.
"""

MOCKS: Final = frozenset({"Mock", "MagicMock", "AsyncMock", "create_autospec"})
"""What makes an object that stands in for another in a test."""

PANDAS: Final = frozenset(
    "read_sql read_sql_query read_sql_table to_sql read_postgis to_postgis".split()
)
"""Functions and methods of pandas and GeoPandas that use a connection or an engine, and keep none.

They give a connection of an engine back to its pool, and leave one open that they are given.
Source: `SQLDatabase` and `pandasSQL_builder` of pandas.io.sql; geopandas.io.sql.
"""

EXPECTING: Final = frozenset({"raises", "assertRaises", "assertRaisesRegex"})
"""Context managers of tests, with the kind of error that their block ends in as first argument."""

ENTERED_SAFELY: Final = EXPECTING | frozenset(
    "suppress nullcontext move_on_after fail_after CancelScope timeout timeout_at".split()
)
"""Context managers that are made and entered without any failure in practice.

Source: `asyncio.timeout` waits for nothing when it is entered, so no cancellation comes there.
"""

SAFE_MANAGERS: Final = EXPECTING | frozenset(
    "open suppress nullcontext move_on_after CancelScope redirect_stdout redirect_stderr "
    "catch_warnings Lock RLock TemporaryDirectory NamedTemporaryFile closing app_context "
    "test_request_context".split()
)
"""Context managers whose exit does not fail in practice."""

EMPTY_CALLS: Final = frozenset(
    "dict list set tuple frozenset object bytearray defaultdict OrderedDict Counter deque "
    "collections.defaultdict collections.OrderedDict collections.Counter collections.deque "
    "StringIO BytesIO io.StringIO io.BytesIO SimpleNamespace types.SimpleNamespace "
    "Lock RLock Event Queue threading.Lock threading.RLock threading.Event queue.Queue "
    "asyncio.Lock asyncio.Event asyncio.Queue".split()
)


def is_logging(owner: cst.BaseExpression, method: str) -> bool:
    """Whether a method of something with the name of a logger logs: `audit_log.info(…)`."""
    return method in _LOG_CALLS and _LOGGER.fullmatch(last_name(owner)) is not None


def is_easily_closed(bindings: Sequence[Binding]) -> bool:
    """Whether a name is only ever a cursor, a connection of any driver or a file, or None.

    To close one of these does not fail in practice.
    """
    values = [bare(one.expression) for one in bindings if one.expression is not None]
    made = [value for value in values if not is_name(value, "None")]
    return (
        bool(made)
        and all(one.how is How.VALUE for one in bindings)
        and all(isinstance(one, cst.Call) and last_name(one.func) in _OPENING for one in made)
    )


def logs(node: cst.Call) -> bool:
    """`context.log.info(…)`: a way to a logger is no work."""
    owner, method = getattr(node.func, "value", node.func), last_name(node.func)
    return is_logging(owner, method) and dotted(owner) is not None


def is_title(node: cst.Attribute) -> bool:
    """Whether an attribute is there for sure: `type(error).__name__`, `error.__class__`."""
    owner = node.value
    is_class = (isinstance(owner, cst.Call) and is_name(owner.func, "type")) or (
        isinstance(owner, cst.Attribute) and owner.attr.value == "__class__"
    )
    return node.attr.value in _TITLES or (is_class and node.attr.value in _NAMES)
