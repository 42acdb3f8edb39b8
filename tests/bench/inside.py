"""Figures from inside the process, as JSON on standard output: `inside.py gate TREE`, `paths`.

A process of its own, because the memory of whoever measures counts for what it measures.
"""

import argparse
import gc
import json
import statistics
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from sessionlint.check import Project, check_source
from sessionlint.config import Configuration
from sessionlint.discover import python_files
from sessionlint.facts.files import Files
from sessionlint.facts.folders import Folders
from sessionlint.facts.names import Names
from sessionlint.facts.roots import Roots
from sessionlint.flow.lifetimes import lifetimes
from sessionlint.project import bytes_of, rule_names
from sessionlint_rules import RULES

_RUNS = 5
_HEAD = "from sqlalchemy.orm import Session\n\n\ndef use(engine, rows):\n    s = Session(engine)\n"


def gate(tree: Path) -> dict[str, float | str]:
    """How many files of a tree pass the gate, at what speed they are checked, and two of them."""
    data = {
        Path(path): bytes_of(path)
        for path in python_files([tree], Configuration(lambda: rule_names(RULES)))
    }
    tops = Roots(Folders())
    roots = {path: Path(tops.of(str(path.parent))) for path in data}
    projects = {root: _project(root, data) for root in set(roots.values())}
    begin = time.process_time()
    passed = [
        path
        for path, text in data.items()
        if projects[roots[path]].producers.is_candidate(text, str(path))
    ]
    deciding = time.process_time() - begin
    begin = time.process_time()
    for path in passed:
        check_source(data[path], path, RULES, projects[roots[path]])
    checking = time.process_time() - begin
    lines = sum(data[path].count(b"\n") for path in passed)
    others = data.keys() - set(passed)
    return {
        "files": len(data),
        "passed": len(passed),
        "gate": deciding,
        "lines per second": lines / checking if passed else 0,
        "relevant": str(_middle({path: len(data[path]) for path in passed})),
        "irrelevant": str(_middle({path: len(data[path]) for path in others})),
    }


def _project(root: Path, data: Mapping[Path, bytes]) -> Project:
    """A project of which many files are asked about."""
    return Project(Files(root, lambda name: data.get(Path(name))), Names(), patience=0)


def _middle(sizes: dict[Path, int]) -> Path | None:
    """The file of median size."""
    ordered = sorted(sizes, key=lambda path: (sizes[path], path))
    return ordered[len(ordered) // 2] if ordered else None


def paths() -> dict[str, float]:
    """Seconds of path analysis, without the parse, for functions that are hard to follow."""
    return {
        "90 ifs deep": _following("if", 90),
        "90 loops deep": _following("for", 90),
        "20 loops deep": _following("for", 20),
        "5,000 branches in a row": _seconds(
            _HEAD + "    if f(): g(s)\n" * 5_000 + "    s.close()\n"
        ),
    }


def _following(word: str, depth: int) -> float:
    heads = {"if": "if f({n}):", "for": "for i{n} in rows:"}
    nested = (" " * (n + 4) + heads[word].format(n=n) + "\n" for n in range(depth))
    return _seconds(_HEAD + "".join(nested) + " " * (depth + 4) + "g(s)\n    s.close()\n")


def _seconds(text: str) -> float:
    # A folder that is not there: nothing but the text is looked at.
    path = Path("nowhere", "use.py").absolute()
    spent: list[float] = []
    for _ in range(_RUNS):
        project = Project.open(path.parent, lambda _: None, Names())
        tree = project.evaluator.tree
        tree.source(path, text.encode())
        module = tree.module(path)
        assert module is not None
        # Read here: what is asked about first is parsed first.
        block = module.blocks[1]
        begin = time.process_time()
        found = list(lifetimes(project.evaluator, block))
        spent.append(time.process_time() - begin)
        assert found
    return statistics.median(spent)


def main() -> None:
    """Print the figures that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    what = parser.add_subparsers(dest="what", required=True)
    what.add_parser("paths")
    what.add_parser("gate").add_argument("tree", type=Path)
    asked = parser.parse_args()
    # As the command does.
    sys.setrecursionlimit(10_000)
    gc.disable()
    figures = gate(asked.tree.absolute()) if asked.what == "gate" else paths()
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
