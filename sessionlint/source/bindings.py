"""What a file's names stand for as far as its bytes tell: makers, givers, or other names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from sessionlint.source.around import Head, enclosing, functions_around, is_own_variable
from sessionlint.source.bases import derived
from sessionlint.source.custom import strangers
from sessionlint.source.gate import GIVERS, MAKERS, called, is_at_source, is_telling
from sessionlint.source.logical import logical
from sessionlint.source.naming import annotated, defaults, named, renamings
from sessionlint.source.text import line_start
from sessionlint.source.uses import Target, returned, uses

__all__ = ["Products", "other_names", "own_names", "products", "products_alone"]

_KEPT: Final = 256
"""For how many files it is kept what they give by themselves: those that are parsed ask again."""


@dataclass(frozen=True, slots=True)
class Products:
    """Names that stand for makers, and for givers.

    No other file calls the `local` ones, variables of functions, by these names, nor those of the
    `methods` and attributes that do not tell anything.
    """

    makers: set[bytes] = field(default_factory=set[bytes])
    givers: set[bytes] = field(default_factory=set[bytes])
    local: set[bytes] = field(default_factory=set[bytes])
    methods: set[bytes] = field(default_factory=set[bytes])

    @property
    def shared(self) -> set[bytes]:
        """The names that other files may call."""
        return (self.makers | self.givers) - self.local - self.methods


def products(data: bytes, makers: frozenset[bytes], givers: frozenset[bytes]) -> Products:
    """The names that a file gives to makers and givers, or to what calling them gives.

    A variable that holds a maker is a giver; so is a function that returns what a giver gives. A
    variable that holds a session is neither: it is not called.
    """
    search = _Search(data, makers, givers)
    while search.has_news():
        pass
    return search.found()


@lru_cache(maxsize=_KEPT)
def products_alone(data: bytes) -> Products:
    """The same of a file that knows no other names than the libraries'."""
    return products(data, MAKERS, GIVERS)


def own_names(data: bytes) -> frozenset[bytes]:
    """The names by which a file alone knows something that acquires."""
    if not is_at_source(data):
        return frozenset()
    found = products_alone(data)
    return frozenset(found.makers | found.givers)


def other_names(data: bytes) -> dict[bytes, set[bytes]]:
    """What a file assigns to the names that it calls, or imports by them: all they stand for."""
    old: dict[bytes, set[bytes]] = {}
    for new, one in (*((one.new, one.old) for one in named(data)), *_imported(data)):
        old.setdefault(new, set()).add(one)
    return {new: _reached(old, new) for new in called(data) & old.keys()}


