"""Platforms' identifiers as text, and the order they have."""

from __future__ import annotations

import re

_WHOLE_FLOAT = re.compile(r"(0|[1-9][0-9]*)\.0+")
_ROUNDED = re.compile(r"[0-9]\.[0-9]+[eE]\+[0-9]+")
_DIGITS_WIDTH = 7


class IdError(ValueError):
    """An identifier has lost digits; the message says how to keep them."""


def platform_id(text: str) -> str:
    """Return the identifier without blanks; "3.0", as table tools write it, is 3.

    Raises IdError for a number that such a tool has rounded (1.2e+17).
    """
    text = text.strip()
    if text.isdigit() or "." not in text:
        return text
    if whole := _WHOLE_FLOAT.fullmatch(text):
        return whole[1]
    if _ROUNDED.fullmatch(text):
        raise IdError(f"{text!r} is a rounded number: export the identifiers as text")
    return text


def order_key(identifier: str) -> str:
    """Return a text that sorts as identifiers do: integers by value, before all others."""
    if identifier.isascii() and identifier.isdigit():
        digits = identifier.lstrip("0")
        spelling = "" if digits == identifier else f" {identifier}"
        return f"0{len(digits):0{_DIGITS_WIDTH}d}{digits}{spelling}"
    return f"1{identifier}"
