"""The linters to compare with, and how far from each the plan wants to be on known trees."""

import os
from dataclasses import dataclass
from pathlib import Path

from runs import command

_RUFF = ("ruff", "check", "--isolated", "--no-cache", "--exit-zero", "--quiet")


@dataclass(frozen=True, slots=True)
class Peer:
    """One linter with the arguments that stand before the tree."""

    name: str
    arguments: tuple[str, ...]
    is_slow: bool = False

    def line(self, tree: Path) -> list[str]:
        """The command line that checks a tree."""
        return command(*self.arguments, tree)


PEERS = (
    Peer("ruff-like", (*_RUFF, "--select", "ASYNC,SIM115,B019")),
    Peer("ruff", _RUFF),
    Peer("ruff-all", (*_RUFF, "--select", "ALL")),
    Peer("flake8", ("flake8", "--isolated", "--exit-zero", "--select", "ASYNC"), is_slow=True),
    Peer(
        "pylint",
        (
            *("pylint", f"--rcfile={os.devnull}", "--recursive=y", "--exit-zero"),
            *("--disable=all", "--enable=R1732"),
        ),
        is_slow=True,
    ),
)

_TARGETS = {
    ("homeassistant", "ruff-like"): 1.0,
    ("homeassistant", "ruff"): 0.5,
    ("onyx", "ruff"): 1.5,
    ("onyx", "ruff-all"): 1.0,
    ("superset", "ruff"): 3.0,
    ("airflow", "flake8"): 1 / 200,
    ("redash", "flake8"): 1 / 200,
    ("airflow", "pylint"): 1 / 100,
    ("redash", "pylint"): 1 / 100,
}
"""At most so much of the peer's CPU time, without a cache of earlier runs."""


def target(tree: Path, peer: str) -> float | None:
    """The ratio aimed at, None where the plan names none."""
    known = (most for (name, of), most in _TARGETS.items() if of == peer and name in tree.name)
    return next(known, None)