def _imported(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """What an import gives another name: that, and the name."""
    return ((new, old) for old, new in renamings(data))


def _reached(old: dict[bytes, set[bytes]], new: bytes) -> set[bytes]:
    """What a name stands for, step by step; not the name itself."""
    found = {new}
    ahead = [new]
    while ahead:
        news = old.get(ahead.pop(), set()) - found
        found |= news
        ahead += news
    return found - {new}


class _Search:
    """Goes through one file until nothing new is found."""

    def __init__(self, data: bytes, makers: frozenset[bytes], givers: frozenset[bytes]) -> None:
        self._text = logical(data)
        self._calls = called(data)
        self._known = makers, givers | strangers(data, self._calls)
        self._makers: set[bytes] = set()
        self._givers: set[bytes] = set()
        self._held: set[tuple[bytes, bool]] = set()
        self._asked: set[tuple[bytes, bool]] = set()
        self._local: set[bytes] = set()
        self._outside: set[bytes] = set()
        self._untold: set[bytes] = set()
        self._functions: set[Head] = set()
        self._namings = list(named(self._text.data))
        self._others = [
            *derived(data),
            *((new, old) for old, new in renamings(data, makers | givers)),
        ]
        self._defaults = list(defaults(self._text.data))
        self._returned = list(returned(self._text))
        self._bind(
            Target(name, is_attribute=False, is_local=is_own_variable(self._text, start, name))
            for start, name in self._promised()
        )

    def _promised(self) -> Iterator[tuple[int, bytes]]:
        """Where a line begins that promises a maker, and the name; but for comments and strings."""
        text = self._text.data
        for name, colon in annotated(self._text.source):
            if text[colon : colon + 1] == b":":
                yield line_start(text, colon), name

    def found(self) -> Products:
        """What was found."""
        untold = {head for head in self._functions if self._is_untold(head)}
        known = self._outside | {head.name for head in self._functions - untold}
        methods = (self._untold | {head.name for head in untold}) - known
        return Products(self._makers, self._givers, self._local - known, methods)

    def has_news(self) -> bool:
        """Look once more; whether that has found anything."""
        before = len(self._makers) + len(self._givers) + len(self._held)
        makers, givers = self._known
        for name in self._unasked(makers | self._makers, is_maker=True):
            for use in uses(self._text, name):
                self._bind(use.targets)
                self._return(use.functions, is_maker=True)
        for name in self._unasked(givers | self._givers, is_maker=False):
            for use in uses(self._text, name):
                self._held.update((one.name, one.is_attribute) for one in use.targets)
                self._return(use.functions, is_maker=False)
        self._name_otherwise(self._makers, makers)
        self._name_otherwise(self._givers, givers)
        self._held.update(
            (one.new, one.is_attribute)
            for one in self._namings
            if (one.old, one.is_of_attribute) in self._held
        )
        for start, name, is_attribute in self._returned:
            is_maker = any(name in one for one in (makers, givers, self._makers, self._givers))
            if is_maker or (name, is_attribute) in self._held:
                self._return(functions_around(self._text, start), is_maker=is_maker)
        return len(self._makers) + len(self._givers) + len(self._held) > before

    def _unasked(self, names: Iterable[bytes], *, is_maker: bool) -> list[bytes]:
        """Those that the file calls, each time once."""
        news = [
            name for name in self._calls.intersection(names) if (name, is_maker) not in self._asked
        ]
        self._asked.update((name, is_maker) for name in news)
        return news

    def _bind(self, targets: Iterable[Target]) -> None:
        for one in targets:
            self._givers.add(one.name)
            self._place(one)

    def _place(self, target: Target) -> None:
        """Note who can call what a target is the name of."""
        if target.is_local:
            self._local.add(target.name)
        elif target.is_attribute and not is_telling(b".", target.name):
            self._untold.add(target.name)
        else:
            self._outside.add(target.name)

    def _return(self, functions: Iterable[Head], *, is_maker: bool) -> None:
        for head in functions:
            self._functions.add(head)
            self._givers.add(head.name)
            if is_maker:
                self._makers.add(head.name)
            if head.name == b"__call__":
                # What is called here is an object, which its class gives.
                self._makers.update(one.name for one in self._around(head)[:1])

    def _around(self, head: Head) -> list[Head]:
        """What a function or class stands in, the innermost first."""
        return [one for one in enclosing(self._text, head.start) if one != head]

    def _name_otherwise(self, names: set[bytes], known: frozenset[bytes]) -> None:
        """Let what is called otherwise, or derived from, be found, too."""
        for new, old in self._others:
            if old in known or old in names:
                names.add(new)
                self._outside.add(new)
        for one in self._defaults:
            if one.old in known or one.old in names:
                names.add(one.new)
                self._local.add(one.new)
        for one in self._namings:
            if one.old in known or one.old in names:
                names.add(one.new)
                is_local = not one.is_attribute and is_own_variable(self._text, one.start, one.new)
                self._place(Target(one.new, one.is_attribute, is_local))

    def _is_untold(self, head: Head) -> bool:
        """Whether it is a method whose name does not tell what it gives."""
        if is_telling(b".", head.name):
            return False
        around = self._around(head)
        return bool(around) and around[0].kind == b"class"
