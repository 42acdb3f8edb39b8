"""One file through the rooms: parsed, resolved, followed, judged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sessionlint.errors import UnreadableFile
from sessionlint.facts.files import Files
from sessionlint.facts.names import Names
from sessionlint.facts.places import Places
from sessionlint.facts.producers import PATIENCE, Producers
from sessionlint.source.remarks import may_name_codes
from sessionlint.source.text import decoded, is_notebook, is_plain

if TYPE_CHECKING:
    from sessionlint.facts.evaluate import Evaluator
    from sessionlint.facts.scopes import Block
    from sessionlint.flow.scope import Scope
    from sessionlint.model import Finding
    from sessionlint.rule import Rule
    from sessionlint.source.parse import Source

__all__ = ["Project", "check_source", "is_worth_parsing", "parsed", "unparsed"]


class Project:
    """The facts of one project, gathered as they are asked for and kept for its next file.

    `is_full` looks at every file and walks it as LibCST does; otherwise files that cannot acquire
    anything are not parsed, with the same findings. `patience` is how many files of a large project
    are looked at closely before all of it is read.
    """

    def __init__(
        self,
        files: Files,
        names: Names,
        *,
        is_full: bool = False,
        patience: int = PATIENCE,
    ) -> None:
        self.files = files
        self.names = names
        self.is_full = is_full
        self._patience = patience

    @classmethod
    def open(
        cls,
        root: Path,
        read: Callable[[Path], bytes | None],
        names: Names,
        source_roots: tuple[Path, ...] = (),
        engine: str = "fast",
    ) -> Project:
        """The project below a folder; `read` gives a file's bytes or None.

        `engine` is "fast", or "full" for LibCST's own visit and no gate.
        """
        files = Files(root, lambda name: read(Path(name)), source_roots=source_roots)
        return cls(files, names, is_full=engine == "full")

    @cached_property
    def producers(self) -> Producers:
        """Which files may acquire something, by their bytes."""
        return Producers(self.files, self.names, self.places, self._patience)

    @cached_property
    def places(self) -> Places:
        """Where the modules of the project lie."""
        return Places(self.files)

    @cached_property
    def evaluator(self) -> Evaluator:
        """What expressions are, by following names; loads LibCST."""
        from sessionlint.facts.evaluate import Evaluator
        from sessionlint.facts.modules import Tree
        from sessionlint.source.walk import visited, walk

        tree = Tree(self.files, self.places, visited if self.is_full else walk)
        return Evaluator(tree, self.names, None if self.is_full else self.producers)

    @property
    def is_sparing(self) -> bool:
        """Whether its names are not known, and not worth reading all of it."""
        return not self.is_full and self.producers.is_sparing

    def replace(self, path: Path, data: bytes) -> None:
        """Let a file hold these bytes from now on, whatever is on disk.

        The trees of all other files are kept; what was concluded from them is not.
        """
        if self.files.is_held(path, data):
            return
        old = self.files.replace(path, data)
        if "producers" in self.__dict__:
            if self.producers.is_news(old, data):
                del self.producers
            else:
                self.producers.look_again()
        if "evaluator" in self.__dict__:
            self._start_over(path)

    def held(self, path: Path) -> bytes | None:
        """What a module holds as far as it was looked at, else what its file holds."""
        if "evaluator" in self.__dict__:
            return self.evaluator.tree.data(path)
        known = self.files.known(str(path))
        return self.files.read(path) if known is None else known

    def read_whole(self, path: Path) -> None:
        """Parse a file as one piece from now on, so that edits can be about any node of it."""
        self.evaluator.tree.read_whole(path)
        self._start_over(path)

    def _start_over(self, path: Path) -> None:
        from sessionlint.facts.evaluate import Evaluator

        tree = self.evaluator.tree
        tree.forget(path)
        self.evaluator = Evaluator(tree, self.names, None if self.is_full else self.producers)


def check_source(
    data: bytes,
    path: Path,
    rules: Iterable[Rule],
    project: Project,
    *,
    honours_noqa: bool = True,
) -> list[Finding]:
    """The findings of one file in the order of their places.

    Suppressed ones are left out, if `# noqa` is not for somebody else to read.

    A notebook is one module. What its cells themselves open is for the person at it to close, so
    only functions and classes are judged there.

    Raises:
        UnreadableFile: the file cannot be decoded or parsed, or nests too deep to follow.
    """
    if is_notebook(path) or is_worth_parsing(data, str(path), project):
        return parsed(data, path, rules, project, honours_noqa=honours_noqa)
    return unparsed(data, rules, honours_noqa=honours_noqa)


def is_worth_parsing(data: bytes, path: str, project: Project) -> bool:
    """Whether anything may be acquired in a module."""
    return project.is_full or project.producers.is_candidate(data, path)


def unparsed(data: bytes, rules: Iterable[Rule], *, honours_noqa: bool = True) -> list[Finding]:
    """The findings of a file that is not worth parsing: what its comments take back in vain.

    Raises:
        UnreadableFile: the file cannot be decoded.
    """
    if not may_name_codes(data):
        if not is_plain(data):
            decoded(data)
        return []
    from sessionlint.source.parse import opened_source

    return _kept(opened_source(data), [], list(rules), honours_noqa=honours_noqa)


def parsed(
    data: bytes,
    path: Path,
    rules: Iterable[Rule],
    project: Project,
    *,
    honours_noqa: bool = True,
) -> list[Finding]:
    """The findings of a module that is worth parsing, or of any notebook.

    Raises:
        UnreadableFile: the file cannot be decoded or parsed, or nests too deep to follow.
    """
    if not is_notebook(path):
        return _parsed(data, path, rules, project, (), honours_noqa=honours_noqa)
    from sessionlint.source.notebook import opened_notebook

    notebook = opened_notebook(data)
    code, cells = notebook.code, notebook.starts
    try:
        if is_worth_parsing(code, str(path), project):
            found = _parsed(code, path, rules, project, cells, honours_noqa=honours_noqa)
        else:
            found = unparsed(code, rules, honours_noqa=honours_noqa)
    except UnreadableFile as error:
        raise notebook.moved(error) from error
    return [notebook.placed(one) for one in found]


def _parsed(
    data: bytes,
    path: Path,
    rules: Iterable[Rule],
    project: Project,
    cells: tuple[int, ...],
    *,
    honours_noqa: bool,
) -> list[Finding]:
    """The findings of one module; `cells` are the lines on which those of a notebook begin."""
    rules = list(rules)
    found = _found(data, path, rules, project, cells)
    if not found and not may_name_codes(data):
        return []
    source = project.evaluator.tree.source(path, data)
    return _kept(source, found, rules, honours_noqa=honours_noqa)


def _found(
    data: bytes, path: Path, rules: Sequence[Rule], project: Project, cells: tuple[int, ...]
) -> list[Finding]:
    """What the rules say of a file worth a parse; LibCST's import is paid from here on."""
    from sessionlint.facts.scopes import BlockKind
    from sessionlint.facts.worth import has_unreadable, worth_following
    from sessionlint.flow.scope import Scope

    tree, codes = project.evaluator.tree, frozenset(rule.code for rule in rules)

    def judged(blocks: Iterable[Block]) -> list[Finding]:
        if cells:
            blocks = (block for block in blocks if block.kind is not BlockKind.MODULE)
        source = tree.source(path, data)
        scopes = [Scope(project.evaluator, source, block, codes, cells) for block in blocks]
        return list(_findings(scopes, rules))

    try:
        tree.source(path, data)
        found = judged(worth_following(project.evaluator, path))
        # What a rule has asked for since may not be Python either, or what nobody has asked for.
        if has_unreadable(tree, path):
            return judged(tree.whole(path).blocks)
        if found and not cells:
            tree.source(path, data).expect_python()
        return found
    except RecursionError as error:
        raise UnreadableFile("nested too deep to follow") from error


def _findings(scopes: Sequence[Scope], rules: Iterable[Rule]) -> Iterator[Finding]:
    for scope in scopes:
        for rule in rules:
            yield from (one._replace(function=scope.path) for one in rule.check(scope))


def _kept(
    source: Source, found: Sequence[Finding], rules: Sequence[Rule], *, honours_noqa: bool
) -> list[Finding]:
    """The findings that no comment takes back, and those about the comments, by their places."""
    from sessionlint.suppress.taking import Comments

    comments = Comments(source.text, source.lines, honours_noqa=honours_noqa)
    kept = [one for one in found if not comments.take_back(one)]
    # Have: all of the file is judged, so its comments have shown what they are good for.
    if may_name_codes(source.data):
        judged = frozenset(rule.code for rule in rules)
        for review in comments.reviews(judged):
            news = (one for rule in rules if rule.review for one in rule.review(review))
            kept += [one for one in news if not comments.take_back(one, review.suppression)]
    told = (one._replace(text=comments.bare(one.span.line)) for one in kept)
    return sorted(told, key=lambda one: (one.span, one.code))
