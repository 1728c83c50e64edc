"""Keeps an account's secrets out of what is told of its replies: platforms quote what they got."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any, Final
from urllib.parse import unquote, urlsplit

HIDDEN: Final = "***"
# Shorter ones would blot out words that hold them by chance.
_SHORTEST = 6


def hidden(text: str, settings: Any) -> str:
    """Return the text without the settings' secrets: the fields that their class does not show."""
    for secret in sorted(set(_secrets(settings)), key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text


def _secrets(settings: Any) -> Iterator[str]:
    for one in fields(settings):
        if not one.repr:
            value = getattr(settings, one.name)
            for text in value if isinstance(value, tuple) else (value,):
                if isinstance(text, str) and len(text) >= _SHORTEST:
                    yield text
                    yield from _password(text)


def _password(text: str) -> Iterator[str]:
    """Yield the password of an address that holds one."""
    if "://" not in text:
        return
    try:
        password = urlsplit(text).password or ""
    except ValueError:
        return
    for one in (password, unquote(password)):
        if len(one) >= _SHORTEST:
            yield one
