"""How many of the defects in the rules' own examples other linters find.

    python tests/bench/found.py

Every line of a `bad.py` that wants a finding is a defect. A linter finds it if it reports anything
on that line with a code that is about resources, caches or cancellation. What it reports on a line
of a `good.py` is a false alarm. Needs ruff, flake8 with flake8-async, and pylint.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import click

RULES = Path(__file__).parents[2] / "rules" / "sessionlint_rules"
WANT = re.compile(r"# want: SES\d+")
TOPICS = re.compile(r"SIM115|B019|ASYNC\d+|R1732|consider-using-with|W1508|W1518|method-cache\S*")
"""The codes that speak of what is open, of caches on methods, or of cancellation."""

Places = set[tuple[str, int]]
_PLACE = re.compile(r"(?P<path>[^:\n]+):(?P<line>\d+):\d+: (?P<code>\w+)")


def ours(files: Iterable[Path]) -> Places:
    """Where sessionlint reports anything, each file looked at as a project of its own."""
    return {place for one in files for place in _alone(one)}


def _alone(file: Path) -> Places:
    with TemporaryDirectory() as folder:
        Path(folder, "pyproject.toml").touch()
        copy = shutil.copy(file, folder)
        lines = _ran(sys.executable, "-m", "sessionlint", "--output-format", "json-lines", copy)
    return {(str(file), json.loads(line)["line"]) for line in lines.splitlines()}


def concise(*command: str) -> Callable[[Iterable[Path]], Places]:
    """A linter that prints `path:line:column: CODE message`."""

    def places(files: Iterable[Path]) -> Places:
        found = _PLACE.finditer(_ran(*command, *files))
        return {
            (os.path.abspath(one["path"]), int(one["line"]))
            for one in found
            if TOPICS.fullmatch(one["code"])
        }

    return places


LINTERS: dict[str, Callable[[Iterable[Path]], Places]] = {
    "sessionlint": ours,
    "ruff, all rules": concise(
        *("ruff", "check", "--isolated", "--no-cache", "--exit-zero", "--select", "ALL"),
        *("--preview", "--output-format", "concise", "--quiet"),
    ),
    "flake8-async": concise(
        "flake8", "--isolated", "--exit-zero", "--enable-extensions", "ASYNC", "--select", "ASYNC"
    ),
    "pylint": concise(
        *("pylint", f"--rcfile={os.devnull}", "--exit-zero", "--disable=all"),
        *("--enable=R1732,W1518", "--msg-template={path}:{line}:{column}: {msg_id} {msg}"),
    ),
}


def _ran(*command: str | Path) -> str:
    """What a command prints.

    Raises:
        click.ClickException: it is not installed.
    """
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise click.ClickException(f"{command[0]} is not installed") from error
    return done.stdout


@click.command()
def main() -> None:
    """Print a table in Markdown."""
    bad = sorted(path for path in RULES.glob("*/bad.py") if "ses9" not in path.parent.name)
    good = sorted(RULES.glob("*/good.py"))
    if "flake8-async" not in _ran("flake8", "--version"):
        # flake8 finds nothing by the codes of a plugin that is not there, and says nothing of it.
        raise click.ClickException("flake8-async is not installed")
    wanted = {
        (str(path), number)
        for path in bad
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if WANT.search(line)
    }
    click.echo(f"| linter | of {len(wanted)} defects | false alarms |\n|---|---|---|")
    for name, places in LINTERS.items():
        click.echo(f"| {name} | {len(places(bad) & wanted)} | {len(places(good))} |")


if __name__ == "__main__":
    main()
