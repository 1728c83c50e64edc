"""WeChat official accounts and mini programs: messages and events, plain or encrypted.

WeChat asks again, up to three times in all, unless "success" comes within 5 s; an account that
names its EncodingAESKey takes encrypted requests only, since the plain scheme does not cover the
body. ``MsgId`` is unique for a customer, not for an account.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from services.gateway.channels.base import PlatformChannel
from services.gateway.channels.wechat_bodies import (
    TYPE_NAMES,
    digest,
    event_id_of,
    message_id_of,
    optional,
    read_body,
    readable,
    seconds,
    type_of,
    written,
)
from services.gateway.channels.wechat_signing import (
    SeenSignatures,
    check_key,
    check_signature,
    check_time,
    decrypt,
    encrypted_text,
    query,
)
from services.gateway.domain.fields import Fields
from services.gateway.domain.inbound import (
    Answer,
    InboundRequest,
    InvalidRequestError,
)
from services.gateway.domain.incoming import (
    CustomerAction,
    Identifier,
    IncomingBody,
    IncomingEvent,
    Receipt,
    UnrecognisedEvent,
)

_SECOND_US = 1_000_000
# The longest cause that "failed:user block" and its like name.
_CAUSE_CHARACTERS = 100


@dataclass(frozen=True, slots=True)
class WechatSettings:
    """``secrets`` are the Tokens of the server's configuration; the rest is for the way out."""

    secrets: tuple[str, ...] = field(default=(), repr=False)
    app_id: str = ""
    # Given, every request must be encrypted with it, or with the one before.
    encoding_aes_key: str = field(default="", repr=False)
    previous_encoding_aes_key: str = field(default="", repr=False)
    app_secret: str = field(default="", repr=False)
    # Who answers, of the account's customer-service members ("test1@test"); "" is the account.
    kf_account: str = ""
    # "", "name" or "initials": how replies are signed.
    sign: str = ""
    api_base: str = "https://api.weixin.qq.com"

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(filter(None, (self.encoding_aes_key, self.previous_encoding_aes_key)))


class WechatOfficialAccountChannel(PlatformChannel):
    """``GET`` and ``POST /v1/wechat-official-account/{organisation}/{account}``."""

    kind = "wechat_official_account"
    path = "/v1/wechat-official-account"
    settings = WechatSettings
    accepted = Answer(b"success")

    def __init__(self) -> None:
        self._seen = SeenSignatures()

    def check(self, settings: WechatSettings) -> None:
        for key in settings.keys:
            check_key(key)
        if settings.keys and not settings.app_id:
            raise ValueError("encrypted messages name their receiver: set app_id")

    def handshake(
        self, request: InboundRequest, settings: WechatSettings, now_us: int
    ) -> Answer | None:
        _ = now_us  # an echo changes nothing, whenever it is asked for
        if request.method != "GET":
            return None
        check_signature(request, "signature", settings.secrets)
        return Answer(query(request, "echostr").encode(errors="surrogateescape"))

    def verify(
        self, request: InboundRequest, settings: WechatSettings, now_us: int
    ) -> InboundRequest:
        check_time(request, now_us, _SECOND_US)
        if settings.keys:
            body, proof = _decrypted(request, settings), "msg_signature"
        else:
            check_signature(request, "signature", settings.secrets)
            body, proof = request.body, "signature"
        self._seen.check(query(request, proof), request.body, now_us)
        return replace(request, body=body)

    def parse(self, request: InboundRequest) -> list[IncomingEvent]:
        fields = read_body(request.body)
        if not any(name in fields for name in TYPE_NAMES):
            if "Encrypt" in fields:
                fields.complain("Encrypt", "is not decrypted; only what is received live can be")
            fields.complain("MsgType", "is missing")
        try:
            return [self._event(fields, request.body)]
        except InvalidRequestError as error:
            return [self._not_understood(fields, request.body, str(error))]

    def _event(self, fields: Fields, raw: bytes) -> IncomingEvent:
        kind = fields.text("MsgType").lower()
        author_id = fields.text("FromUserName")
        body: IncomingBody
        if kind == "event":
            event_id, body = event_id_of(fields, author_id, raw), _happening(fields, raw)
        else:
            message_id = message_id_of(fields) or digest(raw)
            event_id = f"{author_id}:{message_id}"
            message = written(fields, kind, message_id, "")
            if message is None:
                body = UnrecognisedEvent(kind, raw)
            else:
                body = replace(message, identifiers=_identifiers(fields))
        at_us = seconds(fields, "CreateTime")
        return IncomingEvent(event_id, self.kind, author_id, body, at_us, author_id)

    def _not_understood(self, fields: Fields, raw: bytes, reason: str) -> IncomingEvent:
        body = UnrecognisedEvent(type_of(fields), raw, reason)
        author_id = readable(fields, "FromUserName")
        return IncomingEvent(digest(raw), self.kind, author_id, body, None, author_id)


def _decrypted(request: InboundRequest, settings: WechatSettings) -> bytes:
    encrypted = encrypted_text(request.body)
    check_signature(request, "msg_signature", settings.secrets, encrypted)
    return decrypt(encrypted, settings.keys, settings.app_id)


def _happening(fields: Fields, raw: bytes) -> IncomingBody:
    event = optional(fields, "Event", limit=64)
    match event.upper():
        case "CLICK":
            return _action(fields, "menu.clicked")
        case "VIEW" | "VIEW_MINIPROGRAM":
            return _action(fields, "page.viewed")
        case "TEMPLATESENDJOBFINISH":
            return _receipt(fields)
    return UnrecognisedEvent(event or "event", raw)


def _action(fields: Fields, action: str) -> CustomerAction:
    return CustomerAction(
        action, object_id=fields.text("EventKey", ""), identifiers=_identifiers(fields)
    )


def _receipt(fields: Fields) -> Receipt:
    """``Status`` is "success", "failed:user block" or "failed: system failed"."""
    message_ids = (fields.text("MsgID"),)
    status = fields.text("Status")
    if status == "success":
        return Receipt("delivered", message_ids)
    cause = status.partition(":")[2].strip() or status
    return Receipt("failed", message_ids, code=cause[:_CAUSE_CHARACTERS], reason=status)


def _identifiers(fields: Fields) -> tuple[Identifier, ...]:
    unionid = optional(fields, "UnionId", limit=128) or optional(fields, "unionid", limit=128)
    return (Identifier("unionid", unionid),) if unionid else ()
