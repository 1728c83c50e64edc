"""How near two phone numbers, e-mail or web addresses are."""

from __future__ import annotations

import re

from rapidfuzz.distance import OSA, JaroWinkler

from services.identity.domain import identifiers
from services.identity.matching.normalise import present

PHONE_LEVELS = ("same", "same last digits", "one digit off", "different")
EMAIL_LEVELS = ("same", "same before the @", "one or two characters off", "alike before the @",
                "different")  # fmt: skip
URL_LEVELS = ("same", "same site", "alike", "different")

_NOT_DIGIT = re.compile(r"\D")
_SIGNIFICANT = 7
_SHORTEST = 5
_PLUS = re.compile(r"\+[^@]*")
_SCHEME = re.compile(r"^[a-z]+://(www\.)?|^www\.")


def phone(text: str | None) -> str | None:
    """Return the digits without the prefix of a country or of long distance, where it is plain."""
    value = present(text).removesuffix(".0")
    digits = _NOT_DIGIT.sub("", value)
    made_up = any(identifiers.phone(prefix + digits) is None for prefix in ("+", "+86"))
    if len(digits) < _SHORTEST or made_up:
        return None
    if digits.startswith("00"):
        digits = digits[2:]
    elif digits.startswith("0"):
        return digits[1:]
    for prefix, length in (("86", 13), ("1", 11), ("44", 12)):
        if digits.startswith(prefix) and len(digits) == length:
            digits = digits.removeprefix(prefix)
    return digits


def phone_level(a: str, b: str) -> int:
    if a[-_SIGNIFICANT:] == b[-_SIGNIFICANT:]:
        return 1
    return 2 if OSA.distance(a, b, score_cutoff=1) <= 1 else 3


def email(text: str | None) -> str | None:
    value = _PLUS.sub("", present(text)).replace(" ", "")
    found = identifiers.email(value)
    if found is not None:
        value = found.value
    elif "@" not in value or identifiers.email(f"{value}.example") is None:
        return None
    name, _, domain = value.partition("@")
    if domain in {"gmail.com", "googlemail.com"}:
        return f"{name.replace('.', '')}@gmail.com"
    return value


def email_level(a: str, b: str) -> int:
    name, other = a.partition("@")[0], b.partition("@")[0]
    if name == other:
        return 1
    if OSA.distance(a, b, score_cutoff=2) <= 2:  # noqa: PLR2004
        return 2
    return 3 if JaroWinkler.similarity(name, other) >= 0.9 else 4  # noqa: PLR2004


def url(text: str | None) -> str | None:
    return _SCHEME.sub("", present(text)).rstrip("/") or None


def url_level(a: str, b: str) -> int:
    if a.partition("/")[0] == b.partition("/")[0]:
        return 1
    return 2 if JaroWinkler.similarity(a, b) >= 0.9 else 3  # noqa: PLR2004
