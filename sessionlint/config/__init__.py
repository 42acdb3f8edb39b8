"""What `[tool.sessionlint]` in pyproject.toml says, and which rules that leaves switched on."""

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, TypeGuard, cast

from sessionlint.errors import ConfigError
from sessionlint.facts.folders import Folders
from sessionlint.facts.names import Names

__all__ = ["Configuration", "Selection", "Settings", "enabled", "similar_code", "unknown_codes"]

CODE_PREFIX = "SES"
"""What every code, and so every prefix that selects some, begins with."""

_FILE = "pyproject.toml"
_NAMES = ("factories", "managers", "closers", "owners", "shields")
_LISTS = (
    "select",
    "ignore",
    "extend-select",
    "fixable",
    "unfixable",
    "exclude",
    "src",
    *_NAMES,
)
_KEYS = (*_LISTS, "per-file-ignores", "shield-module", "cache-dir")

# Compiled by `re` when first asked for: without a table, it is not.
_TOML_PLACE = r"(?P<reason>.*) \(at line (?P<line>\d+), column (?P<column>\d+)\)"


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


class Settings(NamedTuple):
    """One `[tool.sessionlint]` table; `path` is None for the settings where there is none.

    `fixing` selects the codes whose findings may be fixed; `cache_dir` is None for the usual place.
    """

    path: Path | None = None
    selection: Selection = Selection()
    fixing: Selection = Selection()
    per_file_ignores: tuple[tuple[str, tuple[str, ...]], ...] = ()
    exclude: tuple[str, ...] = ()
    src: tuple[Path, ...] = ()
    names: Names = Names()
    cache_dir: Path | None = None

    def excludes(self, path: Path) -> bool:
        """Whether `exclude` names this very file or folder."""
        return any(self._matches(pattern, path) for pattern in self.exclude)

    def ignored(self, path: Path) -> tuple[str, ...]:
        """The codes and prefixes that `per-file-ignores` switches off in a file."""
        rows = self.per_file_ignores
        return tuple(code for glob, codes in rows if self._matches(glob, path) for code in codes)

    def _matches(self, pattern: str, path: Path) -> bool:
        from sessionlint.config.patterns import expression_of

        expression = expression_of(pattern)
        if expression.fullmatch(path.name):
            return True
        below = self.path is not None and path.is_relative_to(self.path.parent)
        # Have: a pattern with folders in it counts from the folder of its pyproject.toml.
        inside = path.relative_to(self.path.parent) if self.path and below else path
        return expression.fullmatch(inside.as_posix()) is not None


class Configuration:
    """The settings of every folder, each pyproject.toml read once.

    `names` gives what the rule of each code is called, asked only where codes are named; `folders`
    is what is known of the file system so far.
    """

    def __init__(self, names: Callable[[], Mapping[str, str]]) -> None:
        self.folders = Folders()
        self._names = names
        self._settings: dict[str, Settings] = {}

    def of(self, folder: str) -> Settings:
        """The settings for what stands directly in a folder, given as an absolute path.

        They come from the nearest pyproject.toml above that has a `[tool.sessionlint]`.

        Raises:
            ConfigError: that file cannot be read, or its table is wrong.
        """
        if folder not in self._settings:
            self._settings[folder] = self._found(folder)
        return self._settings[folder]

    def above(self, settings: Settings) -> Settings:
        """The settings that would hold if this pyproject.toml were not there."""
        if settings.path is None or settings.path.parent == settings.path.parent.parent:
            return Settings()
        return self.of(str(settings.path.parent.parent))

    def _found(self, folder: str) -> Settings:
        if self.folders.has_file(folder, _FILE):
            path = Path(folder, _FILE)
            table = _table(path)
            if table is not None:
                return _settings(path, table, self._names)
        above = os.path.dirname(folder)
        return Settings() if folder == above else self.of(above)


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


def unknown_codes(codes: Iterable[str], names: Mapping[str, str]) -> list[str]:
    """One complaint for each code or prefix that stands for no rule.

    `names` says what the rule of each code is called.
    """
    return [
        f"unknown rule code `{code}`{similar_code(code, names)}"
        for code in codes
        if not code.startswith(CODE_PREFIX) or not any(known.startswith(code) for known in names)
    ]


def similar_code(code: str, names: Mapping[str, str]) -> str:
    """A question that offers the code most like this one; a rule's name stands for its code.

    What many codes begin with is like none of them.
    """
    prefix = code.upper()
    if prefix.startswith(CODE_PREFIX) and sum(known.startswith(prefix) for known in names) > 1:
        return f"; `{code}` stands for several, which `sessionlint rules` lists"
    of_name = {name: known for known, name in names.items()}
    if code.lower() in of_name:
        return f"; did you mean `{of_name[code.lower()]}`?"
    return _similar(code.upper(), names)


