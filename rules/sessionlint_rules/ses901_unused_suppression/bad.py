"""Comments that take nothing back."""

from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session, sessionmaker

engine = create_engine("sqlite:///shop.db")
SessionLocal = sessionmaker(bind=engine)

NAME = text("select name from users where id = :id")
NAMES = text("select name from users order by id")


def load_user(user_id: int) -> str | None:
    with Session(engine) as db:  # noqa: SES102  # want: SES901 "`SES102` takes nothing back here"
        return db.execute(NAME, {"id": user_id}).scalar()


def list_names() -> list[str]:
    with SessionLocal() as db:  # noqa: SES1, SES203  # want: SES901 "`SES1`, `SES203` take nothing back"
        return list(db.execute(NAMES).scalars())


def first_name() -> str | None:
    with SessionLocal() as db:  # noqa: E501, SES103  # want: SES901 "`SES103` takes nothing back"
        return db.execute(NAMES).scalar()


def last_name() -> str | None:
    with SessionLocal() as db:  # noqa: SES777  # want: SES901 "`SES777` is no rule"
        rows = db.execute(NAMES).all()
    return rows[-1].name if rows else None


def count_names() -> int:
    with SessionLocal() as db:  # sessionlint: ignore  # want: SES901 "this comment takes nothing back"
        return len(db.execute(NAMES).all())


def has_names() -> bool:
    with SessionLocal() as db:  # sessionlint: ignore[SES102] closed below  # want: SES901 "`SES102` takes nothing back"
        return db.execute(NAMES).first() is not None


def longest_name() -> str:
    # sessionlint: ignore[SES104]  # want: SES901 "`SES104` takes nothing back here"
    with SessionLocal() as db:
        return max(db.execute(NAMES).scalars(), key=len)


def print_names() -> None:
    db = Session(
        engine
    )  # sessionlint: ignore[SES101, SES203]  # want: SES901 "`SES203` takes nothing back"
    try:
        for name in db.execute(NAMES).scalars():
            print(name)
    finally:
        db.close()


def shortest_name() -> str:
    with SessionLocal() as db:  # sessionlint: ignore[leaks]  # want: SES901 "`LEAKS` is no rule"
        return min(db.execute(NAMES).scalars(), key=len)
