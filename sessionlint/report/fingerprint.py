"""What a finding is known by when the lines around it move."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from hashlib import sha256
from pathlib import PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sessionlint.model import Finding

__all__ = ["fingerprints"]


def fingerprints(found: Iterable[tuple[str, Finding]]) -> list[str]:
    """One fingerprint for each finding, all of them different.

    It is made of the file's path as it is shown, the code, the function and the source line
    without its white space. Findings that share all of this are numbered.
    """
    seen: Counter[tuple[str, ...]] = Counter()
    prints: list[str] = []
    for path, finding in found:
        line = "".join(finding.text.split())
        parts = PurePath(path).as_posix(), finding.code, finding.function, line
        told = "\0".join((*parts, str(seen[parts])))
        seen[parts] += 1
        prints.append(sha256(told.encode(errors="surrogatepass")).hexdigest()[:32])
    return prints
