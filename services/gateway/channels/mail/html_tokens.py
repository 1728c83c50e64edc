"""Cutting HTML into tags and text: one pass, in linear time, whatever is broken."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

# Any other "<" is text.
_MARKUP = re.compile(r"<(?=[A-Za-z/!?])")
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9:_-]{0,60})")
_ATTRIBUTE = re.compile(
    r"""([^\s"'>/=]{1,100})(?:\s{0,20}=\s{0,20}(?:"([^"]{0,65536})"|'([^']{0,65536})'|([^\s>]{1,8192})))?"""
)
# What stands in these is no text and holds no tags.
_RAW = frozenset(("style", "script", "title", "textarea", "xmp", "noembed"))
_LONGEST_TAG = 128 * 1024


@dataclass(frozen=True, slots=True)
class Tag:
    name: str
    closing: bool
    attributes: dict[str, str] = field(default_factory=dict)


def read(text: str) -> Iterator[Tag | str]:
    """Yield tags and runs of text with entities resolved; comments and styles are dropped."""
    position, size = 0, len(text)
    while position < size:
        markup = _MARKUP.search(text, position)
        opened = size if markup is None else markup.start()
        if opened > position:
            yield html.unescape(text[position:opened])
        if opened == size:
            return
        following = text[opened + 1 : opened + 2]
        tag = _TAG.match(text, opened)
        if following and following in "!?":
            position = _after_declaration(text, opened)
        elif tag is None:
            yield "<"
            position = opened + 1
        else:
            end = _end_of_tag(text, tag.end())
            name = tag[2].lower().rpartition(":")[2]
            yield Tag(name, bool(tag[1]), _attributes(text[tag.end() : end]))
            position = end + 1
            if name in _RAW and not tag[1] and text[end - 1 : end] != "/":
                position = _after_raw(text, position, name)


def _after_declaration(text: str, opened: int) -> int:
    """Return where a comment, a doctype or Word's ``<![if …]>`` ends."""
    if text.startswith("<!--", opened):
        end = text.find("-->", opened + 2)
        return len(text) if end < 0 else end + 3
    end = text.find(">", opened)
    return len(text) if end < 0 else end + 1


def _end_of_tag(text: str, position: int) -> int:
    """Return where the tag's ">" stands, outside of quoted values; at most so far away."""
    limit = min(len(text), position + _LONGEST_TAG)
    quote = ""
    for index in range(position, limit):
        character = text[index]
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'" and text[index - 1] in "= \t\n":
            quote = character
        elif character == ">":
            return index
    # A quote that nothing closes is none.
    end = text.find(">", position)
    return len(text) if end < 0 else end


def _after_raw(text: str, position: int, name: str) -> int:
    end = re.compile(rf"</{name}\s{{0,20}}>", re.IGNORECASE).search(text, position)
    return len(text) if end is None else end.start()


def _attributes(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in _ATTRIBUTE.finditer(text):
        value = one[2] or one[3] or one[4] or ""
        found.setdefault(one[1].lower(), html.unescape(value))
    return found
