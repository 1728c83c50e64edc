"""What other help desks have in common: their statuses, their people, their HTML."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from services.gateway.channels.loose import Loose
from services.gateway.channels.markup import text_of
from services.gateway.domain.incoming import Identifier, Status

# In the words of Zendesk, Chatwoot and Zammad, in lower case.
STATUSES: Mapping[str, Status] = MappingProxyType(
    {
        "new": "new",
        "open": "open",
        "pending": "pending",
        "pending reminder": "pending",
        "pending close": "pending",
        "snoozed": "on_hold",
        "hold": "on_hold",
        "on_hold": "on_hold",
        "on-hold": "on_hold",
        "solved": "solved",
        "resolved": "solved",
        "closed": "closed",
        "merged": "closed",
    }
)
_PHONE = re.compile(r"\+[0-9]{6,15}")
_ADDRESS = re.compile(r"[^@\s<>]{1,128}@[^@\s<>]{1,253}")


def author_identifiers(author: Loose) -> tuple[Identifier, ...]:
    """Return the e-mail address and the phone number that a person's record holds."""
    found = []
    email = author.text("email").strip()
    if _ADDRESS.fullmatch(email):
        found.append(Identifier("email", email))
    for name in ("phone_number", "phone", "mobile"):
        phone = re.sub(r"[\s()/.-]", "", author.text(name)[:64])
        if _PHONE.fullmatch(phone) and Identifier("phone", phone) not in found:
            found.append(Identifier("phone", phone))
    return tuple(found)


def plain_text(markup: str) -> str:
    return text_of(markup) if markup else ""
