"""What `[tool.sessionlint]` in pyproject.toml says, and which rules that leaves switched on."""

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, TypeGuard, cast

from sessionlint.config.codes import (
    CODE_PREFIX,
    Selection,
    contradiction,
    enabled,
    similar,
    similar_code,
    unknown_codes,
)
from sessionlint.config.complaints import wrong_key, wrong_value
from sessionlint.errors import ConfigError
from sessionlint.facts.folders import Folders
from sessionlint.facts.names import Names

__all__ = [
    "Configuration",
    "Selection",
    "Settings",
    "contradiction",
    "enabled",
    "similar_code",
    "unknown_codes",
]

_FILE = "pyproject.toml"
_NAMES = ("factories", "managers", "closers", "owners", "shields")
_CODES = ("select", "ignore", "extend-select", "fixable", "unfixable")
_LISTS = (*_CODES, "exclude", "src", *_NAMES)
_KEYS = (*_LISTS, "per-file-ignores", "shield-module", "cache-dir")

# Compiled by `re` when first asked for: without a table, it is not.
_TOML_PLACE = r"(?P<reason>.*) \(at line (?P<line>\d+), column (?P<column>\d+)\)"


class Settings(NamedTuple):
    """One `[tool.sessionlint]` table; `base` is None for the settings where there is none.

    That is the folder from which patterns count. `fixing` selects the codes whose findings may be
    fixed; `cache_dir` is None for the usual place.
    """

    base: Path | None = None
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
        below = self.base is not None and path.is_relative_to(self.base)
        # Have: a pattern with folders in it counts from the folder of its pyproject.toml.
        inside = path.relative_to(self.base) if self.base and below else path
        return expression.fullmatch(inside.as_posix()) is not None


class Configuration:
    """The settings of every folder, each pyproject.toml read once.

    `names` gives what the rule of each code is called, asked only where codes are named; `folders`
    is what is known of the file system so far. What a command line excludes is `excluding`.
    """

    def __init__(self, names: Callable[[], Mapping[str, str]]) -> None:
        self.folders = Folders()
        self.excluding = Settings()
        self._names = names
        self._settings: dict[str, Settings] = {}
        self._only: Settings | None = None

    def use(self, path: Path) -> None:
        """Let this one file hold for every folder; what it says counts from the current folder.

        Raises:
            ConfigError: it cannot be read, or its table is wrong or missing.
        """
        table = _table(path)
        if table is None:
            raise ConfigError(f"{path}: there is no [tool.sessionlint] in it")
        self._only = _settings(path, table, self._names, Path.cwd())

    def exclude(self, patterns: Iterable[str]) -> None:
        """Exclude more in every folder; a pattern with folders in it counts from the current one.

        Raises:
            ConfigError: a pattern is wrong.
        """
        patterns = tuple(patterns)
        for complaint in _bad_patterns(patterns):
            raise ConfigError(complaint)
        self.excluding = Settings(Path.cwd(), exclude=patterns)

    def of(self, folder: str) -> Settings:
        """The settings for what stands directly in a folder, given as an absolute path.

        They come from the nearest pyproject.toml above that has a `[tool.sessionlint]`.

        Raises:
            ConfigError: that file cannot be read, or its table is wrong.
        """
        if self._only is not None:
            return self._only
        if folder not in self._settings:
            self._settings[folder] = self._found(folder)
        return self._settings[folder]

    def above(self, settings: Settings) -> Settings:
        """The settings that would hold if this pyproject.toml were not there."""
        base = settings.base
        if base is None or base == base.parent or settings is self._only:
            return Settings()
        return self.of(str(base.parent))

    def _found(self, folder: str) -> Settings:
        if self.folders.has_file(folder, _FILE):
            path = Path(folder, _FILE)
            table = _table(path)
            if table is not None:
                return _settings(path, table, self._names, path.parent)
        above = os.path.dirname(folder)
        return Settings() if folder == above else self.of(above)


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
    raise wrong_key(path, "`tool.sessionlint` must be a table")


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
    path: Path, table: dict[str, object], names: Callable[[], Mapping[str, str]], base: Path
) -> Settings:
    for key in table:
        if key not in _KEYS:
            word = key.replace("_", "-")
            plain = word.removeprefix("extend-")
            is_plain = word not in _KEYS and plain in _KEYS
            hint = similar(plain if is_plain else word, _KEYS)
            raise wrong_key(path, f"unknown key `{key}` in [tool.sessionlint]{hint}")
    lists = {key: _strings(path, key, table[key]) for key in _LISTS if key in table}
    per_file = tuple(_per_file_ignores(path, table.get("per-file-ignores", {})))
    for complaint in _bad_patterns((*lists.get("exclude", ()), *dict(per_file))):
        raise wrong_value(path, complaint)
    named = (
        *(code for key in _CODES for code in lists.get(key, ())),
        *(code for _, codes in per_file for code in codes),
    )
    # Loading the rules takes as long as starting Python does, twice.
    for complaint in unknown_codes(named, names()) if {*named} - {CODE_PREFIX} else ():
        raise wrong_value(path, complaint)
    cache = table.get("cache-dir")
    codes = {key: _capitals(lists[key]) for key in _CODES if key in lists}
    if clash := contradiction(codes, ""):
        raise wrong_value(path, clash)
    return Settings(
        base=base,
        selection=Selection(
            codes.get("select"), codes.get("ignore", ()), codes.get("extend-select", ())
        ),
        fixing=Selection(codes.get("fixable"), codes.get("unfixable", ())),
        per_file_ignores=tuple((glob, _capitals(codes)) for glob, codes in per_file),
        exclude=lists.get("exclude", ()),
        src=tuple(_folder(path, "src", folder, base) for folder in lists.get("src", ())),
        names=_names(path, table, lists),
        cache_dir=_folder(path, "cache-dir", cache, base) if cache is not None else None,
    )


