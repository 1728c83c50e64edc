"""Identifiers that join parties: their normal form, those that say nothing, how they are shown."""

from __future__ import annotations

import re
from dataclasses import dataclass

PHONE = "phone"
EMAIL = "email"
# Unique in the organisation: it joins nothing here, but forbids a join with another one.
CRM_ID = "crm_id"

# The strongest first: where two joins contradict each other, the stronger one holds.
JOINING_KINDS = (PHONE, EMAIL)

_EMAIL = re.compile(r"[^\s@<>\"(),:;]+@[^\s@.<>\"(),:;]+(?:\.[^\s@.<>\"(),:;]+)+")

# Whatever the domain: nobody reads what is sent there, or nobody stands behind it.
_NOBODY = re.compile(
    "anonymous|donotreply|invalid|mailerdaemon|nan|nobody|noemail|nomail|none|noreply|null|"
    "undefined|unknown"
)
# What people type where an address is required: test@test.com, asdf@asdf.com, name@email.com.
_STAND_IN = re.compile(
    r"\d|123\d*|[a-z]|aaa*|abc|admin|asd|asdf|company|customer|domain|email|example|guest|mail|me|"
    "my|name|na|no|qwe|qwerty|sample|test|tester|testing|user|xxx*|xyz|you|your|yourname"
)
_NO_ID = re.compile("-1|anonymous|guest|n/a|na|nan|nil|none|null|undefined|unknown|0*")

_SAME_DIGIT = re.compile(r"(\d)\1{6}")
_RUNS = ("0123456789", "1234567890", "9876543210")
_RUN_LENGTH = 8
# The operators' recharge number: forms in China are full of it.
_PLACEHOLDER_PHONES = frozenset({"+8613800138000"})


@dataclass(frozen=True, slots=True, order=True)
class Identifier:
    """``value`` in its normal form: a phone in E.164, an e-mail address in lower case."""

    kind: str
    value: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}"

    @classmethod
    def parse(cls, text: str) -> Identifier:
        """Undo ``str``."""
        kind, _, value = text.partition(":")
        return cls(kind, value)


def email(text: str) -> Identifier | None:
    """Return the address, or None when it is none or one that many different people give."""
    address = text.strip().lower()
    if not _EMAIL.fullmatch(address):
        return None
    name, _, domain = address.partition("@")
    bare_name = re.sub(r"[._-]", "", name.partition("+")[0])
    stands_in = _STAND_IN.fullmatch(bare_name) and _STAND_IN.fullmatch(domain.partition(".")[0])
    if stands_in or _NOBODY.fullmatch(bare_name):
        return None
    return Identifier(EMAIL, address)


def phone(e164: str) -> Identifier | None:
    """Return the number, or None when it is one that people make up (0000000…, 12345678…)."""
    made_up = (
        e164 in _PLACEHOLDER_PHONES
        or _SAME_DIGIT.search(e164) is not None
        or any(
            run[at : at + _RUN_LENGTH] in e164
            for run in _RUNS
            for at in range(len(run) - _RUN_LENGTH + 1)
        )
    )
    return None if made_up else Identifier(PHONE, e164)


def crm_id(text: str) -> str | None:
    """Return the id, or None when the sender had none and wrote so."""
    value = text.strip()
    return None if _NO_ID.fullmatch(value.lower()) else value


def in_words(identifier: Identifier) -> str:
    """Say what two parties have in common, without saying it: the reason of a join."""
    if identifier.kind == PHONE:
        return f"same phone ending …{identifier.value[-2:]}"
    if identifier.kind == EMAIL:
        name, _, domain = identifier.value.partition("@")
        return f"same e-mail address {name[0]}…@{domain}"
    raise ValueError(
        f"identifiers of kind {identifier.kind!r} join nothing; known: {JOINING_KINDS}"
    )
