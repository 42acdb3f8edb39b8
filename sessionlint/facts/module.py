"""What a module is, read as far as somebody asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sessionlint.facts.scopes import Binding, Block, How
from sessionlint.source.afterwards import afterwards
from sessionlint.source.properties import opening

if TYPE_CHECKING:
    from sessionlint.facts.reading import Reader

__all__ = ["Module"]


@dataclass(eq=False, repr=False)
class Module:
    """A module of the project, read as far as somebody asked; `top` is its own scope.

    `name` is the dotted name as far as packages reach, `is_package` an `__init__.py`. `fields` are
    the attributes that were seen to be assigned so far.
    """

    path: Path
    name: str
    is_package: bool
    reader: Reader = field(init=False)
    fields: dict[str, list[Binding]] = field(default_factory=dict[str, "list[Binding]"])

    @cached_property
    def own_names(self) -> frozenset[str]:
        """Those by which this module alone may acquire."""
        return self.reader.own_names()

    @cached_property
    def other_names(self) -> dict[str, frozenset[str]]:
        """What the module assigns to names that it calls, by name alone."""
        return self.reader.other_names()

    @cached_property
    def outliving(self) -> frozenset[int]:
        """The numbers of the statements in which a session may be used behind its `with`."""
        places = (start for start, _ in afterwards(self.reader.text))
        return frozenset(piece.place for piece in self.reader.at(places))

    @cached_property
    def opening(self) -> frozenset[str]:
        """The names of its properties that may open something each time they are read."""
        return opening(self.reader.text)

    @property
    def top(self) -> Block:
        """The module's own scope."""
        return self.reader.top

    @property
    def blocks(self) -> list[Block]:
        """Every scope of the module, its own first, in source order."""
        return self.reader.all_blocks()

    def speaking(self, name: str) -> list[Block]:
        """Every scope in which a name may be spoken, in source order."""
        return self.reader.speaking(name)

    def assigning(self, name: str) -> list[Binding]:
        """Every way in which any object's attribute of that name gets a value."""
        return self.reader.assigning(name)

    def imports(self, package: str) -> bool:
        """Whether a package, or something of it, is imported anywhere."""
        return any(
            one.how in {How.IMPORT, How.IMPORT_FROM} and one.origin.partition(".")[0] == package
            for block in self.reader.importing(package)
            for bindings in block.near.names.values()
            for one in bindings
        )
