"""The assign lane: repeats, assignments, evidence, runs, whatever dies when."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from careline.event.v1.event_pb2 import (
    AuthorKind,
    Event,
    Identifier,
    Message,
    StatusChanged,
    Tick,
    TimelineEnded,
    TimelineStarted,
    Unrecognised,
)
from careline.identity.v1.assignment_pb2 import Assignment, PartyAssigned
from services.identity.domain.fingerprints import provisional_customer_id
from services.identity.handlers.assign import ACCEPTED, EVIDENCE_TOPIC, AssignParties
from services.identity.streams import assign_spec
from services.kernel.lane.records import REASON_HEADER, SOURCE_HEADER, Output, Source
from services.kernel.partitioning import partition_of
from services.kernel.testing.harness import Instant, LaneHarness, events_of

AT_US = 1_700_000_000_000_000
DAY_MS = 86_400_000
NOW_MS = AT_US // 1_000
DEAD_LETTERS = "intake.event-accepted.v1.dlq"


def lane(partitions: Sequence[int] = (0,)) -> LaneHarness:
    return LaneHarness(assign_spec(), AssignParties, partitions)


def message(
    number: int | str,
    party: str = "p1",
    *identifiers: tuple[str, str],
    kind: AuthorKind = AuthorKind.AUTHOR_KIND_CUSTOMER,
    timeline: str = "live",
) -> Event:
    return Event(
        event_id=str(number),
        organisation_id="acme",
        channel="x",
        timeline=timeline,
        occurred_at_us=AT_US,
        accepted_at_us=AT_US + 5,
        thread_key=f"acme/x/{party}",
        party_key=party,
        traceparent="00-1-2-01",
        message=Message(
            author_kind=kind,
            author_name="Li Wei",
            text="hello",
            identifiers=[Identifier(kind=name, value=value) for name, value in identifiers],
        ),
    )


def assigned(party: str, customer: str, version: int, partition: int = 0) -> Event:
    return Event(
        event_id=f"assigned/{party}/{version}/{partition}",
        organisation_id="acme",
        channel="x",
        timeline="live",
        occurred_at_us=AT_US,
        party_assigned=PartyAssigned(party_key=party, customer_id=customer, version=version),
    )


def steering(timeline: str = "replay-1", **body: Tick | TimelineStarted | TimelineEnded) -> Event:
    (name,) = body
    return Event(event_id=name, timeline=timeline, occurred_at_us=AT_US, **body)  # type: ignore[arg-type]


def provisional(party: str) -> str:
    return provisional_customer_id("acme", party)


def once(outputs: Sequence[Output]) -> list[bytes]:
    """Return events as a downstream lane takes them: each position of a source once."""
    taken: dict[tuple[str, int, str], tuple[int, int]] = {}
    events: list[Event] = []
    for output in outputs:
        carried = dict(output.headers).get(SOURCE_HEADER)
        for event in events_of(output):
            origin = event.source
            position = (
                Source(origin.topic, 1, origin.partition, origin.offset, origin.part)
                if carried is None
                else Source.decode(carried)
            )
            reader = (output.topic, output.partition, f"{position.topic}/{position.partition}")
            at = (position.offset, position.part)
            if event.HasField("source") and at <= taken.get(reader, (-1, -1)):
                continue
            if not event.HasField("source") and at < taken.get(reader, (-1, -1)):
                continue
            taken[reader] = at
            events.append(event)
    return [event.SerializeToString(deterministic=True) for event in events]
