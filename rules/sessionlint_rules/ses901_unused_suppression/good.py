"""Comments that take something back, are not for sessionlint alone, or are meant to stay."""

from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session, sessionmaker

engine = create_engine("sqlite:///shop.db")
SessionLocal = sessionmaker(bind=engine)

NAME = text("select name from users where id = :id")
NAMES = text("select name from users order by id")


def load_user(user_id: int) -> str | None:
    db = Session(engine)  # noqa: SES101
    try:
        return db.execute(NAME, {"id": user_id}).scalar()
    finally:
        db.close()


def list_names() -> list[str]:
    db = SessionLocal(
        autoflush=False,
        expire_on_commit=False,
    )  # sessionlint: ignore[SES1] the close tells the other side
    try:
        return list(db.execute(NAMES).scalars())
    finally:
        db.close()


def first_name() -> str | None:
    with SessionLocal() as db:  # noqa
        return db.execute(NAMES).scalar()


def last_name() -> str | None:
    with SessionLocal() as db:  # noqa: E501, PLR0911
        rows = db.execute(NAMES).all()
    return rows[-1].name if rows else None


def count_names() -> int:
    with SessionLocal() as db:  # noqa: SES102, SES901
        return len(db.execute(NAMES).all())


def explain() -> str:
    return "write # noqa: SES102, or # sessionlint: ignore[SES102]"
