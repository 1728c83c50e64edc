"""WeChat official accounts: customer-service messages, and templates outside the window.

Within 48 hours after the customer wrote, five messages. The API has no idempotency key and names
no message, save for templates, whose receipts come back.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.gateway.channels.wechat_official_account import WechatSettings
from services.gateway.domain.incoming import Attachment
from services.gateway.domain.outbound import Part, Reply, ReplyRefusedError
from services.gateway.senders.sender import AccessToken, Platform
from services.gateway.senders.wechat_api import Api, fetched, post, upload
from services.gateway.senders.wechat_messages import Choices, Document, Shapes, check_window, parts

_CUSTOM = "/cgi-bin/message/custom/send"
_TEMPLATE = "/cgi-bin/message/template/send"
_UPLOAD = "/cgi-bin/media/upload"
# Unlike /token, it gives every process the same token, and none makes another's worthless.
_TOKEN = "/cgi-bin/stable_token"  # noqa: S105  # a path


def _menu(head: str, choices: Choices) -> Document:
    entries = [{"id": value, "content": title} for title, value in choices]
    return {"msgtype": "msgmenu", "msgmenu": {"head_content": head, "list": entries}}


def _card(attachment: Attachment, title: str) -> Document:
    picture = {"picurl": attachment.url} if attachment.kind in {"image", "sticker"} else {}
    article = {"title": title, "url": attachment.url, **picture}
    return {"msgtype": "news", "news": {"articles": [article]}}


_SHAPES = Shapes(frozenset({"image", "voice", "video"}), _menu, _card)


class WechatOfficialAccountSender:
    kind = "wechat_official_account"
    idempotent = False

    def plan(self, reply: Reply, settings: WechatSettings, now_us: int) -> Sequence[Part]:
        if not (settings.app_id and settings.app_secret):
            raise ReplyRefusedError(
                "no_credentials",
                "the account cannot answer",
                "set app_id and app_secret in the account's settings",
            )
        if reply.template is not None:
            return [_template(reply, *reply.template)]
        check_window(reply, now_us, "send a template message, or wait until the customer writes")
        return parts(reply, settings.sign, _SHAPES, {"touser": reply.thread_id})

    async def send(self, part: Part, settings: WechatSettings, platform: Platform) -> str:
        api = _api(settings)
        to, message = part.payload["to"], part.payload["message"]
        assert isinstance(to, dict)
        assert isinstance(message, dict)
        if "template_id" in message:
            told = await post(platform, api, _TEMPLATE, {**to, **message})
            return str(told.get("msgid", ""))
        message = dict(message)
        media = message.pop("upload", None)
        if media is not None:
            media_id = await upload(platform, api, _UPLOAD, media, part.key)
            message[message["msgtype"]] = {"media_id": media_id}
        if settings.kf_account:
            message["customservice"] = {"kf_account": settings.kf_account}
        told = await post(platform, api, _CUSTOM, {**to, **message})
        return str(told.get("msgid", ""))


def _template(reply: Reply, name: str, language: str, parameters: Sequence[str]) -> Part:
    """Return a template message; a parameter is "name=value", or the next keyword's value."""
    _ = language  # a template has the language that it was written in
    data: dict[str, object] = {}
    for number, parameter in enumerate(parameters, start=1):
        key, equals, value = parameter.partition("=")
        named = bool(equals) and key.isidentifier()
        data[key if named else f"keyword{number}"] = {"value": value if named else parameter}
    message = {"template_id": name, "data": data}
    to = {"touser": reply.thread_id}
    return Part(f"{reply.reply_id}:0", reply.text, {"to": to, "message": message})


def _api(settings: WechatSettings) -> Api:
    async def fetch(platform: Platform) -> AccessToken:
        asked = {
            "grant_type": "client_credential",
            "appid": settings.app_id,
            "secret": settings.app_secret,
        }
        request = platform.request("POST", f"{settings.api_base}{_TOKEN}", json=asked)
        return await fetched(platform, request)

    return Api(settings.api_base, "wechat", fetch)
