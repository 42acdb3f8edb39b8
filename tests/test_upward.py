"""Methods that hand a call on to the library's class that they replace one of."""

import pytest
from small_project import found_in, written

from sessionlint.facts.catalog import ANNOTATIONS, CALLS, How
from sessionlint.source.bindings import products
from sessionlint.source.gate import GIVERS, MAKERS
from sessionlint.source.upward import LISTED

POOL = """\
from sqlalchemy.pool import NullPool, PoolProxiedConnection, QueuePool


class OwnPool(QueuePool, NullPool):
    def connect(self):
        if self.is_shared:
            return super().connect()
        return NullPool.connect(self)
"""


def givers(text: str) -> set[bytes]:
    return products(text.encode(), MAKERS, GIVERS).givers


def test_what_a_pool_gives_for_its_library_is_no_name_of_the_project():
    assert givers(POOL) == set()
    assert givers(POOL.replace("(self):", "(self) -> PoolProxiedConnection:")) == set()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("super().connect", "self.engine.connect"),
        ("super().connect", "super(OwnPool, self).connect"),
        ("NullPool.connect(self)", "Other.connect(self)"),
        ("def connect", "def opened"),
        ("QueuePool, NullPool):", "Base, NullPool):"),
        ("QueuePool, NullPool):", "Base[int], NullPool):"),
        ("import NullPool", "import QueuePool\nfrom ours import NullPool"),
        ("sqlalchemy.pool", "ours"),
        ("\n\n\n", "\nNullPool = wrapped(NullPool)\n\n"),
        ("\n\n\n", "\ntry:\n    import x\nexcept E:\n    class NullPool: pass\n\n"),
        ("(self):", "(self) -> Engine:"),
        ("(self):", "(self) -> 'Engine':"),
        ("class OwnPool(QueuePool, NullPool)", "class OwnPool(Engine, NullPool)"),
        ("import NullPool", "import Engine as QueuePool, NullPool"),
    ],
)
def test_what_may_be_known_of_is_a_name(old, new):
    text = POOL.replace(old, new)
    assert text != POOL
    assert givers(text) & {b"connect", b"opened"}


def test_what_is_customary_is_a_name_whoever_gives_it():
    text = POOL.replace("connect(", "create_session(")
    assert b"create_session" in givers(text)


def test_the_classes_that_are_followed_are_known_by_their_names():
    makers = {name for name, gift in CALLS.items() if gift.how is How.MAKER}
    classes = {name for name in makers | ANNOTATIONS.keys() if name.startswith("sqlalchemy.")}
    assert {name.rpartition(".")[2].encode() for name in classes} == LISTED


ENGINES = """\
    from sqlalchemy import Engine, create_engine

    engine = create_engine("sqlite://")


    class Store:
        def open_connection(self):
            return engine.connect()


    class Cached(Store):
        def open_connection(self):
            return super().open_connection()


    class Own(Engine):
        pass


    class Kept(Own):
        def connect(self):
            return super().connect()
    """

USE = """\
    from store import Cached, Kept


    def count(query):
        it = Cached().open_connection()
        return it.execute(query)


    def each(kept: Kept, query):
        it = kept.connect()
        return it.execute(query)
    """


def test_what_a_class_of_the_project_gives_is_followed_through_super(tmp_path):
    folder = written(tmp_path, {"store.py": ENGINES, "use.py": USE})
    found = found_in(folder)
    assert found == found_in(folder, "full")
    assert found["use.py"] == [(5, "SES102"), (10, "SES102")]
