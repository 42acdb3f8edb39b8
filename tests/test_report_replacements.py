"""Replacements turn one text into the other, whatever the two are."""

from hypothesis import given
from hypothesis import strategies as st

from sessionlint.model import Span
from sessionlint.report.replacements import Replacement, replacements
from sessionlint.source.text import line_starts

TEXTS = st.lists(st.sampled_from(["a", "b", "  c", "\n", "\r\n", "\r", "\f", "é😀"])).map("".join)


@given(TEXTS, TEXTS)
def test_all_replacements_together_make_the_new_text(before, after):
    starts = line_starts(before)
    text = before
    for one in reversed(list(replacements(before, after))):
        start = starts[one.span.line - 1] + one.span.column
        end = starts[one.span.end_line - 1] + one.span.end_column
        assert start <= end <= len(before)
        text = text[:start] + one.text + text[end:]
    assert text == after


def test_what_stays_is_not_replaced():
    assert list(replacements("a\nb\nc\nd\n", "a\nB\nc\nd\ne\n")) == [
        Replacement(Span(2, 0, 3, 0), "B\n"),
        Replacement(Span(5, 0, 5, 0), "e\n"),
    ]


def test_the_same_text_has_no_replacements():
    assert list(replacements("a\n", "a\n")) == []
    assert list(replacements("", "")) == []
