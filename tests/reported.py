"""What the command prints in a form for the small projects, a clean file and a broken one."""

import json
import shutil
from pathlib import Path

from apps import APPS
from command import sessionlint

__all__ = ["BROKEN", "asked", "project", "records"]

BROKEN = "from sqlalchemy.orm import Session\ndef f(: Session()\n"


def project(folder: Path) -> Path:
    """A copy of the small projects, with one more file that cannot be parsed."""
    copy = folder / "apps"
    shutil.copytree(APPS, copy)
    (copy / "broken.py").write_text(BROKEN)
    (copy / "clean.py").write_text("x = 1\n")
    return copy


def asked(form: str, *arguments: str, cwd: Path) -> str:
    """What a run prints that finds something and cannot check one file."""
    done = sessionlint("--output-format", form, *arguments, cwd=cwd)
    assert (done.returncode, done.stderr) == (2, "")
    return done.stdout


def records(cwd: Path) -> list[dict]:
    """The findings as the form `json` tells them, which the other forms have to agree with."""
    return json.loads(asked("json", cwd=cwd))
