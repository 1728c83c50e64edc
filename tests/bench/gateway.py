"""Signed webhooks per second that the gateway accepts, each answered after Kafka has it."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from uuid import uuid4

import aiohttp
import yaml
from standardwebhooks import Webhook

from deploy.local.channel_accounts import ORGANISATION, accounts_file
from deploy.local.stack import LocalStack
from services.kernel.clock import SystemClock, to_datetime, to_iso

SECONDS = 8.0
CONNECTIONS = (16, 64, 200)


class SignedDesk:
    """Signs as the ``desk`` account of a local stack."""

    def __init__(self, stack: LocalStack) -> None:
        accounts = yaml.safe_load(accounts_file(Path(stack.run_dir)).read_text(encoding="utf-8"))
        secret = next(a["secret"] for a in accounts["accounts"] if a["account"] == "desk")
        self._signer = Webhook(secret)
        self.url = f"{stack.env['CARELINE_GATEWAY_HTTP']}/v1/webhooks/{ORGANISATION}/desk"

    def message(self) -> tuple[bytes, dict[str, str]]:
        number = uuid4().hex
        now_us = SystemClock().now_us()
        body = json.dumps(
            {
                "type": "message.received",
                "timestamp": to_iso(now_us),
                "data": {
                    "thread_id": number,
                    "message_id": number,
                    "sent_at": to_iso(now_us),
                    "text": "Where is my parcel?",
                    "author": {"id": f"customer-{number}"},
                },
            }
        )
        at = to_datetime(now_us // 1_000_000 * 1_000_000)
        return body.encode(), {
            "webhook-id": number,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": self._signer.sign(number, at, body),
        }


async def _accepts(desk: SignedDesk, connections: int) -> str:
    taken: list[float] = []
    end = time.monotonic() + SECONDS
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=connections)) as session:

        async def client() -> None:
            while time.monotonic() < end:
                body, headers = desk.message()
                started = time.monotonic()
                async with session.post(desk.url, data=body, headers=headers) as answer:
                    await answer.read()
                    answer.raise_for_status()
                taken.append(time.monotonic() - started)

        await asyncio.gather(*(client() for _ in range(connections)))
    taken.sort()
    p50, p99 = (taken[int(share * (len(taken) - 1))] * 1_000 for share in (0.5, 0.99))
    what = f"gateway, {connections} connections"
    return (
        f"{what:<36} {len(taken) / SECONDS:>10,.0f} accepts/s  (p50 {p50:.0f} ms, p99 {p99:.0f} ms)"
    )


def gateway(stack: LocalStack) -> list[str]:
    desk = SignedDesk(stack)
    return [asyncio.run(_accepts(desk, connections)) for connections in CONNECTIONS]
