"""Whether a file has words to sessionlint in its comments, decided on its bytes."""

import re
from typing import Final

__all__ = ["may_name_codes"]

# Compiled by `re` when first asked for: few files have such comments.
_CODE: Final = rb"SES\d"
_NOQA: Final = rb"(?i)noqa"
_OWN: Final = rb"sessionlint[ \t]{0,9}:"


def may_name_codes(data: bytes) -> bool:
    """Whether a comment may be meant for sessionlint alone; a `# noqa` without codes is not.

    Codes in small letters are left out: looking for both takes five times as long.
    """
    if b"#" not in data:
        return False
    # Looking for a word takes half the time of looking for a pattern.
    if b"sessionlint" in data and re.search(_OWN, data):
        return True
    return b"SES" in data and all(re.search(one, data) for one in (_CODE, _NOQA))
