"""What the assign lane takes per event, without a broker."""

from __future__ import annotations

import time
from collections.abc import Iterator

from careline.event.v1.event_pb2 import Event, EventBatch, Message
from services.identity.handlers.assign import AssignParties
from services.identity.streams import assign_spec
from services.kernel.testing.harness import LaneHarness

AT_US = 1_700_000_000_000_000
PERIOD_MS = 10 * 86_400_000
EVENTS_PER_RECORD = 50
GROUP = 32


def records(first: int, count: int) -> list[bytes]:
    return [
        EventBatch(
            events=[_message(record, number) for number in range(EVENTS_PER_RECORD)]
        ).SerializeToString()
        for record in range(first, first + count)
    ]


def _message(record: int, number: int) -> Event:
    at = record * EVENTS_PER_RECORD + number
    return Event(
        event_id=f"event-{at}",
        organisation_id="acme",
        brand_id="north",
        channel="webhook",
        timeline="live",
        occurred_at_us=AT_US + at,
        accepted_at_us=AT_US + at,
        thread_key=f"acme/webhook/{at % 5_000}",
        party_key=f"{at % 5_000:032x}",
        traceparent=f"00-{at:032x}-{at:016x}-01",
        message=Message(
            message_id=f"message-{at}", author_name="Li Wei", text="Where is my parcel? It is late."
        ),
    )


def events_per_second(harness: LaneHarness, values: list[bytes], timestamp_ms: int) -> float:
    started = time.process_time()
    for number, value in enumerate(values, 1):
        harness.feed(value=value, timestamp_ms=timestamp_ms)
        if number % GROUP == 0:
            harness.flush()
    return len(values) * EVENTS_PER_RECORD / (time.process_time() - started)


def assign() -> Iterator[str]:
    harness = LaneHarness(assign_spec(), AssignParties)
    now_ms = AT_US // 1_000
    for period in range(4):  # as many as the horizon holds: the most that a look-up has to ask
        now_ms += PERIOD_MS
        events_per_second(harness, records(period * GROUP, GROUP), now_ms)
    new: list[float] = []
    repeated: list[float] = []
    for turn in range(5):
        values = records((4 + turn) * GROUP, GROUP)
        new.append(events_per_second(harness, values, now_ms))
        repeated.append(events_per_second(harness, values, now_ms))
    yield f"{'assign alone, new events':<36} {max(new):>10,.0f} events per CPU s"
    yield f"{'assign alone, repeated events':<36} {max(repeated):>10,.0f} events per CPU s"
