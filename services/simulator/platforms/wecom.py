"""WeCom's API: the sending side of its customer service and its applications.

Nobody writes to the customer service, so there is nothing to pull.
"""

from __future__ import annotations

import re
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

_MESSAGE_ID = re.compile(r"[0-9A-Za-z_-]{0,32}")
_MOST_CUSTOMERS = 100

_Object = Mapping[str, object]


class WecomSandbox(Sandbox):
    kind = "wecom"

    def routes(self, book: Book) -> list[web.RouteDef]:
        def to_customer(message: _Object) -> _Object:
            return _to_customer(message, book)

        def to_member(message: _Object) -> _Object:
            return _to_member(message, book)

        return [
            web.get("/cgi-bin/gettoken", answering(_token, token=False)),
            web.post("/cgi-bin/kf/send_msg", answering(to_customer)),
            web.post("/cgi-bin/kf/account/list", answering(_accounts)),
            web.post("/cgi-bin/kf/customer/batchget", answering(_customers)),
            web.post("/cgi-bin/kf/sync_msg", answering(_waiting)),
            web.post("/cgi-bin/message/send", answering(to_member)),
            web.post("/cgi-bin/media/upload", uploading()),
        ]


def _token(asked: _Object) -> _Object:
    return issued(str(asked.get("corpid", "")), str(asked.get("corpsecret", "")))


def _to_customer(message: _Object, book: Book) -> _Object:
    to, open_kfid = addressee(message), message.get("open_kfid")
    if not isinstance(open_kfid, str) or not open_kfid:
        raise ErrcodeError(95004, "open_kfid is not valid")
    if to == LATE:
        raise ErrcodeError(95001, "send msg count limit")
    given_id = str(message.get("msgid", ""))
    if not _MESSAGE_ID.fullmatch(given_id):
        raise ErrcodeError(40035, "invalid msgid")
    text = text_of(message, frozenset({"msgmenu"}))
    kept_id = book.keep(f"{open_kfid}:{to}", text, message, key=given_id)
    return {"errcode": 0, "errmsg": "ok", "msgid": given_id or kept_id}


def _to_member(message: _Object, book: Book) -> _Object:
    to = addressee(message)
    if not isinstance(message.get("agentid"), int):
        raise ErrcodeError(40056, "invalid agentid")
    message_id = book.keep(to, text_of(message, frozenset({"news"})), message)
    return {"errcode": 0, "errmsg": "ok", "msgid": message_id}


def _accounts(asked: _Object) -> _Object:
    _ = asked
    return {"errcode": 0, "errmsg": "ok", "account_list": [{"open_kfid": "wkSANDBOX"}]}


def _customers(asked: _Object) -> _Object:
    listed = asked.get("external_userid_list")
    if not isinstance(listed, list) or not 1 <= len(listed) <= _MOST_CUSTOMERS:
        raise ErrcodeError(40035, "1 to 100 customers are asked for")
    known = [{"external_userid": one, "nickname": f"客户 {one}"} for one in listed]
    return {"errcode": 0, "errmsg": "ok", "customer_list": known}


def _waiting(asked: _Object) -> _Object:
    cursor = asked.get("cursor") or "start"
    return {"errcode": 0, "msg_list": [], "has_more": 0, "next_cursor": cursor}
