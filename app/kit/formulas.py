"""Text in cells that no spreadsheet program may take for a formula."""

from typing import Final

_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")


def escaped(text: str) -> str:
    """Return *text* so that no spreadsheet program takes it for a formula."""
    return f"'{text}" if text.startswith(_STARTS) else text


def unescaped(text: str) -> str:
    """Return what `escaped` made *text* of."""
    return text[1:] if text[:1] == "'" and text[1:].startswith(_STARTS) else text