def _similar(word: str, words: Iterable[str]) -> str:
    # Only asked about a mistake, and it takes as long to import as the rest of this module.
    from difflib import get_close_matches

    close = get_close_matches(word, list(words), n=1, cutoff=0.7)
    return f"; did you mean `{close[0]}`?" if close else ""


def _table(path: Path) -> dict[str, object] | None:
    """The `[tool.sessionlint]` of a file, None when it has none."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    if b"sessionlint" not in data:
        # Then it has no such table, and its mistakes are not ours to report.
        return None
    tool = _parsed(path, data).get("tool", {})
    table = tool.get("sessionlint") if _is_table(tool) else None
    if table is None or _is_table(table):
        return table
    raise ConfigError(f"{path}: `tool.sessionlint` must be a table")


def _is_table(value: object) -> TypeGuard[dict[str, object]]:
    """Whether a TOML value is a table; its keys are always strings."""
    return isinstance(value, dict)


def _parsed(path: Path, data: bytes) -> dict[str, object]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}:{line}: invalid TOML: not UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        match = re.fullmatch(_TOML_PLACE, str(error))
        last = data.count(b"\n") + 1
        place, reason = (
            (f"{match['line']}:{match['column']}", match["reason"]) if match else (last, error)
        )
        raise ConfigError(f"{path}:{place}: invalid TOML: {reason}") from error


def _settings(
    path: Path, table: dict[str, object], names: Callable[[], Mapping[str, str]]
) -> Settings:
    for key in table:
        if key not in _KEYS:
            word = key.replace("_", "-")
            plain = word.removeprefix("extend-")
            is_plain = word not in _KEYS and plain in _KEYS
            hint = _similar(plain if is_plain else word, _KEYS)
            raise ConfigError(f"{path}: unknown key `{key}` in [tool.sessionlint]{hint}")
    lists = {key: _strings(path, key, table[key]) for key in _LISTS if key in table}
    per_file = tuple(_per_file_ignores(path, table.get("per-file-ignores", {})))
    for pattern in (*lists.get("exclude", ()), *dict(per_file)):
        if "[" in pattern:
            from sessionlint.config.patterns import nonsense

            if reason := nonsense(pattern):
                raise ConfigError(f"{path}: bad pattern `{pattern}`: {reason}")
    selection = Selection(
        select=lists.get("select"),
        ignore=lists.get("ignore", ()),
        extend_select=lists.get("extend-select", ()),
    )
    fixing = Selection(select=lists.get("fixable"), ignore=lists.get("unfixable", ()))
    named = (
        *selection.codes(),
        *fixing.codes(),
        *(code for _, codes in per_file for code in codes),
    )
    # Loading the rules takes as long as starting Python does, twice.
    for complaint in unknown_codes(named, names()) if {*named} - {CODE_PREFIX} else ():
        raise ConfigError(f"{path}: {complaint}")
    return Settings(
        path=path,
        selection=selection,
        fixing=fixing,
        per_file_ignores=per_file,
        exclude=lists.get("exclude", ()),
        src=tuple(_folder(path, "src", folder) for folder in lists.get("src", ())),
        names=_names(path, table, lists),
        cache_dir=_folder(path, "cache-dir", table["cache-dir"]) if "cache-dir" in table else None,
    )


def _names(path: Path, table: dict[str, object], lists: dict[str, tuple[str, ...]]) -> Names:
    sets = {key: frozenset(lists.get(key, ())) for key in _NAMES}
    module = _module(path, table.get("shield-module", Names().shield_module))
    return Names(**sets, shield_module=module)


def _module(path: Path, value: object) -> str:
    if isinstance(value, str) and all(part.isidentifier() for part in value.split(".")):
        return value
    raise ConfigError(f"{path}: `shield-module` must be the name of a module, such as `app.shield`")


def _folder(path: Path, key: str, value: object) -> Path:
    """A folder by its place from that of the pyproject.toml, or from a home directory."""
    if not (isinstance(value, str) and value) or "\0" in value:
        raise ConfigError(f"{path}: `{key}` must be the path of a folder")
    try:
        return Path(os.path.abspath(path.parent / Path(value).expanduser()))
    except RuntimeError as error:
        raise ConfigError(f"{path}: `{key}`: {error}") from error


def _strings(path: Path, key: str, value: object) -> tuple[str, ...]:
    items = cast("list[object]", value) if isinstance(value, list) else [None]  # TOML holds any
    strings = tuple(item for item in items if isinstance(item, str))
    if len(strings) != len(items):
        raise ConfigError(f"{path}: `{key}` must be a list of strings")
    return strings


def _per_file_ignores(path: Path, value: object) -> Iterator[tuple[str, tuple[str, ...]]]:
    if not _is_table(value):
        raise ConfigError(f"{path}: `per-file-ignores` must be a table of lists of codes")
    for pattern, codes in value.items():
        yield pattern, _strings(path, f"per-file-ignores.{pattern}", codes)
