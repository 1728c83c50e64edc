"""Addresses as they stand in headers, however they are written."""

from __future__ import annotations

import re
from dataclasses import dataclass

from services.gateway.channels.mail import encoded_words

_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|=\?[^?\s]{1,75}\?[bBqQ]\?[^?]{0,4000}\?=|\\.|.', re.DOTALL)
_BARE = re.compile(r"[^\s<>()\[\],;:\"'\\@]{1,256}@[^\s<>()\[\],;:\"'\\@]{1,253}")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.){1,200}"@[^\s<>()",;:]{1,253}')
_DOMAIN = re.compile(r"[^\s<>()\",;]{1,253}")
_ROUTE = re.compile(r"@[^:<>]*:")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_EMPTY_BRACKETS = re.compile(r"\(\s{0,99}\)|\[\s{0,99}\]|<\s{0,99}>")
_SPACES = re.compile(r"\s+")
_DOT = re.compile(r"\s{0,9}\.\s{1,9}|\s{1,9}\.")
_LONGEST = 32 * 1024
_MOST = 200


@dataclass(frozen=True, slots=True)
class Mailbox:
    """``address`` as it was written; compare ``key``."""

    name: str
    address: str

    @property
    def key(self) -> str:
        return self.address.lower()


def read(value: str) -> list[Mailbox]:
    """Return the mailboxes of a header; groups give their members, nonsense gives nothing."""
    value = encoded_words.unfolded(value)[:_LONGEST]
    found = [one for one in map(_mailbox, _entries(value)) if one is not None]
    if not found and "=?" in value:
        # The whole of it is encoded, address and all.
        found = [one for one in map(_mailbox, _entries(encoded_words.decode(value))) if one]
    return found[:_MOST]


def _entries(value: str) -> list[str]:
    """Cut at commas and at the ends of groups, outside of quotes, comments and brackets."""
    entries: list[str] = []
    current: list[str] = []
    comments, in_brackets = 0, False
    for sign in _TOKEN.findall(value):
        if sign == "(":
            comments += 1
        elif sign == ")":
            comments = max(0, comments - 1)
        elif sign in "<>" and not comments:
            in_brackets = sign == "<"
        elif comments:
            pass
        elif sign in ",;" and not (in_brackets and "@" not in "".join(current[-80:])):
            entries.append("".join(current))
            current, in_brackets = [], False
            continue
        elif sign == ":" and not in_brackets and "@" not in current and "=" not in current[-1:]:
            # What stood before is a group's name.
            current = []
            continue
        current.append(sign)
    entries.append("".join(current))
    return [entry.strip() for entry in entries if entry.strip()]


def _mailbox(entry: str) -> Mailbox | None:
    opened = entry.rfind("<")
    if opened >= 0:
        inner, _, after = entry[opened + 1 :].partition(">")
        address = _address(_without_comments(inner))
        if address:
            before = entry[:opened].split("<", maxsplit=1)[0]
            plain = before if '"' in before else _without_comments(before)
            names = (plain, _comment(after), _comment(before))
            return Mailbox(next(filter(None, map(_name, names)), ""), address)
    alone = _without_comments(entry).strip()
    address = _address(alone)
    if address and (_QUOTED.fullmatch(alone) or not _SPACES.search(alone)):
        return Mailbox(_name(_comment(entry)), address)
    bare = _BARE.search(encoded_words.plain(entry))
    if bare is None:
        return None
    address = _address(bare[0])
    rest = entry.replace(bare[0], " ").replace('"', "").replace("<>", " ")
    return Mailbox(_name(rest), address) if address else None


def _address(text: str) -> str:
    """Return a text that can be an address ("a@b"), else ""."""
    text = encoded_words.decode(text) if "=?" in text else encoded_words.plain(text)
    text = _ROUTE.sub("", text.strip(), count=1) if text.strip().startswith("@") else text
    if _QUOTED.fullmatch(text.strip()):
        return text.strip()
    text = _DOT.sub(".", text).strip().strip("'\"<>").removeprefix("mailto:")
    local, at, domain = text.rpartition("@")
    local, domain = local.strip(), domain.strip().rstrip(".>")
    if local.startswith('"') != local.endswith('"'):
        local = local.strip('"')
    if not at or not local or not _DOMAIN.fullmatch(domain) or "<" in local:
        return ""
    return f"{local if local.startswith(chr(34)) else _SPACES.sub('', local)}@{domain}"


def _comment(text: str) -> str:
    opened, closed = text.find("("), text.rfind(")")
    return text[opened + 1 : closed] if 0 <= opened < closed else ""


def _without_comments(text: str) -> str:
    """Leave out what stands in brackets, which may nest and hold escaped ones."""
    kept: list[str] = []
    depth = 0
    for sign in _TOKEN.findall(text):
        if sign == "(":
            depth += 1
        elif sign == ")" and depth:
            depth -= 1
        elif not depth:
            kept.append(sign)
    return text if depth else "".join(kept)


def _name(text: str) -> str:
    text = text.strip()
    quoted = text.startswith('"')
    text = text.strip('"') if quoted else text
    text = encoded_words.decode(_ESCAPED.sub(r"\1", text) if "\\" in text else text)
    text = _SPACES.sub(" ", text).strip().strip('"').strip()
    if len(text) > 1 and text[0] == text[-1] == "'":
        text = text[1:-1].strip()
    return text if quoted else _EMPTY_BRACKETS.sub("", text.replace('"', "")).strip("<> ")
