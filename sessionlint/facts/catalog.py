"""What the libraries offer, as rows of data: what acquires, what releases, what is shared.

Nothing here knows a rule. A `Type` is a kind of object, `METHODS` says what calling one of its
methods gives, `CALLS` what calling a library function or class gives. A library name that has no
row is certainly something else: a `requests.Session` is not a session.
"""

from enum import Enum
from typing import Final, NamedTuple

__all__ = [
    "ANNOTATIONS",
    "ATTRIBUTES",
    "CACHES",
    "CALLS",
    "EITHER",
    "LIBRARIES",
    "METHODS",
    "OTHER_CONNECTS",
    "TYPES",
    "Gift",
    "How",
    "Kind",
    "Type",
]


class Kind(Enum):
    """What an object is, as far as lifetimes care."""

    ENGINE = "engine"
    POOL = "pool"
    SESSION = "session"
    CONNECTION = "connection"
    TRANSACTION = "transaction"
    REGISTRY = "registry"
    EXTENSION = "extension"


class How(Enum):
    """What a call does with the object it gives."""

    FRESH = "the caller must release it"
    FRESH_ON_AWAIT = "awaiting the call acquires; the caller must release it"
    BORROWED = "somebody else releases it"
    MANAGER = "a context manager that releases it"
    ITSELF = "the object the method was called on"
    MAKER = "a factory of it"


class Type(NamedTuple):
    """A kind of object: how it is called in messages and what ends it.

    `releases` are the methods after which it holds nothing; those of an asynchronous type must be
    awaited, except `unawaited`. `ends_with` says whether `with obj:` releases it;
    `is_manageable` whether any context manager does, `contextlib.closing` included. `is_cut_off`:
    a cancellation that arrives while it is released costs the pool its connection.

    Source: asyncpg aborts a connection whose close is cancelled and shields the release of a
    pooled one; psycopg closes without waiting; SQLAlchemy's own closes are measured by
    tests/bench/cancellation_matrix.py.
    """

    name: str
    kind: Kind
    noun: str
    is_async: bool = False
    releases: frozenset[str] = frozenset()
    ends_with: bool = True
    unawaited: frozenset[str] = frozenset({"terminate"})
    is_manageable: bool = True
    is_cut_off: bool = False

    @property
    def is_session(self) -> bool:
        """Whether it connects when it is first used, until a commit: so does a registry."""
        return self.kind in {Kind.SESSION, Kind.REGISTRY}

    @property
    def is_of_driver(self) -> bool:
        """Whether it is what a driver gives, and SQLAlchemy does not."""
        return "." in self.name

    def is_release(self, method: str) -> bool:
        """Whether that method ends the object's hold on its connection."""
        return method in self.releases

    def gives_itself(self, method: str) -> bool:
        """Whether that method gives the very object it is called on."""
        gift = METHODS.get((self.name, method))
        return gift is not None and gift.how is How.ITSELF

    def is_coroutine(self, method: str) -> bool:
        """Whether calling that method does nothing until it is awaited."""
        return self.is_async and method not in self.unawaited


class Gift(NamedTuple):
    """What a call gives: an object of `type`, and who has to release it."""

    how: How
    type: str = ""


_SESSION: Final = frozenset({"close", "aclose", "invalidate", "remove", "reset"})
"""Source: SQLAlchemy, `Session`; `reset` is what `close` does where it may be used again."""
_CONNECTION: Final = frozenset({"close", "aclose", "invalidate", "terminate"})
_ENGINE: Final = frozenset({"dispose", "close", "terminate"})

