"""What a method is called on, told from bytes."""

import pytest

from sessionlint.source.chains import is_on_call
from sessionlint.source.logical import logical


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"opened().execute(q)", True),
        (b"store.opened(1, [2], {3: ()}).execute(q)", True),
        (b"opened().options(f(x)).other.execute(q)", True),
        (b"opened()[0].execute(q)", True),
        (b"opened[T]().execute(q)", True),
        (b"opened[0].execute(q)", True),
        (b"await opened() .execute(q)", True),
        (b"return opened()  .execute(q)", True),
        (b"(db or opened()).execute(q)", True),
        (b"return (opened()).execute(q)", True),
        (b"[opened()][0].execute(q)", True),
        (b"opened) .execute(q)", True),
        (b"db.execute(q)", False),
        (b"opened.execute(q)", False),
        (b"db.opened.execute(q)", False),
        (b"db.connection().execute(q)", False),
        (b"db.query(opened()).execute(q)", False),
        (b"x = reopened().execute(q)", False),
        (b"opened_once().execute(q)", False),
        (b"opened\xc3\xa9().execute(q)", False),
        (b".execute(q)", True),
    ],
)
def test_a_method_is_called_on_what_a_call_of_that_name_gives(text, expected):
    """What is no plain chain of calls may hold any of them."""
    found = is_on_call(logical(text), text.index(b".execute"), {b"opened"})
    assert found is expected
