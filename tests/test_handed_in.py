"""What is said of an engine that is built only where its caller hands none in."""

import pytest
from small_project import findings

HEAD = "from sqlalchemy import create_engine, text\n"


@pytest.mark.parametrize(
    ("test", "words"),
    [
        ("engine is None", "on every call that hands in no `engine`, each"),
        ("not engine", "on every call that hands in no `engine`, each"),
        ("engine is not None", "on every call, each"),
        ("url is None", "on every call, each"),
    ],
)
def test_an_engine_that_may_be_handed_in_is_told_so(test, words):
    text = f"""{HEAD}
def count(url, engine=None):
    if {test}:
        engine = create_engine(url)
    with engine.connect() as connection:
        return connection.execute(text("select 1")).scalar()
"""
    [finding] = [one for one in findings(text) if one.code == "SES401"]
    assert words in finding.message
