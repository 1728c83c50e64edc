from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path
from typing import Any

import pytest

from careline.event.v1.event_pb2 import Event, EventBatch, Unrecognised
from careline.gateway.v1.payload_pb2 import Payload
from services.gateway.adapters.memory_log import MemoryLog
from services.gateway.ports import UnavailableError
from services.gateway.ticker import LiveTicker
from services.kernel.lane.records import Output
from services.kernel.partitioning import partition_of


def event(number: int, thread: str = "acme/webhook/t-1", payload: bytes = b"") -> Event:
    return Event(
        event_id=f"e{number}",
        thread_key=thread,
        timeline="live",
        occurred_at_us=1,
        unrecognised=Unrecognised(type="t", payload=payload),
    )


def ids(events: list[Event]) -> list[str]:
    return [one.event_id for one in events]


def spool_files(gateway: Any) -> list[Path]:
    return sorted(gateway.spool._folder.glob("*.spool"))


async def test_events_of_a_moment_share_a_record(make_gateway: Any) -> None:
    async with make_gateway(max_delay_seconds=0.05).running() as gateway:
        await asyncio.gather(*(gateway.publisher.publish([event(n)]) for n in range(150)))
        assert len(gateway.log.records) == 1
        assert ids(gateway.events()) == [f"e{n}" for n in range(150)]


async def test_a_record_holds_at_most_so_many_events(make_gateway: Any) -> None:
    async with make_gateway(max_delay_seconds=5.0, max_events=200).running() as gateway:
        await gateway.publisher.publish([event(n) for n in range(600)])
        sizes = [len(EventBatch.FromString(one.value).events) for one in gateway.log.records]
        assert sizes == [200, 200, 200]


async def test_a_record_holds_at_most_so_many_bytes(make_gateway: Any) -> None:
    async with make_gateway(max_delay_seconds=0.01, max_bytes=1_000).running() as gateway:
        await gateway.publisher.publish([event(n, payload=bytes(300)) for n in range(7)])
        assert all(len(one.value) <= 1_000 for one in gateway.log.records)
        await gateway.publisher.publish([event(9, payload=bytes(5_000))])
        assert ids(gateway.events()) == [*(f"e{n}" for n in range(7)), "e9"]


async def test_a_partition_has_its_own_records(make_gateway: Any) -> None:
    threads = [f"acme/webhook/t-{n}" for n in range(20)]
    async with make_gateway(max_delay_seconds=0.01).running() as gateway:
        await gateway.publisher.publish([event(n, one) for n, one in enumerate(threads)])
        for record in gateway.log.records:
            for one in EventBatch.FromString(record.value).events:
                assert partition_of(one.thread_key, 4) == record.partition
        assert len(gateway.records()) == 4


async def test_while_the_log_is_away_events_wait_on_disk_and_are_acknowledged(
    gateway: Any, message: Any, eventually: Any
) -> None:
    await gateway.publisher.wait_until_direct()
    gateway.log.go_away()
    for number in range(5):
        answer = await gateway.post(message(f"text {number}"), webhook_id=f"msg_{number}")
        assert answer.status == 202
    assert gateway.events() == []
    assert gateway.spool.size_bytes > 0
    assert not gateway.publisher.log_answers
    gateway.log.come_back()
    await eventually(lambda: gateway.publisher.direct)
    assert gateway.spool.size_bytes == 0
    assert spool_files(gateway) == []
    texts = dict.fromkeys(one.message.text for one in gateway.events())
    assert list(texts) == [f"text {number}" for number in range(5)]


async def test_an_attempt_of_unknown_outcome_may_be_published_twice_and_is_never_lost(
    gateway: Any, eventually: Any
) -> None:
    await gateway.publisher.wait_until_direct()
    gateway.log.go_away()
    await gateway.publisher.publish([event(1)])
    gateway.log.come_back()
    await eventually(lambda: gateway.publisher.direct)
    assert ids(gateway.events()) == ["e1", "e1"]


async def test_what_a_killed_process_left_on_disk_goes_first(
    make_gateway: Any, eventually: Any
) -> None:
    killed = make_gateway()
    killed.log.go_away()
    async with killed.running():
        for number in range(3):
            await killed.publisher.publish([event(number)])
    assert spool_files(killed)
    async with make_gateway().running() as restarted:
        await restarted.publisher.publish([event(3)])
        await eventually(lambda: restarted.publisher.direct)
        assert ids(restarted.events()) == ["e0", "e1", "e2", "e3"]
    assert spool_files(restarted) == []


