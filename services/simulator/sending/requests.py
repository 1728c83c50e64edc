"""One action as the request that its channel would send. Pure: the time is an argument."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from standardwebhooks import Webhook

from services.kernel.clock import to_datetime, to_iso
from services.simulator.domain.actions import Action, AgentReplies, CustomerWrites, StatusChanges
from services.simulator.sending.accounts import TELEGRAM, SendingAccount, SendingAccounts

_SECOND_US = 1_000_000
# Telegram's own numbers have at most 52 significant bits.
_UPDATE_BITS = 52
_MESSAGE_BITS = 31


@dataclass(frozen=True, slots=True)
class Draft:
    """A request without its proof, which holds for some minutes only.

    Requests of the same ``thread`` must be sent in order.
    """

    account: SendingAccount
    body: bytes
    event_id: str
    channel: str
    thread: str

    @property
    def path(self) -> str:
        kind = "telegram" if self.account.channel == TELEGRAM else "webhooks"
        return f"/v1/{kind}/{self.account.organisation}/{self.account.account}"

    def headers(self, now_us: int) -> Mapping[str, str]:
        """Return what proves the request, as of now."""
        content = {"content-type": "application/json"}
        if self.account.channel == TELEGRAM:
            return content | {"x-telegram-bot-api-secret-token": self.account.secret}
        at = to_datetime(now_us)
        return content | {
            "webhook-id": self.event_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": Webhook(self.account.secret).sign(
                self.event_id, at, self.body.decode()
            ),
        }


def draft(action: Action, at_us: int, accounts: SendingAccounts) -> Draft:
    """Return the request that tells of an action as of ``at_us``. Raise ``AccountsError``."""
    is_telegram = isinstance(action, CustomerWrites) and action.channel == TELEGRAM
    if isinstance(action, CustomerWrites):
        account = accounts.for_customer(action.channel, action.brand)
    else:
        account = accounts.for_desk(action.brand)
    body = _update(action, at_us) if is_telegram else _webhook(action, at_us)
    return Draft(
        account,
        json.dumps(body, ensure_ascii=False).encode(),
        action.action_id,
        action.channel,
        f"{action.channel}/{action.thread_id}",
    )


def _webhook(action: Action, at_us: int) -> dict[str, Any]:
    data: dict[str, Any] = {
        "channel": action.channel,
        "thread_id": action.thread_id,
        "brand": action.brand,
        "sent_at": to_iso(at_us),
    }
    if isinstance(action, StatusChanges):
        data |= {"status": action.status}
        data |= {"assignee": action.assignee} if action.assignee else {}
        data |= {"priority": action.priority} if action.priority else {}
        return _envelope("status.changed", at_us, data)
    data |= {"message_id": action.action_id, "text": action.text, "language": action.language}
    data |= {"reply_to": action.reply_to} if action.reply_to else {}
    if isinstance(action, AgentReplies):
        author = {"id": action.agent_id, "name": action.agent_name, "kind": "agent"}
        return _envelope("message.sent", at_us, data | {"author": author})
    identifiers = [{"kind": one.kind, "value": one.value} for one in action.identifiers]
    author_of_message = {
        "id": action.author_id,
        "name": action.author_name,
        "identifiers": identifiers,
    }
    return _envelope("message.received", at_us, data | {"author": author_of_message})


def _envelope(event_type: str, at_us: int, data: dict[str, Any]) -> dict[str, Any]:
    return {"type": event_type, "timestamp": to_iso(at_us), "data": data}


def _update(action: Action, at_us: int) -> dict[str, Any]:
    assert isinstance(action, CustomerWrites)
    user = int(action.author_id)
    first_name, _, last_name = action.author_name.partition(" ")
    message: dict[str, Any] = {
        "message_id": _number(action.action_id, _MESSAGE_BITS),
        "date": at_us // _SECOND_US,
        "chat": {"id": int(action.thread_id), "type": "private", "first_name": first_name},
        "from": {
            "id": user,
            "is_bot": False,
            "first_name": first_name,
            "language_code": action.language,
            **({"last_name": last_name} if last_name else {}),
        },
    }
    phone = next((one.value for one in action.identifiers if one.kind == "phone"), "")
    if phone:
        message["contact"] = {"phone_number": phone, "first_name": first_name, "user_id": user}
    else:
        message["text"] = action.text
    return {"update_id": _number(action.action_id, _UPDATE_BITS), "message": message}


def _number(identifier: str, bits: int) -> int:
    """Return a number for an identifier: the same one when the request is repeated."""
    digest = blake2b(identifier.encode(), digest_size=8).digest()
    return int.from_bytes(digest) >> (64 - bits) or 1
