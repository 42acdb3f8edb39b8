"""Objects whose exit closes only when all goes well."""

from __future__ import annotations

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.orm import Session, sessionmaker

engine = create_engine("sqlite:///shop.db")
SessionLocal = sessionmaker(bind=engine)

NAMES = text("select name from users order by id")
RENAME = text("update users set name = :name where id = :id")


class UnitOfWork:
    """One transaction."""

    def __enter__(self) -> UnitOfWork:
        self.session = SessionLocal()  # want: SES110 "still open when `__exit__` fails on line 24"
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if kind is None:
            self.session.commit()
        else:
            self.session.rollback()
        self.session.close()

    def rename(self, user_id: int, name: str) -> None:
        self.session.execute(RENAME, {"id": user_id, "name": name})


class Renaming:
    def __enter__(self) -> Connection:
        self.conn = engine.connect()  # want: SES110 "connection `self.conn` is still open"
        return self.conn

    def __exit__(self, *error: object) -> bool:
        """Keep what was done, be it half of it."""
        # Whatever has happened.
        self.conn.commit()

        # Last of all.
        self.conn.close()  # always
        return False


class Reader:
    def __enter__(self) -> Connection:
        self.conn = engine.connect()  # want: SES110 "never closed: `__exit__` leaves it open"
        return self.conn

    def __exit__(self, *error: object) -> None:
        print("done")


class Committing:
    def __enter__(self) -> Session:
        self.session = Session(engine)  # want: SES110 "`__exit__` gives its connection back"
        return self.session

    def __exit__(self, kind: object, *error: object) -> None:
        if kind is None:
            self.session.commit()
        else:
            self.session.rollback()


class Ending:
    def __init__(self) -> None:
        self.session = SessionLocal()  # want: SES110 "still open when `end` fails on line"

    def __enter__(self) -> Session:
        return self.session

    def __exit__(self, kind: object, *error: object) -> None:
        self.end(is_good=kind is None)

    def end(self, *, is_good: bool = True) -> None:
        if is_good:
            self.session.commit()
        self.session.close()


class Raising:
    def __enter__(self) -> Session:
        self.session = Session(engine)  # want: SES110 "still open when `__exit__` fails on line 92"
        return self.session

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is not None:
            raise RuntimeError("nothing was renamed") from error
        self.session.close()


def rename(user_id: int, name: str) -> None:
    with UnitOfWork() as work:
        work.rename(user_id, name)


def rename_at_once(user_id: int, name: str) -> None:
    with Renaming() as conn:
        conn.execute(RENAME, {"id": user_id, "name": name})


def list_names() -> list[str]:
    with Reader() as conn:
        return list(conn.scalars(NAMES))


def rename_committing(user_id: int, name: str) -> None:
    with Committing() as session:
        session.execute(RENAME, {"id": user_id, "name": name})


def rename_ending(user_id: int, name: str) -> None:
    with Ending() as session:
        session.execute(RENAME, {"id": user_id, "name": name})


def rename_raising(user_id: int, name: str) -> None:
    with Raising() as session:
        session.execute(RENAME, {"id": user_id, "name": name})
