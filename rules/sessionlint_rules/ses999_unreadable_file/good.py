"""An odd file that is valid all the same: a byte order mark, tabs and a form feed."""

from sqlalchemy import create_engine, text


engine = create_engine("sqlite:///shop.db")


def käufer(größe: int) -> list[str]:
	with engine.connect() as connection:  # ünïcode
		query = text(
    "select name from users limit :size"
		)
		return list(connection.execute(query, {"size": größe}).scalars()); pass
