"""Objects whose exit closes whatever happens."""

from __future__ import annotations

from contextlib import ExitStack

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.orm import Session, sessionmaker

engine = create_engine("sqlite:///shop.db")
SessionLocal = sessionmaker(bind=engine)

NAMES = text("select name from users order by id")
RENAME = text("update users set name = :name where id = :id")


class UnitOfWork:
    def __enter__(self) -> UnitOfWork:
        self.session = SessionLocal()
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        try:
            if kind is None:
                self.session.commit()
        finally:
            self.session.close()

    def rename(self, user_id: int, name: str) -> None:
        self.session.execute(RENAME, {"id": user_id, "name": name})


class Reading:
    def __init__(self) -> None:
        self.conn: Connection | None = None

    def __enter__(self) -> Connection:
        self.conn = engine.connect()
        return self.conn

    def __exit__(self, *error: object) -> None:
        if self.conn is not None:
            self.conn.close()
            self.conn = None


class Stacked:
    def __enter__(self) -> Session:
        self.stack = ExitStack()
        self.session = self.stack.enter_context(SessionLocal())
        return self.session

    def __exit__(self, *error: object) -> None:
        self.stack.close()


def rename(user_id: int, name: str) -> None:
    with UnitOfWork() as work:
        work.rename(user_id, name)


def list_names() -> list[str]:
    with Reading() as conn:
        return list(conn.scalars(NAMES))


def list_names_of_a_stack() -> list[str]:
    with Stacked() as session:
        return list(session.scalars(NAMES))
