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
        self.session = SessionLocal()
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        try:
            if kind is None:
                self.session.commit()
            else:
                self.session.rollback()
        finally:
            self.session.close()

    def rename(self, user_id: int, name: str) -> None:
        self.session.execute(RENAME, {"id": user_id, "name": name})


class Renaming:
    def __enter__(self) -> Connection:
        self.conn = engine.connect()
        return self.conn

    def __exit__(self, *error: object) -> bool:
        """Keep what was done, be it half of it."""
        try:
            # Whatever has happened.
            self.conn.commit()
        finally:
            # Last of all.
            self.conn.close()  # always
        return False


class Ending:
    def __init__(self) -> None:
        self.session = SessionLocal()

    def __enter__(self) -> Session:
        return self.session

    def __exit__(self, kind: object, *error: object) -> None:
        self.end(is_good=kind is None)

    def end(self, *, is_good: bool = True) -> None:
        try:
            if is_good:
                self.session.commit()
        finally:
            self.session.close()


class Raising:
    def __enter__(self) -> Session:
        self.session = Session(engine)
        return self.session

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        try:
            if error is not None:
                raise RuntimeError("nothing was renamed") from error
        finally:
            self.session.close()


def rename(user_id: int, name: str) -> None:
    with UnitOfWork() as work:
        work.rename(user_id, name)


def rename_at_once(user_id: int, name: str) -> None:
    with Renaming() as conn:
        conn.execute(RENAME, {"id": user_id, "name": name})