def _bad_patterns(patterns: Iterable[str]) -> Iterator[str]:
    """What is wrong with the file patterns that are."""
    for pattern in patterns:
        if "[" in pattern:
            from sessionlint.config.patterns import nonsense

            if reason := nonsense(pattern):
                yield f"bad pattern `{pattern}`: {reason}"


def _capitals(codes: Iterable[str]) -> tuple[str, ...]:
    return tuple(code.upper() for code in codes)


def _names(path: Path, table: dict[str, object], lists: dict[str, tuple[str, ...]]) -> Names:
    sets = {key: frozenset(lists.get(key, ())) for key in _NAMES}
    for list_name, name in ((one, name) for one in _NAMES for name in lists.get(one, ())):
        if not _is_dotted(name):
            meant = name.replace(":", ".")
            hint = f"`{meant}`" if _is_dotted(meant) else "as in `app.db.make_session`"
            raise wrong_value(path, f"`{name}` in `{list_name}` is no dotted name; write {hint}")
    module = _module(path, table.get("shield-module", Names().shield_module))
    return Names(**sets, shield_module=module)


def _module(path: Path, value: object) -> str:
    if isinstance(value, str) and _is_dotted(value):
        return value
    raise wrong_key(path, "`shield-module` must be the name of a module, such as `app.shield`")


def _is_dotted(name: str) -> bool:
    return all(part.isidentifier() for part in name.split("."))


def _folder(path: Path, key: str, value: object, base: Path) -> Path:
    """A folder by its place from the one that all paths count from, or from a home directory."""
    if not (isinstance(value, str) and value) or "\0" in value:
        raise wrong_key(path, f"`{key}` must be the path of a folder")
    try:
        return Path(os.path.abspath(base / Path(value).expanduser()))
    except RuntimeError as error:
        raise wrong_key(path, f"`{key}`: {error}") from error


def _strings(path: Path, key: str, value: object) -> tuple[str, ...]:
    items = cast("list[object]", value) if isinstance(value, list) else [None]  # TOML holds any
    strings = tuple(item for item in items if isinstance(item, str))
    if len(strings) != len(items):
        raise wrong_key(path, f"`{key}` must be a list of strings")
    return strings


def _per_file_ignores(path: Path, value: object) -> Iterator[tuple[str, tuple[str, ...]]]:
    if not _is_table(value):
        raise wrong_key(path, "`per-file-ignores` must be a table of lists of codes")
    for pattern, codes in value.items():
        yield pattern, _strings(path, f"per-file-ignores.{pattern}", codes)