async def test_a_torn_end_costs_nothing_that_was_acknowledged(
    make_gateway: Any, eventually: Any
) -> None:
    killed = make_gateway()
    killed.log.go_away()
    async with killed.running():
        await killed.publisher.publish([event(0)])
        await killed.publisher.publish([event(1)])
    with spool_files(killed)[-1].open("ab") as file:
        file.write(b"\x00\x00\x01\x00torn")
    async with make_gateway().running() as restarted:
        await eventually(lambda: restarted.publisher.direct)
        assert ids(restarted.events()) == ["e0", "e1"]


async def test_beyond_the_spools_bound_senders_are_told_to_come_back(
    make_gateway: Any, message: Any, eventually: Any
) -> None:
    async with make_gateway(spool_bytes=2_000).running() as gateway:
        await gateway.publisher.wait_until_direct()
        gateway.log.go_away()
        statuses = {}
        for number in range(20):
            answer = await gateway.post(message("x" * 200), webhook_id=f"msg_{number}")
            statuses[f"webhook:shop:msg_{number}"] = answer.status
            if answer.status == 503:
                assert int(answer.headers["Retry-After"]) > 0
                assert "error" in await answer.json()
        assert set(statuses.values()) == {202, 503}
        again = await gateway.post(message("x" * 200), webhook_id="msg_19")
        assert again.status == 503, "what was turned away is not a duplicate"
        gateway.log.come_back()
        await eventually(lambda: gateway.publisher.direct)
        taken = {one for one, status in statuses.items() if status == 202}
        assert set(ids(gateway.events())) == taken
        assert (await gateway.post(message(), webhook_id="msg_19")).status == 202


