"""WeCom: answers of its customer service, and of an application to its users.

Customer service: within 48 hours after the customer wrote, five messages. The organisation names
each message, so that one which went out is recognised by its failure events.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from urllib.parse import urlencode

from services.gateway.channels.wecom import WecomSettings
from services.gateway.domain.incoming import Attachment
from services.gateway.domain.outbound import Part, Reply, ReplyRefusedError
from services.gateway.senders.sender import AccessToken, Platform
from services.gateway.senders.wechat_api import Api, fetched, post, upload
from services.gateway.senders.wechat_messages import Choices, Document, Shapes, check_window, parts

_KF_SEND = "/cgi-bin/kf/send_msg"
_APP_SEND = "/cgi-bin/message/send"
_UPLOAD = "/cgi-bin/media/upload"
_TOKEN = "/cgi-bin/gettoken"  # noqa: S105  # a path
_MEDIA = frozenset({"image", "voice", "video", "file"})
_CHOICE_ID_BYTES = 128


def _menu(head: str, choices: Choices) -> Document:
    entries = [
        {"type": "click", "click": {"id": value[:_CHOICE_ID_BYTES], "content": title}}
        for title, value in choices
    ]
    return {"msgtype": "msgmenu", "msgmenu": {"head_content": head, "list": entries}}


def _card(attachment: Attachment, title: str) -> Document:
    picture = {"picurl": attachment.url} if attachment.kind in {"image", "sticker"} else {}
    article = {"title": title, "url": attachment.url, **picture}
    return {"msgtype": "news", "news": {"articles": [article]}}


# A link of the customer service needs a picture that was uploaded: links go as text instead.
_KF_SHAPES = Shapes(_MEDIA, menu=_menu)
_APP_SHAPES = Shapes(_MEDIA, card=_card, most=10)


class WecomSender:
    kind = "wecom"
    # WeCom's documentation does not promise that a message id that comes again is dropped.
    idempotent = False

    def plan(self, reply: Reply, settings: WecomSettings, now_us: int) -> Sequence[Part]:
        open_kfid, colon, customer = reply.thread_id.partition(":")
        if reply.template is not None:
            raise ReplyRefusedError("no_template", "WeCom has no templates here", "write a text")
        if colon:
            _check(settings.corp_id, settings.kf_secret, "corp_id and kf_secret")
            check_window(reply, now_us, "wait until the customer writes, or use another channel")
            to: Document = {"touser": customer, "open_kfid": open_kfid}
            return parts(reply, settings.sign, _KF_SHAPES, to)
        agent_id = reply.reply_address or settings.agent_id
        _check(agent_id, settings.agent_secret, "agent_id and agent_secret")
        if not agent_id.isdigit():
            raise ReplyRefusedError("no_address", "an agent_id is a number", "set agent_id")
        to = {"touser": reply.thread_id, "agentid": int(agent_id)}
        return parts(reply, settings.sign, _APP_SHAPES, to)

    async def send(self, part: Part, settings: WecomSettings, platform: Platform) -> str:
        to, message = part.payload["to"], part.payload["message"]
        assert isinstance(to, dict)
        assert isinstance(message, dict)
        in_service = "open_kfid" in to
        api = kf_api(settings) if in_service else _app_api(settings)
        message = dict(message)
        media = message.pop("upload", None)
        if media is not None:
            media_id = await upload(platform, api, _UPLOAD, media, part.key)
            message[message["msgtype"]] = {"media_id": media_id}
        if in_service:
            document = {**to, "msgid": message_id(part.key), **message}
            told = await post(platform, api, _KF_SEND, document)
        else:
            told = await post(platform, api, _APP_SEND, {**to, **message})
        return str(told.get("msgid", ""))


def message_id(key: str) -> str:
    """Return the message's name: at most 32 characters of 0-9, a-z, A-Z, "_" and "-"."""
    return sha256(key.encode()).hexdigest()[:32]


def _check(first: str, second: str, names: str) -> None:
    if not (first and second):
        raise ReplyRefusedError(
            "no_credentials",
            "the account cannot answer here",
            f"set {names} in the account's settings",
        )


def kf_api(settings: WecomSettings) -> Api:
    return _api(settings, "wecom-kf", settings.kf_secret)


def _app_api(settings: WecomSettings) -> Api:
    return _api(settings, "wecom-app", settings.agent_secret)


def _api(settings: WecomSettings, name: str, secret: str) -> Api:
    async def fetch(platform: Platform) -> AccessToken:
        query = urlencode({"corpid": settings.corp_id, "corpsecret": secret})
        request = platform.request("GET", f"{settings.api_base}{_TOKEN}?{query}")
        return await fetched(platform, request)

    return Api(settings.api_base, name, fetch)
