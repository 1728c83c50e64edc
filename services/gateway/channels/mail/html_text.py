"""HTML to the text that a reader sees, with quoted mails marked as in plain text."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from urllib.parse import unquote

from services.gateway.channels.mail import html_marks as marks
from services.gateway.channels.mail import html_tokens
from services.gateway.channels.mail.html_tokens import Tag

QUOTE = "> "
SIGNATURE = "-- "
ORIGINAL = "-----Original Message-----"

_BULLET = re.compile(r"(?:-|\d{1,9}\.) ")
_LONGEST = 2 * 1024 * 1024
_DEEPEST = 400
_DEEPEST_QUOTE = 20

_SPACES = re.compile(r"[ \t\r\n\f\xa0]+")
# Characters without width that mass mailings pad their previews with.
_WIDTHLESS = re.compile("[\u200b\ufeff\xad\u034f\u2060]")
_LONGEST_SYMBOL = 8


@dataclass(slots=True)
class _Open:
    name: str
    hidden: bool = False
    quoted: bool = False
    preformatted: bool = False
    numbers: int = -1


class _Page:
    """What was written so far: lines, each with its depth of quoting."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.line: list[str] = []
        self.empty_wanted = False
        self.open: list[_Open] = []
        self.names: Counter[str] = Counter()
        self.depth = self.hidden = self.preformatted = 0

    def text(self, text: str) -> None:
        if self.hidden:
            return
        text = _WIDTHLESS.sub("", text)
        if self.preformatted:
            first, *others = text.replace("\r", "").split("\n")
            self.line.append(first)
            for other in others:
                self.break_line()
                self.line.append(other)
            return
        text = _SPACES.sub(" ", text)
        if not self.line or self.line[-1].endswith(" "):
            text = text.lstrip(" ")
        if text:
            self.line.append(text)

    def break_line(self) -> None:
        line = "".join(self.line).rstrip()
        self.line.clear()
        quote = QUOTE * min(self.depth, _DEEPEST_QUOTE)
        self.lines.append(f"{quote}{line}".rstrip() if quote else line)

    def block(self, *, spaced: bool = False) -> None:
        """Begin a new line, if one is begun; after a paragraph, leave one empty."""
        if self.line and _BULLET.fullmatch("".join(self.line)):
            # A paragraph within an item of a list: the item has begun already.
            return
        if "".join(self.line).strip():
            self.break_line()
        else:
            self.line.clear()
        if spaced and self.lines and self.lines[-1].strip("> "):
            self.lines.append((QUOTE * min(self.depth, _DEEPEST_QUOTE)).rstrip())

    def mark(self, line: str) -> None:
        self.block()
        last = next((one.strip() for one in reversed(self.lines) if one.strip()), "")
        if last == line.strip():
            return
        self.lines.append(f"{QUOTE * min(self.depth, _DEEPEST_QUOTE)}{line}")


def read(source: str) -> str:
    page = _Page()
    for token in html_tokens.read(source[:_LONGEST]):
        if isinstance(token, str):
            page.text(token)
        elif token.closing:
            _close(page, token.name)
        else:
            _begin(page, token)
    page.block()
    return "\n".join(page.lines).strip("\n")


def content_ids(source: str) -> set[str]:
    """Return the ids of the parts that the page shows within itself."""
    found = re.findall(r"cid:([^\s\"'<>)]{1,256})", source[:_LONGEST], re.IGNORECASE)
    return {name for one in found for name in (one, unquote(one))}


def _begin(page: _Page, tag: Tag) -> None:
    name = tag.name
    if name == "br":
        if not page.hidden:
            page.break_line()
        return
    if name == "img":
        _image(page, tag)
        return
    if not page.hidden:
        _mark(page, tag)
    if name in marks.BLOCKS:
        page.block(spaced=name in marks.SPACED)
    if name in ("td", "th") and "".join(page.line).strip():
        page.text(" ")
    if name in marks.VOID or len(page.open) >= _DEEPEST:
        return
    opened = _Open(
        name,
        hidden=name in marks.UNSEEN or bool(marks.HIDDEN.search(tag.attributes.get("style", ""))),
        quoted=_is_quote(tag),
        preformatted=name == "pre",
        numbers=0 if name == "ol" else -1,
    )
    page.open.append(opened)
    page.names[name] += 1
    _count(page, opened, 1)
    if name == "li" and not page.hidden:
        page.line.append(_bullet(page))


def _close(page: _Page, name: str) -> None:
    if not page.names[name]:
        if name == "p":
            page.block(spaced=True)
        return
    for index in range(len(page.open) - 1, -1, -1):
        if page.open[index].name == name:
            break
        if page.open[index].name == "table" and name not in ("body", "html"):
            # A cell does not close what is open outside of its table.
            return
    if name in marks.BLOCKS:
        page.block()
    for opened in page.open[index:]:
        page.names[opened.name] -= 1
        _count(page, opened, -1)
    del page.open[index:]
    if name in marks.SPACED:
        page.block(spaced=True)


def _count(page: _Page, opened: _Open, by: int) -> None:
    if opened.quoted:
        page.block()
    page.depth += by * opened.quoted
    page.hidden += by * opened.hidden
    page.preformatted += by * opened.preformatted


def _mark(page: _Page, tag: Tag) -> None:
    attributes = tag.attributes
    identifier = attributes.get("id", "").strip()
    names = f"{attributes.get('class', '')} {identifier} {attributes.get('data-smartmail', '')}"
    if marks.ORIGINAL_ID.fullmatch(identifier) and page.depth == 0:
        page.mark(ORIGINAL)
    elif marks.SIGNATURE_MARK.search(names):
        page.mark(SIGNATURE)


def _is_quote(tag: Tag) -> bool:
    attributes = tag.attributes
    if tag.name == "blockquote":
        if attributes.get("type", "").lower() == "cite" or "quote" in attributes.get("class", ""):
            return True
        look = f"{attributes.get('class', '')} {attributes.get('style', '')}"
        return not marks.INDENTED.search(look)
    return bool(
        marks.QUOTE_CLASS.search(attributes.get("class", ""))
        or marks.QUOTE_ID.fullmatch(attributes.get("id", "").strip())
        or attributes.get("name", "").lower() == "messagereplysection"
        or tag.name == "includetail"
    )


def _image(page: _Page, tag: Tag) -> None:
    """Write an emoji that came as a picture; any other picture is no text."""
    alternative = tag.attributes.get("alt", "").strip()
    is_symbol = alternative and len(alternative) <= _LONGEST_SYMBOL and not alternative.isascii()
    if is_symbol and not any(character.isalnum() for character in alternative):
        page.text(alternative)


def _bullet(page: _Page) -> str:
    for opened in reversed(page.open):
        if opened.name in ("ul", "menu", "dir"):
            break
        if opened.numbers >= 0:
            opened.numbers += 1
            return f"{opened.numbers}. "
    return "- "
