"""Which conversation a mail belongs to, by the ids that mails carry of each other."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256

from services.gateway.channels.mail import charsets, encoded_words
from services.gateway.channels.mail.headers import Headers

# What our own sender puts into its mails, for clients that drop References.
THREAD_HEADER = "X-Careline-Thread"
_OURS = re.compile(r"careline\.[0-9a-f]{8,64}\.([A-Za-z0-9_-]{1,800})@.+", re.DOTALL)

_BRACKETED = re.compile(r"<([^<>]{1,1000})>")
_BARE = re.compile(r"[^\s<>,;\"']{1,500}@[^\s<>,;\"']{1,500}")
_SPACES = re.compile(r"\s+")
_COMMENT = re.compile(r"\([^()]{0,200}\)")
# Longer ids are named by their digest, so that a thread's id always fits into one of ours.
LONGEST_ID = 250
_MOST_IDS = 500


def message_id(headers: Headers, raw: bytes) -> str:
    """Return the mail's own id; one without has its digest, so that it stays the same."""
    for name in ("message-id", "x-message-id", "message_id"):
        for value in headers.all(name):
            text = encoded_words.decode(value).strip()
            found = ids(text)
            if found:
                return found[0]
            bare = _SPACES.sub("", text.strip("<> "))
            if bare:
                return _bounded(bare)
    return f"sha256:{sha256(raw).hexdigest()}"


def references(headers: Headers) -> list[str]:
    """Return the ids of the mails before this one, the root first."""
    found = ids(" ".join(encoded_words.decode(value) for value in headers.all("references")))
    for one in parents(headers):
        if one not in found:
            found.append(one)
    return found


def parents(headers: Headers) -> list[str]:
    return ids(" ".join(encoded_words.decode(value) for value in headers.all("in-reply-to")))


def thread_id(headers: Headers, own_id: str) -> str:
    """Return the thread that our own mails name, else the root, else the mail itself."""
    before = references(headers)
    for one in reversed(before):
        thread = thread_of(one)
        if thread:
            return thread
    marked = headers.raw(THREAD_HEADER.lower())
    if marked and len(marked) <= LONGEST_ID and marked.isprintable():
        return marked
    return before[0] if before else own_id


def own_message_id(key: str, thread: str, domain: str) -> str:
    """Return the id of a mail of ours: the same for the same key, and it names its thread."""
    digest = sha256(key.encode(errors="surrogateescape")).hexdigest()[:24]
    token = urlsafe_b64encode(thread.encode(errors="replace")).decode().rstrip("=")
    return f"careline.{digest}.{token}@{domain}"


def thread_of(identifier: str) -> str:
    """Return the thread that an id of ours names; "" for any other id."""
    ours = _OURS.fullmatch(identifier)
    if ours is None:
        return ""
    try:
        thread = urlsafe_b64decode(ours[1] + "=" * (-len(ours[1]) % 4)).decode()
    except ValueError:
        return ""
    return thread if thread.isprintable() and len(thread) <= LONGEST_ID else ""


def ids(text: str) -> list[str]:
    """Return the ids in a text, once each, in their order, without brackets and folds."""
    found: dict[str, None] = {}
    for one in _BRACKETED.findall(text) or _BARE.findall(text):
        identifier = _SPACES.sub("", _COMMENT.sub("", one) if _SPACES.search(one) else one)
        if identifier:
            found.setdefault(_bounded(identifier))
        if len(found) >= _MOST_IDS:
            break
    return list(found)


def _bounded(identifier: str) -> str:
    identifier = charsets.cleaned(identifier)
    if len(identifier) <= LONGEST_ID or _OURS.fullmatch(identifier):
        return identifier
    return f"sha256:{sha256(identifier.encode()).hexdigest()}"
