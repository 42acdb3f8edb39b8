"""Codes, and prefixes of codes, that switch rules on and off."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

__all__ = [
    "CODE_PREFIX",
    "Selection",
    "contradiction",
    "enabled",
    "similar",
    "similar_code",
    "unknown_codes",
]

CODE_PREFIX = "SES"
"""What every code, and so every prefix that selects some, begins with."""

_OPPOSITES = (("select", "ignore"), ("extend-select", "ignore"), ("fixable", "unfixable"))


class Selection(NamedTuple):
    """Codes, and prefixes of codes, that switch rules on and off.

    `select` is None where nothing is said: then the rules that were on before stay on.
    """

    select: tuple[str, ...] | None = None
    ignore: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()

    def codes(self) -> tuple[str, ...]:
        """Every code and prefix it names."""
        return (*(self.select or ()), *self.ignore, *self.extend_select)


def enabled(codes: Iterable[str], selections: Iterable[Selection]) -> frozenset[str]:
    """The codes that stay on when the selections apply in order, all being on at first.

    A selection with `select` starts from nothing. Inside one, a longer prefix wins over a shorter
    one, and ignoring wins over selecting.

    Source: ruff resolves its selectors in the same way.
    """
    known = frozenset(codes)
    chosen: frozenset[str] = known
    for selection in selections:
        if selection.select is not None:
            chosen = frozenset()
        on = {*(selection.select or ()), *selection.extend_select}
        for prefix in sorted({*on, *selection.ignore}, key=len):
            named = frozenset(code for code in known if code.startswith(prefix))
            chosen = chosen - named if prefix in selection.ignore else chosen | named
    return chosen


def contradiction(lists: Mapping[str, Sequence[str]], dashes: str) -> str | None:
    """A complaint about the first code or prefix that is both switched on and off, None without.

    `lists` are called as in a table; `dashes` stand before these names elsewhere. A longer prefix
    that says otherwise than a shorter one is no contradiction.
    """
    for on, off in _OPPOSITES:
        both = (code for code in lists.get(on, ()) if code in lists.get(off, ()))
        for code in both:
            return f"`{code}` is both in `{dashes}{on}` and in `{dashes}{off}`"
    return None


def unknown_codes(codes: Iterable[str], names: Mapping[str, str]) -> list[str]:
    """One complaint for each code or prefix that stands for no rule, in capitals or not.

    `names` says what the rule of each code is called.
    """
    return [
        f"unknown rule code `{code}`{similar_code(code, names)}"
        for code in codes
        if not code.upper().startswith(CODE_PREFIX)
        or not any(known.startswith(code.upper()) for known in names)
    ]


def similar_code(code: str, names: Mapping[str, str]) -> str:
    """A question that offers the code most like this one; a rule's name stands for its code.

    What many codes begin with is like none of them.
    """
    prefix = code.upper()
    if prefix == "ALL":
        # What ruff calls all of its rules.
        return f"; did you mean `{CODE_PREFIX}`?"
    if prefix.startswith(CODE_PREFIX) and sum(known.startswith(prefix) for known in names) > 1:
        return f"; `{code}` stands for several, which `sessionlint rules` lists"
    of_name = {name: known for known, name in names.items()}
    if code.lower() in of_name:
        return f"; did you mean `{of_name[code.lower()]}`?"
    return similar(code.upper(), names)


def similar(word: str, words: Iterable[str]) -> str:
    """A question that offers the word most like one that is none of them; often empty."""
    # Only asked about a mistake, and it takes as long to import as all of the configuration.
    from difflib import get_close_matches

    close = get_close_matches(word, list(words), n=1, cutoff=0.7)
    return f"; did you mean `{close[0]}`?" if close else ""
