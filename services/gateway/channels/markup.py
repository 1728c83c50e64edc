"""HTML from forums, feeds and posts, read as plain text and the media it shows."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from html import unescape

from services.gateway.domain.incoming import Attachment, AttachmentKind

# In characters; no post is as long.
LONGEST_MARKUP = 500_000

# The standard library's parser takes minutes over 200 kB of tags that never close. These patterns
# never go back over what they have read, and a tag is looked for within its longest length only.
_LONGEST_TAG = 8_192
_LONGEST_NAME = 255
_TAG = re.compile(r"""<(/?)([a-zA-Z][a-zA-Z0-9:-]*+)((?:[^>"']++|"[^"]*+"|'[^']*+')*+)>""")
_ATTRIBUTE = re.compile(r"""([^\s"'>/=]++)(?:\s*+=\s*+("[^"]*+"|'[^']*+'|[^\s"'>]++))?+""")

_SECTIONS = ("section", "article", "aside", "header", "footer", "figure", "details", "div")
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_PARAGRAPHS = frozenset(
    ["p", "blockquote", "ul", "ol", "dl", "pre", "table", "hr", *_SECTIONS, *_HEADINGS]
)
_LINES = frozenset(["br", "li", "tr", "dt", "dd", "summary", "figcaption"])
_HIDDEN = frozenset(["script", "style", "template", "noscript", "head", "title", "svg"])
_SHOWN: dict[str, AttachmentKind] = {"img": "image", "video": "video", "audio": "audio"}
# Pictures that are part of the text or of the page's dress.
_DRESS = frozenset({"emoji", "avatar", "site-icon", "custom-emoji", "emojione"})


@dataclass(slots=True)
class Markup:
    text: str
    # What stands in quotations of earlier posts.
    quoted: str = ""
    attachments: tuple[Attachment, ...] = ()


def read_markup(markup: str, *, quotes_apart: bool = False) -> Markup:
    """Return the text of an HTML fragment. Total: broken markup is read as far as it goes."""
    reader = _Reader(quotes_apart)
    _read(markup[:LONGEST_MARKUP], reader)
    return Markup(_tidy(reader.words), _tidy(reader.quoted_words), tuple(reader.attachments))


def text_of(markup: str) -> str:
    return read_markup(markup).text


def _read(markup: str, reader: _Reader) -> None:
    position, last = 0, markup.rfind(">")
    while position < len(markup):
        opened = markup.find("<", position)
        if opened < 0 or opened > last:
            break
        reader.data(unescape(markup[position:opened]))
        position = _read_tag(markup, opened, reader)
    reader.data(unescape(markup[position:]))


def _read_tag(markup: str, opened: int, reader: _Reader) -> int:
    """Read what starts with "<" and return where it ends."""
    if markup.startswith("<!--", opened):
        end = markup.find("-->", opened + 4)
        return len(markup) if end < 0 else end + 3
    following = markup[opened + 1 : opened + 2]
    if not (following.isascii() and (following.isalpha() or following in "/!?")):
        reader.data("<")
        return opened + 1
    found = _TAG.match(markup, opened, opened + _LONGEST_TAG)
    if found is None:
        return markup.index(">", opened) + 1
    tag = found[2].lower()
    if found[1]:
        reader.end(tag)
    else:
        reader.start(tag, found[3])
    return found.end()


def _attributes(text: str) -> dict[str, str]:
    values: dict[str, str] = {}
    for name, value in _ATTRIBUTE.findall(text):
        plain = value[1:-1] if value[:1] in ("'", '"') else value
        values.setdefault(name.lower(), unescape(plain))
    return values


def _tidy(pieces: list[str]) -> str:
    """Join, with single spaces within a line and at most one empty line between two."""
    lines: list[str] = []
    for line in "".join(pieces).replace("\xa0", " ").split("\n"):
        tidy = " ".join(line.split(" ")).strip(" \t\r")
        tidy = " ".join(tidy.split())
        if tidy or (lines and lines[-1]):
            lines.append(tidy)
    return "\n".join(lines).strip("\n")


@dataclass(slots=True)
class _Open:
    """How deep inside an element that is treated apart the reader is."""

    tag: str = ""
    depth: int = 0

    def enter(self, tag: str) -> None:
        if self.depth == 0:
            self.tag = tag
        if tag == self.tag:
            self.depth += 1

    def leave(self, tag: str) -> None:
        if self.depth and tag == self.tag:
            self.depth -= 1


@dataclass(slots=True)
class _Reader:
    quotes_apart: bool
    words: list[str] = field(default_factory=list)
    quoted_words: list[str] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    hidden: _Open = field(default_factory=_Open)
    quoted: _Open = field(default_factory=_Open)
    preformatted: _Open = field(default_factory=_Open)
    link: str = ""
    # The words of a link to a file, which are the file's name.
    file_name: list[str] | None = None

    def say(self, text: str) -> None:
        (self.quoted_words if self.quoted.depth else self.words).append(text)

    def start(self, tag: str, attributes: str) -> None:
        if tag in _HIDDEN or self.hidden.depth:
            if not attributes.endswith("/"):
                self.hidden.enter(tag)
            return
        values = _attributes(attributes)
        classes = frozenset(values.get("class", "").split())
        if self.quotes_apart and _is_quotation(tag, classes, self.quoted):
            self.quoted.enter(tag)
        if tag == "pre":
            self.preformatted.enter(tag)
        if tag in _PARAGRAPHS:
            self.say("\n\n")
        elif tag in _LINES:
            self.say("\n- " if tag == "li" else "\n")
        elif tag == "a":
            self._enter_link(values, classes)
        elif tag in _SHOWN:
            self._show(tag, values, classes)
        elif tag == "source" and self.attachments and not self.attachments[-1].url:
            shown = self.attachments.pop()
            self._attach(shown.kind, values.get("src", ""), media_type=values.get("type", ""))

    def end(self, tag: str) -> None:
        if self.hidden.depth:
            self.hidden.leave(tag)
            return
        if tag in _PARAGRAPHS:
            self.say("\n\n")
        self.quoted.leave(tag)
        self.preformatted.leave(tag)
        if tag == "a":
            self._leave_link()

    def data(self, data: str) -> None:
        if self.hidden.depth:
            return
        if not self.preformatted.depth:
            data = data.replace("\r", " ").replace("\n", " ")
        if self.file_name is not None:
            self.file_name.append(data)
        self.say(data)

    def _enter_link(self, values: dict[str, str], classes: frozenset[str]) -> None:
        target = values.get("href", "")
        self.file_name = None
        if "attachment" in classes:
            before = len(self.attachments)
            self._attach("file", target)
            self.file_name = [] if len(self.attachments) > before else None
        self.link = target if "lightbox" in classes else ""

    def _leave_link(self) -> None:
        self.link = ""
        if self.file_name is not None:
            name = " ".join("".join(self.file_name).split())[:_LONGEST_NAME]
            self.attachments[-1] = replace(self.attachments[-1], name=name)
        self.file_name = None

    def _show(self, tag: str, values: dict[str, str], classes: frozenset[str]) -> None:
        if classes & _DRESS:
            self.say(values.get("alt") or values.get("title", ""))
            return
        url = self.link or values.get("src", "")
        if url or tag != "img":
            self._attach(_SHOWN[tag], url, name=values.get("alt", ""))

    def _attach(
        self, kind: AttachmentKind, url: str, *, media_type: str = "", name: str = ""
    ) -> None:
        if not url.startswith("data:") and not self.quoted.depth:
            inline = kind != "file"
            self.attachments.append(
                Attachment(kind, url=url, media_type=media_type, name=name, inline=inline)
            )


def _is_quotation(tag: str, classes: frozenset[str], quoted: _Open) -> bool:
    if quoted.depth:
        return tag == quoted.tag
    return tag == "blockquote" or (tag == "aside" and "quote" in classes)
