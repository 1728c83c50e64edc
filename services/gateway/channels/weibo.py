"""Weibo's fans service: private messages, events and mentions, as JSON or in WeChat's XML.

The signature does not cover the body (see ``wechat_signing``), and a push has no id: sender, time,
type and content stand for it, and are the same when Weibo asks again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256

from services.gateway.channels.base import PlatformChannel
from services.gateway.channels.loose import moment_us
from services.gateway.channels.wechat_bodies import (
    coordinates,
    digest,
    message_id_of,
    optional,
    read_body,
    read_json_texts,
    seconds,
    written,
)
from services.gateway.channels.wechat_signing import (
    SeenSignatures,
    check_signature,
    check_time,
    query,
)
from services.gateway.domain.fields import TEXT_LIMIT, Fields
from services.gateway.domain.inbound import Answer, InboundRequest, InvalidRequestError
from services.gateway.domain.incoming import (
    Attachment,
    AttachmentKind,
    CustomerAction,
    IncomingBody,
    IncomingEvent,
    UnrecognisedEvent,
    WrittenMessage,
)

_MILLISECOND_US = 1_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_CREATED_AT = re.compile(
    r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d) (\d{4})",
    re.ASCII,
)
_MEDIA: Mapping[str, AttachmentKind] = {"image": "image", "voice": "audio", "video": "video"}
_ACTIONS = {"click": "menu.clicked", "view": "page.viewed"}
# Where a mention says which post or comment it is.
_MENTIONED_IN = ("key", "status_id", "comment_id", "mid", "id")


@dataclass(frozen=True, slots=True)
class WeiboSettings:
    """``secrets`` are the application's App Secrets; the token is of the fans service."""

    secrets: tuple[str, ...] = field(default=(), repr=False)
    access_token: str = field(default="", repr=False)
    # "", "name" or "initials": how replies are signed.
    sign: str = ""
    # Private messages have an address of their own.
    messages_base: str = "https://m.api.weibo.com"
    api_base: str = "https://api.weibo.com"


class WeiboChannel(PlatformChannel):
    """``GET`` and ``POST /v1/weibo/{organisation}/{account}``."""

    kind = "weibo"
    path = "/v1/weibo"
    settings = WeiboSettings

    def __init__(self) -> None:
        self._seen = SeenSignatures()

    def handshake(
        self, request: InboundRequest, settings: WeiboSettings, now_us: int
    ) -> Answer | None:
        _ = now_us  # an echo changes nothing, whenever it is asked for
        if request.method != "GET":
            return None
        check_signature(request, "signature", settings.secrets)
        return Answer(query(request, "echostr").encode(errors="surrogateescape"))

    def verify(
        self, request: InboundRequest, settings: WeiboSettings, now_us: int
    ) -> InboundRequest:
        check_time(request, now_us, _MILLISECOND_US)
        check_signature(request, "signature", settings.secrets)
        self._seen.check(query(request, "signature"), request.body, now_us)
        return request

    def parse(self, request: InboundRequest) -> list[IncomingEvent]:
        fields = read_body(request.body)
        name = "MsgType" if "MsgType" in fields else "type"
        kind = fields.text(name, limit=64)
        try:
            if name == "MsgType":
                return [self._wechat_event(fields, kind.lower(), request.body)]
            return [self._event(fields, kind, request.body)]
        except InvalidRequestError as error:
            body = UnrecognisedEvent(kind, request.body, str(error))
            return [IncomingEvent(digest(request.body), self.kind, "", body, None)]

    def _event(self, fields: Fields, kind: str, raw: bytes) -> IncomingEvent:
        sender_id = fields.text("sender_id", limit=64)
        data = _data(fields)
        event_id = _hash(fields, data)
        at_us = _instant_us(fields, "created_at")
        text = optional(fields, "text")
        body: IncomingBody
        if _is_mention(kind, data):
            body, thread_id = _mention(event_id, text, sender_id, data)
        else:
            body, thread_id = _private(event_id, kind, text, data, raw), sender_id
        return IncomingEvent(event_id, self.kind, thread_id, body, at_us, sender_id)

    def _wechat_event(self, fields: Fields, kind: str, raw: bytes) -> IncomingEvent:
        """Weibo leaves MsgId empty."""
        sender_id = fields.text("FromUserName", limit=64)
        event_id = f"{sender_id}:{message_id_of(fields) or digest(raw)}"
        body: IncomingBody | None
        if kind == "event":
            name = optional(fields, "Event", limit=64)
            key = fields.text("EventKey", "") if name.lower() in _ACTIONS else ""
            body = _happening(name.lower(), key, raw)
        else:
            body = written(fields, kind, event_id, "") or UnrecognisedEvent(kind, raw)
        at_us = seconds(fields, "CreateTime")
        return IncomingEvent(event_id, self.kind, sender_id, body, at_us, sender_id)


