"""Text that can be shown anywhere."""

__all__ = ["printable"]


def printable(text: str) -> str:
    """The text with a visible sign for each character that would steer the terminal."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _sign(char) for char in text)


def _sign(char: str) -> str:
    if ord(char) < 0x20:
        return chr(0x2400 + ord(char))
    from unicodedata import category

    # Have: spaces of other kinds are harmless, the rest may turn or hide what follows.
    return " " if category(char) == "Zs" else "\N{REPLACEMENT CHARACTER}"
