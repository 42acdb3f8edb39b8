"""Files that only say which types their parameters have, told from those that take something."""

from pathlib import Path

import pytest

from sessionlint.facts.glances import Glances
from sessionlint.source.gate import CATALOGUE, called
from sessionlint.source.taking import may_take

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    "text",
    [
        b"from sqlalchemy.orm import Session\n",
        b"def load(db: Session, bind: Engine | Session) -> Session:\n    return db\n",
        b"from sqlalchemy.orm import Session, SessionTransaction\n",
        b"reconnect(disconnected)\n",
    ],
)
def test_a_file_that_only_annotates_takes_nothing(text):
    assert not may_take(text)


@pytest.mark.parametrize(
    "text",
    [
        b"db = Session(bind)\n",
        b"if a: Session(bind)\n",
        b"db = Session\t(bind)\n",
        b"make = sessionmaker[AsyncSession](bind)\n",
        b"x: Session[int](1)\n",
        b"class Mine(Session):\n    pass\n",
        b"class Mine(\n    Base,\n    Session,\n):\n    pass\n",
        b"class Mine(Base[Session]):\n    pass\n",
        b"make = Session\n",
        b"make = orm.Session\n",
        b"make =Session;\n",
        b"make = (Session)\n",
        b"make = None or Session\n",
        b"make = a if b else Session\n",
        b"a, make = b, Session\n",
        b"make = partial(Session, bind)\n",
        b"it = run_in_threadpool(Session, bind)\n",
        b"it = to_thread(\n    asyncpg.connect)\n",
        b"def load(make=Session):\n    pass\n",
        b"def load(\n    make: Any=create_engine,\n):\n    pass\n",
        b"from sqlalchemy.orm import Session as Base\n",
        b"from sqlalchemy.orm import (\n    Session\n    as Base,\n)\n",
        b"def load(make: sessionmaker):\n    pass\n",
        b"def load(make: async_sessionmaker[AsyncSession]):\n    pass\n",
    ],
)
def test_what_a_file_may_call_or_name_is_seen(text):
    assert is_taking(text)
    assert may_take(text)


def is_taking(text: bytes) -> bool:
    """The same by all that the file calls and renames, which takes far longer to find."""
    glances = Glances()
    return not called(text).isdisjoint(CATALOGUE) or bool(glances.aliases(text, CATALOGUE))


def test_no_file_of_ours_takes_unseen():
    texts = [path.read_bytes() for path in ROOT.rglob("*.py")]
    assert [text for text in texts if is_taking(text) and not may_take(text)] == []