def _data(fields: Fields) -> Fields:
    """Return what belongs to the type: an object, at times as JSON within a text, or nothing."""
    nothing = Fields({}, fields.place_of("data"))
    if "data" not in fields:
        return nothing
    if not isinstance(fields.values()["data"], str):
        return fields.object("data")
    text = optional(fields, "data").strip()
    return read_json_texts(text.encode()) if text else nothing


def _hash(fields: Fields, data: Fields) -> str:
    named = [fields.text(name, "", limit=TEXT_LIMIT) for name in _TOLD]
    content = json.dumps([*named, json.loads(data.as_json())], sort_keys=True)
    return sha256(content.encode()).hexdigest()[:32]


_TOLD = ("sender_id", "receiver_id", "created_at", "type", "text")


def _instant_us(fields: Fields, name: str) -> int | None:
    """Read "Mon Jul 16 18:09:20 +0800 2012", or a time of another form; None for no time."""
    text = optional(fields, name, limit=64)
    if not text:
        return None
    match = _CREATED_AT.fullmatch(text)
    if match is None or match[1] not in _MONTHS:
        return moment_us(text)
    day, hour, minute, second, year = (int(match[n]) for n in (2, 3, 4, 5, 9))
    offset = timedelta(hours=int(match[7]), minutes=int(match[8]))
    try:
        zone = timezone(-offset if match[6] == "-" else offset)
        month = _MONTHS.index(match[1]) + 1
        at = datetime(year, month, day, hour, minute, second, tzinfo=zone)
    except (ValueError, OverflowError):
        return None
    at_us = (at - _EPOCH) // timedelta(microseconds=1)
    return at_us if at_us > 0 else None


def _private(message_id: str, kind: str, text: str, data: Fields, raw: bytes) -> IncomingBody:
    if kind == "event":
        name = data.text("subtype", limit=64)
        key = data.text("key", "") if name in _ACTIONS else ""
        return _happening(name, key, raw)
    message = WrittenMessage(
        message_id=message_id, author_kind="customer", author_name="", text=text
    )
    if kind == "text":
        return message
    if kind == "position":
        return replace(message, location=coordinates(data, "latitude", "longitude", "", ""))
    if kind in _MEDIA:
        # The receiver's id of the file; "vfid" is the sender's.
        media = Attachment(_MEDIA[kind], media_id=data.text("tovfid", limit=128))
        return replace(message, attachments=(media,))
    return UnrecognisedEvent(kind, raw)


def _happening(name: str, key: str, raw: bytes) -> IncomingBody:
    if name in _ACTIONS:
        return CustomerAction(_ACTIONS[name], object_id=key)
    return UnrecognisedEvent(name or "event", raw)


def _is_mention(kind: str, data: Fields) -> bool:
    return kind == "mention" or (
        kind == "event" and optional(data, "subtype", limit=64).startswith("mention")
    )


def _mention(
    message_id: str, text: str, sender_id: str, data: Fields
) -> tuple[WrittenMessage, str]:
    """Return a post or comment that names the account, and its thread: the post."""
    named = (optional(data, name, limit=64) for name in _MENTIONED_IN)
    post_id = next(filter(None, named), "")
    message = WrittenMessage(
        message_id=post_id or message_id,
        author_kind="customer",
        author_name="",
        text=text,
        is_public=True,
        # Whom a private answer goes to.
        reply_address=sender_id,
    )
    return message, post_id or sender_id
