"""When the web chat speaks first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal, TypeAlias

Returning: TypeAlias = Literal["any", "yes", "no"]


@dataclass(frozen=True, slots=True)
class InvitationRule:
    """All conditions hold together; the first rule of a list whose conditions hold is taken.

    ``pages``: patterns of the page's address, like "https://shop.example/checkout*"; none means
    every page. ``languages``: "de" is "de-AT" as well. ``texts`` by language; "" for all others.
    """

    name: str
    texts: Mapping[str, str] = field(default_factory=dict)
    pages: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    seconds_on_page: int = 30
    returning: Returning = "any"


@dataclass(frozen=True, slots=True)
class Invitation:
    name: str
    text: str
    after_seconds: int


def check_rule(rule: InvitationRule) -> None:
    """Raise ``ValueError`` that says what is wrong."""
    if not rule.name:
        raise ValueError("invitations: each needs a name")
    if not any(rule.texts.values()):
        raise ValueError(f'invitations: {rule.name} says nothing; write texts, like {{"en": "Hi"}}')
    if rule.seconds_on_page < 0:
        raise ValueError(f"invitations: {rule.name} has negative seconds_on_page")


def choose(
    rules: Sequence[InvitationRule], *, page: str, language: str, returning: bool
) -> Invitation | None:
    """Return the invitation for a visitor on a page. A page's query and fragment do not count."""
    address = page.partition("#")[0].partition("?")[0]
    for rule in rules:
        text = in_language(rule.texts, language)
        if (
            text
            and (not rule.pages or any(fnmatchcase(address, one) for one in rule.pages))
            and (not rule.languages or any(_speaks(language, one) for one in rule.languages))
            and rule.returning in ("any", "yes" if returning else "no")
        ):
            return Invitation(rule.name, text, rule.seconds_on_page)
    return None


def in_language(texts: Mapping[str, str], language: str) -> str:
    """Return the text for a language: exact, else its base, else another script's, else ""'s."""
    wanted = language.lower()
    by_language = {name.lower(): text for name, text in texts.items()}
    base = wanted.partition("-")[0]
    related = [text for name, text in by_language.items() if base and _speaks(name, base)]
    return (
        by_language.get(wanted)
        or by_language.get(base)
        or (related[0] if related else "")
        or by_language.get("", "")
    )


def _speaks(language: str, wanted: str) -> bool:
    spoken, wanted = language.lower(), wanted.lower()
    return spoken == wanted or spoken.startswith(f"{wanted}-")
