"""Bodies in WeChat's shape: XML, or JSON with the same names.

WeCom's applications and Weibo (when set to "WeChat's XML") send the same. All values are read as
texts, since XML has no others. Coordinates are as the platform gives them: in mainland China that
is GCJ-02, some hundred metres beside WGS 84.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import NoReturn
from xml.etree.ElementTree import ParseError  # the exception; defusedxml parses

from defusedxml.ElementTree import DefusedXMLParser

from services.gateway.channels.loose import moment_us
from services.gateway.domain.fields import ID_LIMIT, LARGEST_INTEGER, TEXT_LIMIT, Fields
from services.gateway.domain.inbound import InvalidRequestError
from services.gateway.domain.incoming import Attachment, AttachmentKind, Location, WrittenMessage

TYPE_NAMES = ("Event", "MsgType", "InfoType")

_LARGEST_BODY = 1024 * 1024
_DEEPEST = 12
_MOST_ELEMENTS = 5000
_MOST_DIGITS = len(str(LARGEST_INTEGER))
_LATITUDE = 90.0
_LONGITUDE = 180.0

_MEDIA: Mapping[str, AttachmentKind] = {
    "image": "image",
    "voice": "audio",
    "video": "video",
    "shortvideo": "video",
}
_VOICE_TYPES = {"amr": "audio/amr", "mp3": "audio/mpeg", "speex": "audio/speex"}


def read_body(body: bytes) -> Fields:
    """Parse XML or JSON into fields that are texts, objects and lists.

    Raise ``InvalidRequestError`` for what is neither, and for XML with a DTD or entities.
    """
    if len(body) > _LARGEST_BODY:
        raise InvalidRequestError("body", f"has more than {_LARGEST_BODY} bytes")
    if body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
        return Fields(_read_xml(body.lstrip(b" \t\r\n")), "")
    return read_json_texts(body)


def read_json_texts(body: bytes) -> Fields:
    """Parse a JSON object whose numbers become texts."""
    try:
        value = json.loads(body, parse_int=str, parse_float=str, parse_constant=_refuse_constant)
    except RecursionError:
        raise InvalidRequestError("body", "is nested too deeply") from None
    except ValueError:
        raise InvalidRequestError("body", "is neither XML nor JSON") from None
    if not isinstance(value, dict):
        raise InvalidRequestError("body", "is not a JSON object")
    return Fields(value, "")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _read_xml(body: bytes) -> Mapping[str, object]:
    tree = _Tree()
    parser = DefusedXMLParser(target=tree, forbid_dtd=True)
    try:
        parser.feed(body)
        root = parser.close()
    except (ParseError, ValueError, LookupError):
        raise InvalidRequestError("body", "is not XML, or has a DTD or entities") from None
    if not isinstance(root, dict):
        raise InvalidRequestError("body", "is XML without elements")
    return root


class _Tree:
    """Builds objects of elements: a leaf is its text, what stands there twice is a list."""

    def __init__(self) -> None:
        self._open: list[tuple[dict[str, object], list[str]]] = []
        self._elements = 0
        self._root: object = None

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        _ = tag, attributes
        self._elements += 1
        if len(self._open) >= _DEEPEST or self._elements > _MOST_ELEMENTS:
            raise InvalidRequestError("body", "is nested too deeply, or has too many elements")
        self._open.append(({}, []))

    def data(self, text: str) -> None:
        if self._open:
            self._open[-1][1].append(text)

    def end(self, tag: str) -> None:
        children, texts = self._open.pop()
        value: object = children or "".join(texts)
        if not self._open:
            self._root = value
            return
        siblings = self._open[-1][0]
        if tag not in siblings:
            siblings[tag] = value
            return
        present = siblings[tag]
        siblings[tag] = [*present, value] if isinstance(present, list) else [present, value]

    def close(self) -> object:
        return self._root


def optional(fields: Fields, name: str, *, limit: int = TEXT_LIMIT) -> str:
    """Return a text; "" where it is absent, or an element without content."""
    return fields.text(name, "", limit=limit)


def whole_number(fields: Fields, name: str) -> int:
    digits = fields.text(name).strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS):
        fields.complain(name, "is not a whole number")
    return int(digits)


def seconds(fields: Fields, name: str) -> int | None:
    """Return a time in seconds as microseconds since the epoch.

    None when there is none, or it is none: what a customer wrote counts without it.
    """
    return moment_us(optional(fields, name))


def digest(raw: bytes) -> str:
    """Return what stands for an id where the platform gives none: a retry brings the same body."""
    return sha256(raw).hexdigest()[:32]


def type_of(fields: Fields) -> str:
    """Return the platform's name of the type, where it can be read."""
    named = (readable(fields, name, limit=64) for name in TYPE_NAMES)
    return next(filter(None, named), "message")


