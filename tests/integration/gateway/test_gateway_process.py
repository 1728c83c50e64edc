from __future__ import annotations

import asyncio
import json
import secrets
from hashlib import sha256
from typing import Any

import aiohttp
import grpc
import pytest

from careline.event.v1.event_pb2 import Event
from careline.gateway.v1 import gateway_service_pb2 as messages
from careline.gateway.v1 import gateway_service_pb2_grpc as stubs
from careline.gateway.v1.payload_pb2 import Payload
from deploy.local.stack import LocalStack
from services.kernel.kafka.dead_letters import put_back, waiting_letters
from services.kernel.partitioning import partition_of


def in_order_of_first_appearance(partitions: dict[int, list[Event]]) -> dict[str, list[str]]:
    found: dict[str, dict[str, None]] = {}
    for number, events in partitions.items():
        for event in events:
            if event.WhichOneof("body") == "message":
                assert partition_of(event.thread_key, 4) == number
                found.setdefault(event.thread_key, {}).setdefault(event.event_id)
    return {thread: list(ids) for thread, ids in found.items()}


def without_unacknowledged(found: list[str], acknowledged: list[str]) -> list[str]:
    wanted = set(acknowledged)
    return [one for one in found if one in wanted]


async def keep_sending(caller: Any, name: str, stop: asyncio.Event) -> None:
    """One sender: sends one message after the other and repeats what was not acknowledged."""
    number = 0
    while not stop.is_set():
        try:
            status = await caller.send(f"{name}-{number}", name)
        except (aiohttp.ClientError, TimeoutError):
            status = 0
        if status == 202:
            number += 1
        else:
            await asyncio.sleep(0.05)


async def is_direct(caller: Any) -> bool:
    try:
        return bool((await caller.health())["publishing"] == "direct")
    except aiohttp.ClientError:
        return False


async def test_signed_messages_reach_the_log_and_the_channel_list(
    gateway_stack: LocalStack, caller: Any, read_head: Any, eventually: Any
) -> None:
    # Before that an event may be acknowledged and still lie on disk.
    await eventually(lambda: is_direct(caller))
    statuses = await asyncio.gather(
        *(caller.send(f"first-{n}", f"thread-{n % 10}") for n in range(50))
    )
    assert statuses == [202] * 50
    found = in_order_of_first_appearance(await read_head())
    for thread, ids in caller.acknowledged.items():
        assert set(ids) <= set(found[thread])
    address = f"127.0.0.1:{gateway_stack.service_ports('gateway').grpc}"
    async with grpc.aio.insecure_channel(address) as channel:
        listed = await stubs.GatewayServiceStub(channel).ListChannels(
            messages.ListChannelsRequest()
        )
    account, _ = listed.channels
    assert (account.channel, account.path) == ("webhook", "/v1/webhooks/acme/shop")
    assert account.accepted >= 50


async def test_the_largest_request_fits_into_a_record(
    caller: Any, read_head: Any, eventually: Any
) -> None:
    await eventually(lambda: is_direct(caller))
    # Random, so that compression does not make it small.
    noise = secrets.token_hex(512 * 1024 - 128)
    reply = {"thread_id": "t-large", "reply_id": "r-large", "text": noise}
    for webhook_id, kind in (("large", "reply.requested"), ("larger", "unheard.of")):
        body = json.dumps({"type": kind, "timestamp": "2026-01-01T00:00:00Z", "data": reply})
        assert await caller.post(webhook_id, body) == 202
    events = [one for found in (await read_head()).values() for one in found]
    [large] = [one for one in events if one.event_id == "webhook:shop:large"]
    assert large.reply_requested.text == noise
    [larger] = [one for one in events if one.event_id == "webhook:shop:larger"]
    assert larger.raw_ref == f"blob:{sha256(body.encode()).hexdigest()}"


async def test_time_moves_in_partitions_where_nothing_happens(
    read_head: Any, eventually: Any
) -> None:
    async def everywhere() -> bool:
        partitions = await read_head()
        return all(
            len([one for one in events if one.WhichOneof("body") == "tick"]) >= 2
            for events in partitions.values()
        )

    await eventually(everywhere)


