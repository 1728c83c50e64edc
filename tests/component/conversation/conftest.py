from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from careline.event.v1.event_pb2 import (
    AuthorKind,
    ConversationStatus,
    Event,
    Message,
    StatusChanged,
    Tick,
)
from careline.identity.v1.assignment_pb2 import Assignment, PartyAssigned
from services.conversation.streams import lane_spec, stage
from services.kernel.lane.records import SOURCE_HEADER, Output, Source
from services.kernel.testing.harness import LaneHarness, events_of

# The instant 0 of the tests' seconds.
START_US = 1_700_000_000_000_000
SECOND_US = 1_000_000
WINDOW_SECONDS = 1_000

_AUTHORS = {
    "customer": AuthorKind.AUTHOR_KIND_CUSTOMER,
    "agent": AuthorKind.AUTHOR_KIND_AGENT,
    "bot": AuthorKind.AUTHOR_KIND_BOT,
    "system": AuthorKind.AUTHOR_KIND_SYSTEM,
    "nobody": AuthorKind.AUTHOR_KIND_UNSPECIFIED,
}


@dataclass
class Events:
    """Builds events; ``second`` counts from START_US."""

    made: int = 0

    def bare(
        self,
        second: int,
        *,
        thread: str = "1",
        brand: str = "acme-air",
        timeline: str = "live",
        party: str = "",
    ) -> Event:
        self.made += 1
        at_us = START_US + second * SECOND_US
        return Event(
            event_id=f"e{self.made}",
            organisation_id="acme",
            brand_id=brand,
            channel="x",
            account_id="acmehelp",
            timeline=timeline,
            occurred_at_us=at_us,
            accepted_at_us=at_us + 5,
            thread_key=f"acme/x/{thread}",
            party_key=party,
            traceparent="00-1-2-01",
        )

    def message(
        self,
        author: str,
        second: int,
        *,
        thread: str = "1",
        brand: str = "acme-air",
        timeline: str = "live",
        party: str = "ann",
        customer: str = "cu_ann",
    ) -> Event:
        event = self.bare(second, thread=thread, brand=brand, timeline=timeline)
        event.message.CopyFrom(Message(author_kind=_AUTHORS[author], text="hello"))
        if author == "customer":
            event.party_key = party
            event.assignment.CopyFrom(Assignment(customer_id=customer))
        return event

    def status(
        self,
        status: str,
        second: int,
        *,
        assignee: str = "",
        priority: str = "",
        thread: str = "1",
        brand: str = "acme-air",
        timeline: str = "live",
    ) -> Event:
        event = self.bare(second, thread=thread, brand=brand, timeline=timeline)
        value = ConversationStatus.Value(f"CONVERSATION_STATUS_{status.upper() or 'UNSPECIFIED'}")
        event.status_changed.CopyFrom(
            StatusChanged(status=value, assignee=assignee, priority=priority)
        )
        return event

    def tick(self, second: int, timeline: str = "live") -> Event:
        at_us = START_US + second * SECOND_US
        return Event(event_id="tick", timeline=timeline, occurred_at_us=at_us, tick=Tick())

    def assigned(self, party: str, customer: str, version: int, second: int = 0) -> Event:
        event = self.bare(second)
        event.party_assigned.CopyFrom(
            PartyAssigned(party_key=party, customer_id=customer, version=version)
        )
        return event


def _positioned(outputs: Sequence[Output]) -> list[tuple[Source, list[Event]]]:
    return [
        (Source.decode(dict(output.headers)[SOURCE_HEADER]), events_of(output))
        for output in outputs
    ]


def _taken_once(outputs: Sequence[Output]) -> list[Event]:
    last = (-1, -1)
    events: list[Event] = []
    for source, brought in _positioned(outputs):
        if (source.offset, source.part) > last:
            last = (source.offset, source.part)
            events += brought
    return events


@pytest.fixture(scope="session")
def taken_once() -> Callable[[Sequence[Output]], list[Event]]:
    """Read one partition's outputs as the next lane does: each position of a source once."""
    return _taken_once


@pytest.fixture
def events() -> Events:
    return Events()


@pytest.fixture(scope="session")
def make_events() -> Callable[[], Events]:
    return Events


@pytest.fixture(scope="session")
def make_lane() -> Callable[[], LaneHarness]:
    return lambda: LaneHarness(lane_spec(WINDOW_SECONDS), lambda: stage(WINDOW_SECONDS))


@pytest.fixture
def lane(make_lane: Callable[[], LaneHarness]) -> LaneHarness:
    return make_lane()


@pytest.fixture(scope="session")
def told() -> Callable[[Event], list[str]]:
    """Write an event's facts as "kind@second", "-" before what is taken back."""

    def write(event: Event) -> list[str]:
        facts = []
        for fact in event.conversation.facts:
            name = _KINDS[fact.kind]
            second = (fact.at_us - START_US) // SECOND_US
            text = f"{'-' if fact.sign < 0 else ''}{name}@{second}"
            if fact.duration_us:
                text += f"+{fact.duration_us // SECOND_US}"
            facts.append(text + (f"={fact.status}" if fact.status else ""))
        return facts

    return write


_KINDS = {
    1: "opened",
    2: "contact",
    3: "reply",
    4: "first_response",
    5: "solved",
    6: "reopened",
    7: "closed",
    8: "status",
}
