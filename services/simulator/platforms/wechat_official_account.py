"""The API of WeChat official accounts, the sending side."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from services.simulator.platforms.platform import Book, Sandbox
from services.simulator.platforms.wechat_errcode import (
    LATE,
    ErrcodeError,
    addressee,
    answering,
    issued,
    text_of,
    uploading,
)

_EXTRA = frozenset({"msgmenu", "news"})


class WechatOfficialAccountSandbox(Sandbox):
    kind = "wechat_official_account"

    def routes(self, book: Book) -> list[web.RouteDef]:
        def token(asked: Mapping[str, object]) -> Mapping[str, object]:
            if asked.get("grant_type") != "client_credential":
                raise ErrcodeError(40002, "invalid grant_type")
            return issued(str(asked.get("appid", "")), str(asked.get("secret", "")))

        def custom(message: Mapping[str, object]) -> Mapping[str, object]:
            to = addressee(message)
            if to == LATE:
                raise ErrcodeError(45015, "response out of time limit or subscription is canceled")
            if message.get("msgtype") == "file":
                raise ErrcodeError(40008, "invalid message type")
            book.keep(to, text_of(message, _EXTRA), message)
            return {"errcode": 0, "errmsg": "ok"}

        def template(message: Mapping[str, object]) -> Mapping[str, object]:
            to = addressee(message)
            if not message.get("template_id"):
                raise ErrcodeError(40037, "invalid template_id")
            if not isinstance(message.get("data"), dict):
                raise ErrcodeError(47003, "argument invalid")
            message_id = book.keep(to, f"[{message['template_id']}]", message)
            return {"errcode": 0, "errmsg": "ok", "msgid": int(message_id)}

        return [
            web.post("/cgi-bin/stable_token", answering(token, token=False)),
            web.post("/cgi-bin/message/custom/send", answering(custom)),
            web.post("/cgi-bin/message/template/send", answering(template)),
            web.post("/cgi-bin/media/upload", uploading()),
        ]