@pytest.mark.parametrize("how", ["killed", "frozen"])
async def test_nothing_acknowledged_is_lost_while_kafka_is_away(
    gateway_stack: LocalStack, caller: Any, read_head: Any, eventually: Any, how: str
) -> None:
    await eventually(lambda: is_direct(caller))
    kafka = gateway_stack["kafka"]
    stop = asyncio.Event()
    senders = [asyncio.create_task(keep_sending(caller, f"{how}-{n}", stop)) for n in range(8)]
    before = len(caller.acknowledged)
    kafka.kill(restart=False) if how == "killed" else kafka.freeze()

    async def spooled() -> bool:
        return bool((await caller.health())["spooled_bytes"] > 20_000)

    await eventually(spooled)
    assert (await caller.health())["healthy"]
    gateway_stack["gateway"].kill()
    await eventually(lambda: _answers(caller))
    sent = sum(map(len, caller.acknowledged.values()))

    async def sent_more() -> bool:
        return sum(map(len, caller.acknowledged.values())) > sent + 50

    await eventually(sent_more)
    if how == "killed":
        kafka.start()
        await asyncio.to_thread(kafka.wait_ready, seconds=60)
    else:
        kafka.thaw()
    await eventually(lambda: is_direct(caller))
    stop.set()
    await asyncio.gather(*senders)
    assert len(caller.acknowledged) > before
    found = in_order_of_first_appearance(await read_head())
    for thread, ids in caller.acknowledged.items():
        assert without_unacknowledged(found[thread], ids) == ids
    assert (await caller.health())["spooled_bytes"] == 0


async def test_what_nobody_understands_waits_as_a_dead_letter_and_gets_another_chance(
    gateway_stack: LocalStack, caller: Any, eventually: Any
) -> None:
    await eventually(lambda: is_direct(caller))
    kafka = gateway_stack.env["CARELINE_KAFKA"]
    name = "intake.payload-returned.v1.dlq"
    async with caller.session.post(
        f"{caller.address}/v1/telegram/acme/bot",
        data=b'{"no": "update"}',
        headers={"X-Telegram-Bot-Api-Secret-Token": "token"},
    ) as answer:
        assert answer.status == 200

    async def is_waiting() -> bool:
        return bool(await asyncio.to_thread(waiting_letters, kafka, name))

    await eventually(is_waiting)
    [letter] = await asyncio.to_thread(waiting_letters, kafka, name)
    assert (letter.reason, letter.origin) == ("update_id is missing", "telegram/bot")
    assert Payload.FromString(letter.value).body == b'{"no": "update"}'
    assert await asyncio.to_thread(put_back, kafka, name) == 1
    # It is as bad as before: the gateway reads it, and puts it aside again.
    await eventually(is_waiting)


async def _answers(caller: Any) -> bool:
    try:
        return bool((await caller.health())["spooled_bytes"] > 0)
    except aiohttp.ClientError:
        return False


async def test_an_orderly_stop_loses_nothing_and_takes_little_time(
    gateway_stack: LocalStack, caller: Any, read_head: Any, eventually: Any
) -> None:
    await eventually(lambda: is_direct(caller))
    stop = asyncio.Event()
    senders = [asyncio.create_task(keep_sending(caller, f"stop-{n}", stop)) for n in range(4)]

    async def some_sent() -> bool:
        return sum(map(len, caller.acknowledged.values())) > 20

    await eventually(some_sent)
    gateway = gateway_stack["gateway"]
    assert await asyncio.to_thread(gateway.stop, seconds=10)
    stop.set()
    await asyncio.gather(*senders)
    found = in_order_of_first_appearance(await read_head())
    for thread, ids in caller.acknowledged.items():
        assert without_unacknowledged(found[thread], ids) == ids
    gateway.start()
    await asyncio.to_thread(gateway.wait_ready, seconds=30)
