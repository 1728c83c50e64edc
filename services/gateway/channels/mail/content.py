"""What a mail says and what it carries: the text to read and the files, from the tree of parts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from services.gateway.channels.mail import charsets, headers, html_text, transfer
from services.gateway.channels.mail.entities import Entity
from services.gateway.domain.fields import TEXT_LIMIT
from services.gateway.domain.incoming import Attachment, AttachmentKind

_PLAIN = ("text/plain", "text", "text/enriched", "text/richtext")
_HTML = ("text/html", "application/xhtml+xml")
_MESSAGES = ("message/rfc822", "message/global", "message/news")
# Of an alternative: another form of the same text that no reader misses.
_OTHER_FORMS = ("text/x-amp-html", "text/watch-html", "text/x-watch-html", "text/rtf")
_CONTACTS = ("text/vcard", "text/x-vcard", "text/directory", "application/vcard")
_LOOKS_LIKE_HTML = re.compile(rb"\s{0,200}<(?:!doctype\s{1,5}html|html)[\s>]", re.IGNORECASE)
_ESCAPED_FROM = re.compile(r"^>From (?=\S)", re.MULTILINE)
_ENRICHED = re.compile(r"<[^<>]{0,200}>")
_KINDS: dict[str, AttachmentKind] = {"image": "image", "audio": "audio", "video": "video"}
_LONGEST_NAME = 255
# Words that stand in for the text where a program cannot show HTML.
_PLACEHOLDER = re.compile(
    r"(?:html[- ](?:capable|compatible|enabled|aware|viewer|version|format|e?-?mail|message|"
    r"newsletter)|"
    r"view (?:this|the) (?:e-?mail|message)|can'?t see this|does not support html|"
    r"HTML-(?:Mail|E-?Mail|Ansicht))",
    re.IGNORECASE,
)
_LONGEST_PLACEHOLDER = 300


@dataclass(slots=True)
class Content:
    texts: list[str] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    shown_ids: set[str] = field(default_factory=set)

    @property
    def text(self) -> str:
        found: list[str] = []
        for text in self.texts:
            squeezed = "".join(text.split())
            if squeezed and not any(squeezed in "".join(other.split()) for other in found):
                found.append(text.strip("\n"))
        return "\n\n".join(found)[:TEXT_LIMIT]


def read(entity: Entity) -> Content:
    content = Content()
    for part in entity.walk():
        if part.media_type in _HTML and not part.is_multipart:
            content.shown_ids |= html_text.content_ids(_text_of_bytes(part))
    _gather(entity, content, related=False)
    if not content.text:
        _take_named_text(entity, content)
    return content


def _take_named_text(entity: Entity, content: Content) -> None:
    """Take the first part for the text though it has a file's name, as some programs give it."""
    first = next((part for part in entity.walk() if not part.is_multipart), None)
    if first is None or first.disposition == "attachment" or _is_body(first):
        return
    if first.media_type in _PLAIN or first.media_type in _HTML:
        text, files = _body(first)
        content.texts.append(text)
        content.attachments[:1] = files


def _gather(entity: Entity, content: Content, *, related: bool) -> None:
    if entity.media_type == "multipart/alternative":
        _gather_alternative(entity, content)
    elif entity.is_multipart:
        inner = entity.media_type == "multipart/related"
        for index, part in enumerate(entity.parts):
            _gather(part, content, related=inner and index > 0)
    elif _is_body(entity):
        text, files = _body(entity)
        content.texts.append(text)
        content.attachments += files
    else:
        content.attachments.append(_attachment(entity, content, related=related))


def _gather_alternative(entity: Entity, content: Content) -> None:
    """Take one form of the text, the plain one if it says anything, and the files of all."""
    forms: list[Content] = []
    for part in entity.parts:
        if part.media_type in _OTHER_FORMS:
            continue
        form = Content(shown_ids=content.shown_ids)
        _gather(part, form, related=False)
        forms.append(form)
        content.attachments += form.attachments
    plain = [
        form for form, part in zip(forms, _forms(entity), strict=True) if part.media_type in _PLAIN
    ]
    rich = [form for form in forms if form not in plain and form.text.strip()]
    best = next((form for form in plain if form.text.strip()), None)
    if best is None or (rich and _stands_in(best.text, rich[0].text)):
        best = rich[0] if rich else best
    if best is not None:
        content.texts += best.texts


def _forms(entity: Entity) -> Iterator[Entity]:
    return (part for part in entity.parts if part.media_type not in _OTHER_FORMS)


def _stands_in(plain: str, rich: str) -> bool:
    return (
        len(plain) <= _LONGEST_PLACEHOLDER
        and len(rich) > len(plain)
        and bool(_PLACEHOLDER.search(plain))
    )


def _is_body(entity: Entity) -> bool:
    if entity.disposition == "attachment" or entity.name:
        return False
    return entity.media_type in _PLAIN or entity.media_type in _HTML


def _body(entity: Entity) -> tuple[str, list[Attachment]]:
    data = entity.content
    if entity.media_type in _HTML or _LOOKS_LIKE_HTML.match(data):
        return html_text.read(_text_of_bytes(entity)), []
    data, files = transfer.enclosed(data)
    text = charsets.decode(data, entity.parameters.get("charset", ""))
    # A mailbox file marks lines that begin like its own separator; it is no quote.
    text = _ESCAPED_FROM.sub("From ", text.replace("\r\n", "\n").replace("\r", "\n"))
    if entity.media_type in ("text/enriched", "text/richtext"):
        text = _ENRICHED.sub("", text)
    if entity.parameters.get("format", "").lower() == "flowed":
        deleting = entity.parameters.get("delsp", "").lower() == "yes"
        text = transfer.unflowed(text, deleting_spaces=deleting)
    return text, [_file(one) for one in files]


def _text_of_bytes(entity: Entity) -> str:
    data, charset = entity.content, entity.parameters.get("charset", "")
    if not charset:
        declared = re.search(rb"(?i)charset\s?=\s?[\"']?([A-Za-z0-9_-]{2,40})", data[:4096])
        charset = declared[1].decode() if declared else ""
    return charsets.decode(data, charset)


def _file(one: transfer.Enclosed) -> Attachment:
    return Attachment(
        kind="file", name=one.name[:_LONGEST_NAME], size_bytes=len(one.content), content=one.content
    )


def _attachment(entity: Entity, content: Content, *, related: bool) -> Attachment:
    data, name = entity.content, entity.name or entity.other_name
    if entity.media_type in _MESSAGES and not name:
        name = _name_of_message(data)
    content_id = entity.content_id
    shown = bool(content_id) and content_id in content.shown_ids
    inline = shown or (
        entity.disposition != "attachment"
        and (entity.disposition == "inline" or (related and bool(content_id)))
    )
    return Attachment(
        kind=_kind(entity.media_type),
        media_id=content_id[:_LONGEST_NAME],
        media_type=entity.media_type,
        name=name[:_LONGEST_NAME],
        size_bytes=len(data),
        inline=inline,
        content=data,
    )


def _name_of_message(data: bytes) -> str:
    subject = headers.split(data)[0].text("subject")
    name = re.sub(r'[\x00-\x1f\x7f/\\:*?"<>|]+', " ", subject).strip()
    return f"{name[: _LONGEST_NAME - 4] or 'message'}.eml"


def _kind(media_type: str) -> AttachmentKind:
    main = media_type.partition("/")[0]
    if media_type in _CONTACTS:
        return "contact"
    return _KINDS.get(main, "file")
