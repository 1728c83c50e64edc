"""Makes the events that reach the lane."""

from __future__ import annotations

from itertools import count
from typing import TypedDict, Unpack

from careline.conversation.v1.facts_pb2 import Fact, FactKind
from careline.event.v1.event_pb2 import Event, Tick, TimelineEnded
from careline.insight.v1.understanding_pb2 import Sentiment
from careline.sla.v1.clocks_pb2 import ClockEvent, ClockEventKind

NOON_US = 1_769_860_800_000_000  # 2026-01-31T12:00:00Z
SECOND_US = 1_000_000


class Told(TypedDict, total=False):
    sign: int
    lasting: float
    brand: str
    timeline: str
    negative: bool


class Events:
    """Makes the events that reach the lane; each has an id of its own."""

    def __init__(self) -> None:
        self._numbers = count()

    def bare(
        self,
        seconds: float = 0,
        *,
        brand: str = "north",
        channel: str = "mail",
        timeline: str = "live",
    ) -> Event:
        return Event(
            event_id=str(next(self._numbers)),
            organisation_id="acme",
            brand_id=brand,
            channel=channel,
            timeline=timeline,
            occurred_at_us=NOON_US + round(seconds * SECOND_US),
            thread_key=f"acme/{channel}/1",
        )

    def fact(
        self,
        kind: FactKind.ValueType,
        seconds: float = 0,
        *,
        sign: int = 1,
        lasting: float = 0,
        brand: str = "north",
        timeline: str = "live",
        negative: bool = False,
    ) -> Event:
        event = self.bare(seconds, brand=brand, timeline=timeline)
        event.conversation.facts.append(
            Fact(
                kind=kind,
                sign=sign,
                at_us=event.occurred_at_us,
                duration_us=round(lasting * SECOND_US),
            )
        )
        if negative:
            event.understanding.sentiment = Sentiment.SENTIMENT_NEGATIVE
        return event

    def contact(self, seconds: float = 0, **told: Unpack[Told]) -> Event:
        return self.fact(FactKind.FACT_KIND_CONTACT, seconds, **told)

    def clock(
        self,
        kind: ClockEventKind.ValueType,
        seconds: float,
        *,
        sign: int = 1,
        clock: str = "first_response",
    ) -> Event:
        event = self.bare(seconds)
        event.sla.events.append(
            ClockEvent(clock=clock, cycle=1, kind=kind, sign=sign, at_us=event.occurred_at_us)
        )
        return event

    def tick(self, seconds: float, *, timeline: str = "live") -> Event:
        event = self.bare(seconds, timeline=timeline)
        event.tick.CopyFrom(Tick())
        return event

    def end_of_run(self, run_id: str, seconds: float = 0, accepted: int = 0) -> Event:
        event = self.bare(seconds, timeline="replay-1")
        event.timeline_ended.CopyFrom(TimelineEnded(run_id=run_id, accepted=accepted, duplicates=1))
        return event