# fmt: off
TYPES: Final[dict[str, Type]] = {
    row.name: row
    for row in (
        Type("Session", Kind.SESSION, "session", releases=_SESSION),
        Type("AsyncSession", Kind.SESSION, "session", True, _SESSION, is_cut_off=True),
        Type("scoped_session", Kind.REGISTRY, "scoped session", releases=frozenset({"close", "remove"}), ends_with=False, is_manageable=False),
        Type("async_scoped_session", Kind.REGISTRY, "scoped session", True, frozenset({"close", "remove"}), ends_with=False, is_manageable=False, is_cut_off=True),
        Type("Engine", Kind.ENGINE, "engine", releases=_ENGINE, ends_with=False),
        Type("AsyncEngine", Kind.ENGINE, "engine", True, _ENGINE, ends_with=False),
        Type("Connection", Kind.CONNECTION, "connection", releases=_CONNECTION),
        Type("AsyncConnection", Kind.CONNECTION, "connection", True, _CONNECTION, is_cut_off=True),
        Type("RawConnection", Kind.CONNECTION, "raw connection", releases=_CONNECTION, ends_with=False),
        Type("Transaction", Kind.TRANSACTION, "transaction"),
        Type("SQLAlchemy", Kind.EXTENSION, "extension"),
        Type("asyncpg.Connection", Kind.CONNECTION, "connection", True, _CONNECTION, ends_with=False, is_manageable=False),
        Type("asyncpg.PoolConnection", Kind.CONNECTION, "pooled connection", True, _CONNECTION, ends_with=False),
        Type("asyncpg.Pool", Kind.POOL, "pool", True, _ENGINE),
        Type("psycopg2.connection", Kind.CONNECTION, "connection", releases=_CONNECTION, ends_with=False),
        Type("psycopg2.PoolConnection", Kind.CONNECTION, "pooled connection", releases=_CONNECTION, ends_with=False, is_manageable=False),
        Type("psycopg2.EitherConnection", Kind.CONNECTION, "connection", releases=_CONNECTION, ends_with=False, is_manageable=False),
        Type("psycopg2.Pool", Kind.POOL, "pool", releases=frozenset({"closeall"})),
        Type("psycopg.Connection", Kind.CONNECTION, "connection", releases=_CONNECTION),
        Type("psycopg.AsyncConnection", Kind.CONNECTION, "connection", True, _CONNECTION),
        Type("psycopg_pool.ConnectionPool", Kind.POOL, "pool", releases=_ENGINE),
        Type("psycopg_pool.AsyncConnectionPool", Kind.POOL, "pool", True, _ENGINE),
        Type("aiomysql.Connection", Kind.CONNECTION, "connection", True, _CONNECTION | {"ensure_closed"}, unawaited=frozenset({"close"})),
        Type("aiomysql.Pool", Kind.POOL, "pool", True, _ENGINE),
        Type("aiosqlite.Connection", Kind.CONNECTION, "connection", True, _CONNECTION),
    )
}