async def test_a_disk_that_fails_turns_senders_away_and_tears_nothing(
    gateway: Any, monkeypatch: pytest.MonkeyPatch, eventually: Any
) -> None:
    gateway.log.go_away()
    await gateway.publisher.wait_until_direct()
    await gateway.publisher.publish([event(0)])

    def fail(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("services.gateway.adapters.disk_spool.os.fsync", fail)
        with pytest.raises(UnavailableError):
            await gateway.publisher.publish([event(1)])
    await gateway.publisher.publish([event(2)])
    gateway.log.come_back()
    await eventually(lambda: gateway.publisher.direct)
    acknowledged = [one for one in dict.fromkeys(ids(gateway.events())) if one != "e1"]
    assert acknowledged == ["e0", "e2"]


async def test_a_disk_that_is_slow_to_forget_is_waited_for(
    gateway: Any, monkeypatch: pytest.MonkeyPatch, eventually: Any
) -> None:
    remove = gateway.spool.remove
    removing: list[int] = []

    def remove_slowly(segment: Any) -> None:
        removing.append(segment.number)
        time.sleep(0.3)
        remove(segment)

    monkeypatch.setattr(gateway.spool, "remove", remove_slowly)
    await gateway.publisher.wait_until_direct()
    gateway.log.go_away()
    await gateway.publisher.publish([event(0)])
    gateway.log.come_back()
    await eventually(lambda: len(removing) == 1)
    await gateway.publisher.publish([event(1)])
    await eventually(lambda: gateway.publisher.direct)
    await gateway.publisher.publish([event(2)])
    assert ids(gateway.events()) == ["e0", "e0", "e1", "e2"]
    assert gateway.spool.size_bytes == 0


async def test_too_much_that_waits_in_memory_turns_senders_away(make_gateway: Any) -> None:
    gateway = make_gateway(max_delay_seconds=0.1)
    async with gateway.running():
        waiting = asyncio.create_task(
            gateway.publisher.publish([event(0, payload=bytes(400_000))] * 200)
        )
        await asyncio.sleep(0)
        with pytest.raises(UnavailableError):
            await gateway.publisher.publish([event(1)])
        await waiting


async def test_too_many_letters_that_wait_turn_senders_away(make_gateway: Any) -> None:
    gateway = make_gateway()
    async with gateway.running():
        await gateway.publisher.wait_until_direct()
        gateway.log.go_away()
        letter = Payload(channel="telegram", body=bytes(1024 * 1024))
        keeping = [
            asyncio.create_task(gateway.publisher.keep_letter(letter, "why")) for _ in range(64)
        ]
        kept = await asyncio.gather(*keeping, return_exceptions=True)
        assert sum(isinstance(one, UnavailableError) for one in kept) > 0
        gateway.log.come_back()


async def test_a_sender_that_gives_up_takes_nobody_elses_event_with_it(
    make_gateway: Any,
) -> None:
    async with make_gateway(max_delay_seconds=0.05).running() as gateway:
        gone = asyncio.create_task(gateway.publisher.publish([event(0)]))
        stays = asyncio.create_task(gateway.publisher.publish([event(1)]))
        await asyncio.sleep(0)
        gone.cancel()
        await stays
        assert ids(gateway.events()) == ["e0", "e1"]


async def test_flush_waits_for_everything_queued(make_gateway: Any) -> None:
    async with make_gateway(max_delay_seconds=60.0).running() as gateway:
        publishing = asyncio.create_task(gateway.publisher.publish([event(0), event(1)]))
        await asyncio.sleep(0)
        await gateway.publisher.flush()
        assert ids(gateway.events()) == ["e0", "e1"]
        await publishing


async def test_a_bug_in_publishing_ends_it(make_gateway: Any) -> None:
    class BrokenLog(MemoryLog):
        async def append(self, records: Any) -> None:
            raise ZeroDivisionError

    gateway = make_gateway()
    gateway.publisher._log = BrokenLog()
    running = asyncio.create_task(gateway.publisher.run())
    gateway.publisher.publish_to(0, event(0))
    with pytest.raises(ExceptionGroup) as caught:
        await running
    assert caught.group_contains(ZeroDivisionError)


async def test_quiet_partitions_are_ticked_while_the_log_answers(
    gateway: Any, message: Any, eventually: Any
) -> None:
    ticker = LiveTicker(gateway.publisher, gateway.clock)
    await gateway.publisher.wait_until_direct()
    await gateway.post(message())
    busy = partition_of("acme/webhook/t-1", 4)
    ticker.tick()
    await eventually(lambda: len(gateway.records()) == 4)
    ticks = [one for one in gateway.records() if one.partition != busy]
    for record in ticks:
        [tick] = EventBatch.FromString(record.value).events
        assert tick.event_id == f"tick/live/{record.partition}/1767225600"
        assert tick.occurred_at_us == gateway.clock.now_us()
    gateway.clock.advance(2_000_000)
    ticker.tick()
    await eventually(lambda: len(gateway.records()) == 8)


async def test_time_does_not_overtake_events_that_wait_on_disk(gateway: Any) -> None:
    await gateway.publisher.wait_until_direct()
    gateway.log.go_away()
    await gateway.publisher.publish([event(0)])
    before = gateway.spool.size_bytes
    LiveTicker(gateway.publisher, gateway.clock).tick()
    await gateway.publisher.flush()
    assert gateway.spool.size_bytes == before


def first_of_each(records: list[Output]) -> dict[int, list[str]]:
    order: dict[int, dict[str, None]] = {}
    for record in records:
        for one in EventBatch.FromString(record.value).events:
            order.setdefault(record.partition, {}).setdefault(one.event_id)
    return {partition: list(found) for partition, found in order.items()}


@pytest.mark.parametrize("seed", range(8))
async def test_whatever_happens_nothing_acknowledged_is_lost_and_order_holds(
    make_gateway: Any, eventually: Any, seed: int
) -> None:
    chance = random.Random(seed)
    acknowledged: dict[int, list[str]] = {}
    records: list[Output] = []
    number = 0
    for _life in range(4):
        gateway = make_gateway(spool_bytes=50_000, attempt_seconds=0.02)
        async with gateway.running():
            for _step in range(15):
                (gateway.log.go_away if chance.random() < 0.4 else gateway.log.come_back)()
                threads = [f"acme/webhook/t-{chance.randrange(6)}" for _ in range(5)]
                batch = [event(number + n, one, bytes(300)) for n, one in enumerate(threads)]
                number += len(batch)
                try:
                    await gateway.publisher.publish(batch)
                except UnavailableError:
                    continue
                for one in batch:
                    partition = partition_of(one.thread_key, 4)
                    acknowledged.setdefault(partition, []).append(one.event_id)
        # Killed: what the log still held back is gone, what is on disk is not.
        records += gateway.log.records
    last = make_gateway()
    async with last.running():
        await eventually(lambda: last.publisher.direct)
    found = first_of_each(records + last.log.records)
    for partition, expected in acknowledged.items():
        assert [one for one in found[partition] if one in set(expected)] == expected