def readable(fields: Fields, name: str, *, limit: int = ID_LIMIT) -> str:
    """Return a text of what could not be understood as a whole; "" where it is none."""
    try:
        return optional(fields, name, limit=limit)
    except InvalidRequestError:
        return ""


def message_id_of(fields: Fields) -> str:
    """Return a message's id; events write the name in another case."""
    return optional(fields, "MsgId", limit=64) or optional(fields, "MsgID", limit=64)


def event_id_of(fields: Fields, author_id: str, raw: bytes) -> str:
    """Events have no id: author, time and event stand for it, and what it is about."""
    try:
        names = ("CreateTime", "MsgType", "Event", "EventKey", "MsgID")
        told = [optional(fields, name, limit=200) for name in names]
    except InvalidRequestError:
        told = [digest(raw)]
    return ":".join(filter(None, (author_id, *told)))


def coordinates(fields: Fields, latitude: str, longitude: str, name: str, address: str) -> Location:
    return Location(
        _degrees(fields, latitude, _LATITUDE),
        _degrees(fields, longitude, _LONGITUDE),
        name,
        address,
    )


def _degrees(fields: Fields, name: str, most: float) -> float:
    try:
        value = float(fields.text(name))
    except ValueError:
        fields.complain(name, "is not a number")
    if not -most <= value <= most:
        fields.complain(name, f"does not lie between {-most:g} and {most:g}")
    return value


def written(
    fields: Fields, kind: str, message_id: str, reply_address: str
) -> WrittenMessage | None:
    """Read a message of a known type; None for another type."""
    attachments: tuple[Attachment, ...] = ()
    location = None
    text = optional(fields, "Content")
    if kind in _MEDIA:
        attachments = (_media(fields, kind),)
        text = optional(fields, "Recognition")
    elif kind == "location":
        label = optional(fields, "Label")
        location = coordinates(fields, "Location_X", "Location_Y", label, "")
    elif kind in _CARDS:
        attachments = (_CARDS[kind](fields),)
        text = ""
    elif kind != "text":
        return None
    return WrittenMessage(
        message_id=message_id,
        author_kind="customer",
        author_name="",
        text=text,
        attachments=attachments,
        location=location,
        payload=optional(fields, "bizmsgmenuid"),
        reply_address=reply_address,
    )


def _media(fields: Fields, kind: str) -> Attachment:
    voice = optional(fields, "Format").lower()
    return Attachment(
        _MEDIA[kind],
        media_id=optional(fields, "MediaId"),
        url=optional(fields, "PicUrl"),
        media_type=_VOICE_TYPES.get(voice, "") if kind == "voice" else "",
    )


def _link(fields: Fields) -> Attachment:
    return Attachment("link", url=optional(fields, "Url"), name=optional(fields, "Title"))


def _mini_program(fields: Fields) -> Attachment:
    return Attachment(
        "link",
        media_id=optional(fields, "ThumbMediaId"),
        url=optional(fields, "PagePath"),
        name=optional(fields, "Title"),
    )


def _file(fields: Fields) -> Attachment:
    size = optional(fields, "FileTotalLen")
    return Attachment(
        "file",
        media_id=optional(fields, "FileKey") or optional(fields, "MediaId"),
        name=optional(fields, "Title"),
        size_bytes=whole_number(fields, "FileTotalLen") if size else 0,
    )


_CARDS = {"link": _link, "miniprogrampage": _mini_program, "file": _file}
