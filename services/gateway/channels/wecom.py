"""WeCom: its customer service (written to from WeChat) and its own applications.

Every request is encrypted. The customer service only pushes that something waits: the source pulls
it. What an application is told stands in the request itself, in WeChat's shape.
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
from services.gateway.channels.wecom_kf import KIND, listed_events, message_event
from services.gateway.domain.fields import Fields
from services.gateway.domain.inbound import Answer, InboundRequest, InvalidRequestError
from services.gateway.domain.incoming import (
    CustomerAction,
    IncomingBody,
    IncomingEvent,
    PullDue,
    UnrecognisedEvent,
)

_SECOND_US = 1_000_000
_WAITING = "kf_msg_or_event"
_ACTIONS = {
    "click": "menu.clicked",
    "view": "page.viewed",
    "view_miniprogram": "page.viewed",
    "template_card_event": "button.pressed",
    "template_card_menu_event": "menu.clicked",
    "taskcard_click": "button.pressed",
}


@dataclass(frozen=True, slots=True)
class WecomSettings:
    """``secrets`` are the callback's Tokens; it is always encrypted, so it needs its key too."""

    secrets: tuple[str, ...] = field(default=(), repr=False)
    corp_id: str = ""
    encoding_aes_key: str = field(default="", repr=False)
    previous_encoding_aes_key: str = field(default="", repr=False)
    # The secret of "WeChat customer service", to pull and to answer there.
    kf_secret: str = field(default="", repr=False)
    # Whose messages are pulled; all of the organisation's where none is named.
    open_kfids: tuple[str, ...] = ()
    # Ask WeCom who a customer is: the nickname, and the unionid that other WeChat accounts share.
    customer_names: bool = False
    # An application's id and secret, to answer what its users write to it.
    agent_id: str = ""
    agent_secret: str = field(default="", repr=False)
    # "", "name" or "initials": how replies are signed.
    sign: str = ""
    api_base: str = "https://qyapi.weixin.qq.com"

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(filter(None, (self.encoding_aes_key, self.previous_encoding_aes_key)))


class WecomChannel(PlatformChannel):
    """``GET`` and ``POST /v1/wecom/{organisation}/{account}``."""

    kind = KIND
    path = "/v1/wecom"
    settings = WecomSettings

    def __init__(self) -> None:
        self._seen = SeenSignatures()

    def check(self, settings: WecomSettings) -> None:
        if not (settings.corp_id and settings.encoding_aes_key):
            raise ValueError("WeCom encrypts all it sends: set corp_id and encoding_aes_key")
        for key in settings.keys:
            check_key(key)

    def handshake(
        self, request: InboundRequest, settings: WecomSettings, now_us: int
    ) -> Answer | None:
        _ = now_us  # an echo changes nothing, whenever it is asked for
        if request.method != "GET":
            return None
        return Answer(_opened(request, query(request, "echostr"), settings))

    def verify(
        self, request: InboundRequest, settings: WecomSettings, now_us: int
    ) -> InboundRequest:
        check_time(request, now_us, _SECOND_US)
        body = _opened(request, encrypted_text(request.body), settings)
        self._seen.check(query(request, "msg_signature"), request.body, now_us)
        return replace(request, body=body)

    def parse(self, request: InboundRequest) -> list[IncomingEvent]:
        fields = read_body(request.body)
        if "msg_list" in fields:
            return listed_events(fields)
        if "msgtype" in fields:
            return [message_event(fields)]
        if not any(name in fields for name in TYPE_NAMES):
            if "Encrypt" in fields:
                fields.complain("Encrypt", "is not decrypted; only what is received live can be")
            fields.complain("MsgType", "is missing")
        try:
            return [_event(fields, request.body)]
        except InvalidRequestError as error:
            body = UnrecognisedEvent(type_of(fields), request.body, str(error))
            return [IncomingEvent(digest(request.body), KIND, "", body, None)]


def _opened(request: InboundRequest, encrypted: str, settings: WecomSettings) -> bytes:
    check_signature(request, "msg_signature", settings.secrets, encrypted)
    return decrypt(encrypted, settings.keys, settings.corp_id)


def _event(fields: Fields, raw: bytes) -> IncomingEvent:
    kind = optional(fields, "MsgType", limit=64).lower()
    at_us = seconds(fields, "CreateTime") or seconds(fields, "TimeStamp")
    author_id = optional(fields, "FromUserName")
    if kind in {"event", ""}:
        # Several may come from "sys" within a second, and differ in nothing but their bodies.
        event_id = f"{event_id_of(fields, author_id, raw)}:{digest(raw)}"
        body = _happening(fields, raw)
        # It is about the organisation's own members, or about no conversation.
        thread_id = author_id if isinstance(body, CustomerAction) else ""
        return IncomingEvent(event_id, KIND, thread_id, body, at_us, author_id)
    author_id = fields.text("FromUserName")
    message_id = message_id_of(fields) or digest(raw)
    message = written(fields, kind, message_id, optional(fields, "AgentID", limit=64))
    told = UnrecognisedEvent(kind, raw) if message is None else message
    return IncomingEvent(f"{author_id}:{message_id}", KIND, author_id, told, at_us, author_id)


def _happening(fields: Fields, raw: bytes) -> IncomingBody:
    event = optional(fields, "Event", limit=64) or optional(fields, "InfoType", limit=64)
    if event == _WAITING:
        token = optional(fields, "Token")
        return PullDue(optional(fields, "OpenKfId", limit=128), token)
    if event.lower() in _ACTIONS:
        return CustomerAction(_ACTIONS[event.lower()], object_id=fields.text("EventKey", ""))
    change = optional(fields, "ChangeType", limit=64)
    return UnrecognisedEvent(".".join(filter(None, (event, change))) or "event", raw)
