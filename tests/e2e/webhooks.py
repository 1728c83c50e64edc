"""Speaks to the gateway as an organisation's own systems would: signed Standard Webhooks."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from standardwebhooks import Webhook

from deploy.local.channel_accounts import ORGANISATION, accounts_file
from deploy.local.stack import LocalStack
from services.kernel.clock import SystemClock, to_datetime, to_iso


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: dict[str, Any]


class Desk:
    """The ``desk`` account of a local stack."""

    def __init__(self, stack: LocalStack) -> None:
        self._address = urlsplit(stack.env["CARELINE_GATEWAY_HTTP"]).netloc
        self._signer = Webhook(_secret(accounts_file(Path(stack.run_dir)), "desk"))

    def send(self, event_id: str, kind: str, **data: object) -> Answer:
        """Send one event, dated now."""
        envelope = {"type": kind, "timestamp": now_iso(), "data": {"sent_at": now_iso(), **data}}
        return self.post(event_id, json.dumps(envelope).encode())

    def post(self, event_id: str, body: bytes, signature: str | None = None) -> Answer:
        at = datetime.fromtimestamp(int(now().timestamp()), UTC)
        signed = self._signer.sign(event_id, at, body.decode(errors="replace"))
        connection = http.client.HTTPConnection(self._address, timeout=30)
        connection.request(
            "POST",
            f"/v1/webhooks/{ORGANISATION}/desk",
            body,
            {
                "webhook-id": event_id,
                "webhook-timestamp": str(int(at.timestamp())),
                "webhook-signature": signature or signed,
            },
        )
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return Answer(answer.status, json.loads(content))


def now() -> datetime:
    return to_datetime(SystemClock().now_us())


def now_iso() -> str:
    return to_iso(SystemClock().now_us())


def _secret(path: Path, account: str) -> str:
    accounts = yaml.safe_load(path.read_text(encoding="utf-8"))["accounts"]
    return str(next(each["secret"] for each in accounts if each["account"] == account))