CALLS: Final[dict[str, Gift]] = {
    "sqlalchemy.orm.Session": Gift(How.FRESH, "Session"),
    "sqlalchemy.orm.sessionmaker": Gift(How.MAKER, "Session"),
    "sqlalchemy.orm.create_session": Gift(How.FRESH, "Session"),
    "sqlalchemy.orm.scoped_session": Gift(How.FRESH, "scoped_session"),
    "sqlalchemy.orm.object_session": Gift(How.BORROWED, "Session"),
    "sqlalchemy.create_engine": Gift(How.FRESH, "Engine"),
    "sqlalchemy.engine_from_config": Gift(How.FRESH, "Engine"),
    "sqlalchemy.ext.asyncio.create_async_engine": Gift(How.FRESH, "AsyncEngine"),
    "sqlalchemy.ext.asyncio.async_engine_from_config": Gift(How.FRESH, "AsyncEngine"),
    "sqlalchemy.ext.asyncio.AsyncSession": Gift(How.FRESH, "AsyncSession"),
    "sqlalchemy.ext.asyncio.async_sessionmaker": Gift(How.MAKER, "AsyncSession"),
    "sqlalchemy.ext.asyncio.async_scoped_session": Gift(How.FRESH, "async_scoped_session"),
    "sqlalchemy.ext.asyncio.async_object_session": Gift(How.BORROWED, "AsyncSession"),
    "sqlmodel.ext.asyncio.session.AsyncSession": Gift(How.FRESH, "AsyncSession"),
    "flask_sqlalchemy.SQLAlchemy": Gift(How.BORROWED, "SQLAlchemy"),
    "asyncpg.connect": Gift(How.FRESH_ON_AWAIT, "asyncpg.Connection"),
    "asyncpg.create_pool": Gift(How.FRESH, "asyncpg.Pool"),
    "psycopg.connect": Gift(How.FRESH, "psycopg.Connection"),
    "psycopg.Connection.connect": Gift(How.FRESH, "psycopg.Connection"),
    "psycopg.AsyncConnection.connect": Gift(How.FRESH_ON_AWAIT, "psycopg.AsyncConnection"),
    "psycopg2.connect": Gift(How.FRESH, "psycopg2.connection"),
    "psycopg2.pool.SimpleConnectionPool": Gift(How.FRESH, "psycopg2.Pool"),
    "psycopg2.pool.ThreadedConnectionPool": Gift(How.FRESH, "psycopg2.Pool"),
    "psycopg_pool.ConnectionPool": Gift(How.FRESH, "psycopg_pool.ConnectionPool"),
    "psycopg_pool.AsyncConnectionPool": Gift(How.FRESH, "psycopg_pool.AsyncConnectionPool"),
    "aiomysql.connect": Gift(How.FRESH_ON_AWAIT, "aiomysql.Connection"),
    "aiomysql.create_pool": Gift(How.FRESH, "aiomysql.Pool"),
    "aiosqlite.connect": Gift(How.FRESH_ON_AWAIT, "aiosqlite.Connection"),
}

METHODS: Final[dict[tuple[str, str], Gift]] = {
    ("Engine", "connect"): Gift(How.FRESH, "Connection"),
    ("Engine", "raw_connection"): Gift(How.FRESH, "RawConnection"),
    ("Engine", "begin"): Gift(How.MANAGER, "Connection"),
    ("Engine", "execution_options"): Gift(How.ITSELF),
    ("AsyncEngine", "connect"): Gift(How.FRESH_ON_AWAIT, "AsyncConnection"),
    ("AsyncEngine", "raw_connection"): Gift(How.FRESH_ON_AWAIT, "RawConnection"),
    ("AsyncEngine", "begin"): Gift(How.MANAGER, "AsyncConnection"),
    ("AsyncEngine", "execution_options"): Gift(How.ITSELF),
    ("Connection", "execution_options"): Gift(How.ITSELF),
    ("Connection", "connect"): Gift(How.FRESH, "Connection"),
    ("Connection", "begin"): Gift(How.BORROWED, "Transaction"),
    ("AsyncConnection", "execution_options"): Gift(How.ITSELF),
    ("AsyncConnection", "start"): Gift(How.ITSELF),
    ("AsyncConnection", "begin"): Gift(How.BORROWED, "Transaction"),
    ("Session", "begin"): Gift(How.BORROWED, "Transaction"),
    ("Session", "connection"): Gift(How.BORROWED, "Connection"),
    ("AsyncSession", "begin"): Gift(How.BORROWED, "Transaction"),
    ("AsyncSession", "connection"): Gift(How.BORROWED, "AsyncConnection"),
    ("scoped_session", "__call__"): Gift(How.BORROWED, "Session"),
    ("async_scoped_session", "__call__"): Gift(How.BORROWED, "AsyncSession"),
    ("SQLAlchemy", "create_scoped_session"): Gift(How.BORROWED, "scoped_session"),
    ("SQLAlchemy", "create_engine"): Gift(How.FRESH, "Engine"),
    ("SQLAlchemy", "get_engine"): Gift(How.BORROWED, "Engine"),
    ("asyncpg.Pool", "acquire"): Gift(How.FRESH_ON_AWAIT, "asyncpg.PoolConnection"),
    ("psycopg2.Pool", "getconn"): Gift(How.FRESH, "psycopg2.PoolConnection"),
    ("psycopg_pool.ConnectionPool", "getconn"): Gift(How.FRESH, "psycopg.Connection"),
    ("psycopg_pool.ConnectionPool", "connection"): Gift(How.MANAGER, "psycopg.Connection"),
    ("psycopg_pool.AsyncConnectionPool", "getconn"): Gift(How.FRESH_ON_AWAIT, "psycopg.AsyncConnection"),
    ("psycopg_pool.AsyncConnectionPool", "connection"): Gift(How.MANAGER, "psycopg.AsyncConnection"),
    ("aiomysql.Pool", "acquire"): Gift(How.FRESH_ON_AWAIT, "aiomysql.Connection"),
}

