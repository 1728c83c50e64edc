from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from careline.conversation.v1.facts_pb2 import FactKind
from careline.event.v1.event_pb2 import Event, Tick
from careline.sla.v1.clocks_pb2 import ClockEvent, ClockEventKind
from services.kernel.lane.records import SOURCE_HEADER, Output, Source
from services.kernel.testing.harness import LaneHarness, events_of
from services.sla.domain.policies import PolicyBook
from services.sla.domain.policy_data import book_from_mapping
from services.sla.handlers import RunClocks
from services.sla.streams import lane_spec

# The instant 0 of the tests' minutes.
START_US = 1_700_000_000_000_000
MINUTE_US = 60_000_000

POLICIES = {
    "calendars": [{"id": "always", "version": 1, "time_zone": "UTC", "hours": None}],
    "policies": [
        {
            "id": "chat",
            "version": 1,
            "calendar": "always",
            "when": {"channels": ["web_chat"]},
            "targets": {
                "first_response": {"within": "1h", "warn_at_percent": 75},
                "resolution": {"within": "10h", "pause_in": ["pending"]},
            },
        },
        {
            "id": "x",
            "version": 1,
            "calendar": "always",
            "when": {"channels": ["x"]},
            "targets": {"first_response": {"within": "1h"}},
        },
    ],
}


@dataclass
class Recorded:
    """Builds recorded events; ``minute`` counts from START_US."""

    made: int = 0

    def bare(self, minute: float, timeline: str = "live", *, conversation: str = "1") -> Event:
        self.made += 1
        at_us = START_US + int(minute * MINUTE_US)
        return Event(
            event_id=f"e{self.made}",
            organisation_id="acme",
            brand_id="air",
            channel="x",
            account_id="acmehelp",
            timeline=timeline,
            occurred_at_us=at_us,
            accepted_at_us=at_us + 5,
            thread_key=f"acme/x/{conversation}",
        )

    def told(
        self,
        minute: float,
        *facts: str,
        conversation: str = "1",
        channel: str = "x",
        brand: str = "air",
        timeline: str = "live",
        status: str = "",
    ) -> Event:
        """Return an event with facts, each as "kind", "kind@minute" or "-kind@minute".

        Any other word than a kind of fact is a status that it changed to.
        """
        event = self.bare(minute, timeline, conversation=conversation)
        event.channel = channel
        part = event.conversation
        part.conversation_id = f"cv_{conversation}"
        part.ordinal = 1
        part.brand_id = brand
        part.channel = channel
        part.status = status
        for text in facts:
            word, _, at = text.lstrip("-").partition("@")
            fact = part.facts.add(
                kind=_KINDS.get(word, FactKind.FACT_KIND_STATUS_CHANGED),
                sign=-1 if text.startswith("-") else 1,
                at_us=START_US + int(float(at or minute) * MINUTE_US),
            )
            if word not in _KINDS:
                fact.status = word
        return event

    def opened(self, minute: float = 0, **more: str) -> Event:
        return self.told(minute, "opened", "contact", **more)

    def tick(self, minute: float, timeline: str = "live") -> Event:
        at_us = START_US + int(minute * MINUTE_US)
        return Event(event_id="tick", timeline=timeline, occurred_at_us=at_us, tick=Tick())


_KINDS = {
    "opened": FactKind.FACT_KIND_OPENED,
    "contact": FactKind.FACT_KIND_CONTACT,
    "reply": FactKind.FACT_KIND_REPLY,
    "first_response": FactKind.FACT_KIND_FIRST_RESPONSE,
    "was_solved": FactKind.FACT_KIND_SOLVED,
    "was_closed": FactKind.FACT_KIND_CLOSED,
    "reopened": FactKind.FACT_KIND_REOPENED,
}


def _clock_events(*events: Event) -> list[str]:
    return [_shown(one) for event in events for one in event.sla.events]


def _shown(one: ClockEvent) -> str:
    kind = ClockEventKind.Name(one.kind).removeprefix("CLOCK_EVENT_KIND_").lower()
    minute = (one.at_us - START_US) / MINUTE_US
    return f"{'-' if one.sign < 0 else ''}{one.clock} {kind}@{minute:g}"


@pytest.fixture(scope="session")
def told() -> Callable[..., list[str]]:
    """Write events' clock events as "clock kind@minute", "-" before what is taken back."""
    return _clock_events


def _taken_once(outputs: Sequence[Output]) -> list[Event]:
    last = (-1, -1)
    events: list[Event] = []
    for output in outputs:
        source = Source.decode(dict(output.headers)[SOURCE_HEADER])
        if (source.offset, source.part) > last:
            last = (source.offset, source.part)
            events += events_of(output)
    return events


@pytest.fixture(scope="session")
def taken_once() -> Callable[[Sequence[Output]], list[Event]]:
    """Read one partition's outputs as the next lane does: each position of a source once."""
    return _taken_once


@pytest.fixture(scope="session")
def make_events() -> Callable[[], Recorded]:
    return Recorded


@pytest.fixture
def events() -> Recorded:
    return Recorded()


@pytest.fixture(scope="session")
def book() -> PolicyBook:
    return book_from_mapping(POLICIES)


@pytest.fixture(scope="session")
def make_lane(book: PolicyBook) -> Callable[[], LaneHarness]:
    return lambda: LaneHarness(lane_spec(book), lambda: RunClocks(book))


@pytest.fixture
def lane(make_lane: Callable[[], LaneHarness]) -> LaneHarness:
    return make_lane()
