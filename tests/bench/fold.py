"""What the fold takes per event, without a broker."""

from __future__ import annotations

import time
from collections.abc import Iterator
from random import Random

from careline.conversation.v1.facts_pb2 import FactKind
from careline.event.v1.event_pb2 import EventBatch
from careline.insight.v1.understanding_pb2 import Sentiment
from services.kernel.testing.harness import LaneHarness
from services.kpi.settings import Settings
from services.kpi.streams import lane_spec, make_stage
from services.kpi.testing.events import Events

EVENTS = 50_000
BRANDS = [f"brand {number:02}" for number in range(90)]
POPULARITY = [1 / rank for rank in range(1, len(BRANDS) + 1)]
PER_SECOND = {"peak": 2_000.0, "day": 50.0, "sparse replay": 1.0}


def records(per_second: float, size: int) -> list[bytes]:
    """Make customers' and agents' messages of many brands, in bursts, with all their parts."""
    random, events = Random(1), Events()
    made = []
    seconds = 0.0
    for number in range(EVENTS):
        seconds += random.expovariate(per_second * random.choice((0.3, 1, 6)))
        brand = random.choices(BRANDS, POPULARITY)[0]
        if random.random() < 0.55:
            event = events.contact(seconds, brand=brand, negative=random.random() < 0.3)
            event.understanding.language = "en"
        else:
            event = events.fact(FactKind.FACT_KIND_REPLY, seconds, brand=brand)
            event.understanding.sentiment = Sentiment.SENTIMENT_UNSPECIFIED
            if number % 3 == 0:
                wait = random.lognormvariate(7, 1.5)
                kind = FactKind.FACT_KIND_FIRST_RESPONSE
                event.conversation.facts.extend(
                    events.fact(kind, seconds, lasting=wait).conversation.facts
                )
        event.message.text = "Where is my parcel? It was to be here on Monday, and nobody answers."
        event.conversation.conversation_id = f"acme/mail/{number // 4}/1"
        event.conversation.brand_id = brand
        made.append(event)
    return [
        EventBatch(events=made[first : first + size]).SerializeToString()
        for first in range(0, EVENTS, size)
    ]


def events_per_second(values: list[bytes], group: int) -> float:
    lane = LaneHarness(lane_spec(), make_stage)
    started = time.process_time()
    for number, value in enumerate(values, 1):
        lane.feed(value=value)
        if number % group == 0:
            lane.flush()
    lane.flush()
    return EVENTS / (time.process_time() - started)


def fold() -> Iterator[str]:
    group = Settings("", 0, 0).group_records
    for name, per_second in PER_SECOND.items():
        for size in (50, 200):
            values = records(per_second, size)
            best = max(events_per_second(values, group) for _ in range(3))
            what = f"fold alone, {name}, {size} a record"
            yield f"{what:<36} {best:>10,.0f} events per CPU s"