ATTRIBUTES: Final[dict[tuple[str, str], str]] = {
    ("SQLAlchemy", "session"): "scoped_session",
    ("SQLAlchemy", "engine"): "Engine",
    ("AsyncEngine", "sync_engine"): "Engine",
    ("AsyncSession", "sync_session"): "Session",
    ("Session", "bind"): "Engine",
    ("Connection", "engine"): "Engine",
    ("AsyncConnection", "engine"): "AsyncEngine",
}
# fmt: on

ANNOTATIONS: Final[dict[str, str]] = {
    "sqlalchemy.Engine": "Engine",
    "sqlalchemy.Connection": "Connection",
    "sqlalchemy.orm.Session": "Session",
    "sqlalchemy.orm.scoped_session": "scoped_session",
    "sqlalchemy.ext.asyncio.AsyncEngine": "AsyncEngine",
    "sqlalchemy.ext.asyncio.AsyncConnection": "AsyncConnection",
    "sqlalchemy.ext.asyncio.AsyncSession": "AsyncSession",
    "sqlalchemy.ext.asyncio.async_scoped_session": "async_scoped_session",
    "sqlmodel.ext.asyncio.session.AsyncSession": "AsyncSession",
    "flask_sqlalchemy.SQLAlchemy": "SQLAlchemy",
    "asyncpg.Pool": "asyncpg.Pool",
    "asyncpg.pool.Pool": "asyncpg.Pool",
    "asyncpg.Connection": "asyncpg.Connection",
    "psycopg_pool.ConnectionPool": "psycopg_pool.ConnectionPool",
    "psycopg_pool.AsyncConnectionPool": "psycopg_pool.AsyncConnectionPool",
    "aiomysql.Pool": "aiomysql.Pool",
    "aiosqlite.Connection": "aiosqlite.Connection",
    "psycopg.Connection": "psycopg.Connection",
    "psycopg.AsyncConnection": "psycopg.AsyncConnection",
}

LIBRARIES: Final = frozenset(
    "sqlalchemy sqlmodel flask_sqlalchemy asyncpg psycopg psycopg2 psycopg_pool aiomysql "
    "aiosqlite".split()
)
"""The packages that the tables speak of."""

EITHER: Final = (
    TYPES["psycopg2.EitherConnection"],
    frozenset({"psycopg2.connection", "psycopg2.PoolConnection", "psycopg2.EitherConnection"}),
)
"""What comes from a pool if there is one, and else is opened, and the types that are either."""

OTHER_CONNECTS: Final = frozenset(
    "sqlite3.connect sqlite3.dbapi2.connect pymysql.connect MySQLdb.connect "
    "mysql.connector.connect pyodbc.connect oracledb.connect cx_Oracle.connect "
    "duckdb.connect".split()
)
"""What opens a connection that is closed as one of psycopg2 is, of drivers not in the tables.

Source: `Connection.close()` of PEP 249.
"""

CACHES: Final = frozenset(
    "functools.lru_cache functools.cache functools.cached_property lru_cache cache cached_property "
    "django.utils.functional.cached_property werkzeug.utils.cached_property cachetools.cached "
    "cachetools.func.lru_cache cachetools.func.ttl_cache cachetools.func.lfu_cache "
    "async_lru.alru_cache streamlit.cache_resource streamlit.cache_data st.cache_resource "
    "streamlit.cache streamlit.experimental_singleton streamlit.experimental_memo".split()
)
"""Decorators after which every caller gets the same result."""
