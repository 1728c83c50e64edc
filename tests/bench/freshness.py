"""From a signed webhook to the number on the wall, at 200 events a second."""

from __future__ import annotations

import asyncio
import time

import aiohttp

from deploy.local.stack import LocalStack
from tests.bench.gateway import SignedDesk

RATE = 200
SECONDS = 30
LOOK_SECONDS = 0.02
PATIENCE_SECONDS = 60.0


async def _freshness(stack: LocalStack) -> str:
    wall = f"http://127.0.0.1:{stack.service_ports('wall').http}/snapshot?window=1h"
    desk = SignedDesk(stack)
    sent: list[float] = []
    seen: list[float] = []
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        before = await _contacts(session, wall)

        async def send() -> None:
            body, headers = desk.message()
            async with session.post(desk.url, data=body, headers=headers) as answer:
                answer.raise_for_status()

        async def feed() -> None:
            begun = time.monotonic()
            async with asyncio.TaskGroup() as group:
                for number in range(RATE * SECONDS):
                    await asyncio.sleep(max(0.0, begun + number / RATE - time.monotonic()))
                    sent.append(time.monotonic())
                    group.create_task(send())

        feeding = asyncio.create_task(feed())
        deadline = time.monotonic() + SECONDS + PATIENCE_SECONDS
        while len(seen) < RATE * SECONDS and time.monotonic() < deadline:
            shown = await _contacts(session, wall) - before
            now = time.monotonic()
            seen.extend([now] * (shown - len(seen)))
            await asyncio.sleep(LOOK_SECONDS)
        await feeding
    waits = sorted(at - since for since, at in zip(sent, seen, strict=False))
    p50, p99 = (waits[int(share * (len(waits) - 1))] * 1_000 for share in (0.5, 0.99))
    shown_of = f"{len(seen):,} of {len(sent):,} shown"
    what = f"event to wall, {RATE} events/s"
    return f"{what:<36} {p50:>10,.0f} ms p50, {p99:,.0f} ms p99  ({shown_of})"


async def _contacts(session: aiohttp.ClientSession, wall: str) -> int:
    async with session.get(wall) as answer:
        snapshot = await answer.json(content_type=None)
    tile = next(each for each in snapshot["tiles"] if each["kpi"] == "contacts")
    return int(tile["count"] or 0)


def freshness(stack: LocalStack) -> str:
    return asyncio.run(_freshness(stack))
