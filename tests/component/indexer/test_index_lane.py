from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from careline.event.v1.event_pb2 import Event, TimerElapsed, Unrecognised
from careline.identity.v1.assignment_pb2 import PartyAssigned
from careline.sla.v1.clocks_pb2 import ClockEvent, ClockEventKind, Clocks
from services.indexer.adapters.memory import MemoryStore
from services.indexer.domain.documents import COLLECTIONS, Collection
from services.indexer.handlers import IndexEvents
from services.indexer.sink import IndexSink
from services.indexer.streams import SPEC
from services.kernel.lane.records import SOURCE_HEADER, Source
from services.kernel.testing.harness import Instant, LaneHarness

MakeEvent = Callable[..., Event]


def stored(store: MemoryStore, collection: Collection) -> list[dict[str, Any]]:
    return [json.loads(document.body) for document in store.written[collection].values()]


def written(lane: LaneHarness) -> MemoryStore:
    lane.flush()
    store = MemoryStore()
    asyncio.run(IndexSink(store).write(lane.effects))
    return store


def test_a_message_becomes_a_document_with_its_conversation(
    lane: LaneHarness, message: MakeEvent
) -> None:
    lane.feed(message(1, text="我要退款"))
    store = written(lane)
    (event,) = stored(store, "events")
    assert event["text"] == "我要退款"
    assert (event["kind"], event["author_kind"]) == ("message", "customer")
    assert (event["language"], event["sentiment"], event["sentiment_score"]) == (
        "en",
        "negative",
        -0.5,
    )
    assert event["occurred_at"] == event["accepted_at"] == "2023-11-14T22:13:21.000000Z"
    assert event["facts"] == [
        {"kind": "contact", "sign": 1, "at": "2023-11-14T22:13:21.000000Z", "duration_seconds": 0.0}
    ]
    assert event["position"] == {"partition": 0, "offset": 0, "event_index": 0}
    (conversation,) = stored(store, "conversations")
    assert conversation["conversation_id"] == event["conversation_id"] == "cv_1"
    assert (conversation["status"], conversation["contacts"]) == ("open", 1)


def test_the_author_is_not_named_in_the_index(lane: LaneHarness, message: MakeEvent) -> None:
    lane.feed(message(1))
    assert "Ann Customer" not in str(stored(written(lane), "events"))


def test_ticks_and_beginnings_leave_no_document(
    lane: LaneHarness, tick: MakeEvent, run_started: Event
) -> None:
    lane.feed(run_started, tick(1))
    store = written(lane)
    assert not any(store.written.values())


def test_a_timer_counts_for_its_conversation(lane: LaneHarness, message: MakeEvent) -> None:
    breached = Event(
        event_id="sla/cv_1/first_response/1/breached",
        organisation_id="acme",
        channel="x",
        timeline="replay-1",
        thread_key="acme/x/1",
        occurred_at_us=1_700_000_900_000_000,
        timer_elapsed=TimerElapsed(timer_id="t1"),
        sla=Clocks(
            conversation_id="cv_1",
            brand_id="acme-air",
            events=[
                ClockEvent(
                    clock="first_response",
                    cycle=1,
                    kind=ClockEventKind.CLOCK_EVENT_KIND_BREACHED,
                    sign=1,
                    at_us=1_700_000_900_000_000,
                    due_at_us=1_700_000_900_000_000,
                    target_us=900_000_000,
                    elapsed_us=900_000_000,
                    policy_id="default",
                    policy_version="1",
                )
            ],
        ),
    )
    lane.feed(message(1), breached)
    store = written(lane)
    (conversation,) = stored(store, "conversations")
    assert (conversation["breaches"], conversation["events"]) == (1, 2)
    timer = next(event for event in stored(store, "events") if event["kind"] == "timer_elapsed")
    assert timer["clock_events"][0]["target_seconds"] == 900.0
    assert (timer["subject"], timer["brand_id"]) == ("t1", "acme-air")


def test_events_without_a_conversation_are_kept_too(lane: LaneHarness, message: MakeEvent) -> None:
    lane.feed(
        Event(
            event_id="assigned/p/1/0",
            organisation_id="acme",
            timeline="replay-1",
            occurred_at_us=1,
            party_assigned=PartyAssigned(
                party_key="p", customer_id="cu_9", version=1, reason="phone"
            ),
        ),
        Event(
            event_id="odd",
            organisation_id="acme",
            channel="telegram",
            timeline="replay-1",
            occurred_at_us=1,
            unrecognised=Unrecognised(type="poll", payload=b"{}"),
        ),
        Event(event_id="newer", organisation_id="acme", timeline="replay-1", occurred_at_us=1),
    )
    store = written(lane)
    told = [(event["kind"], event.get("subject")) for event in stored(store, "events")]
    assert told == [("party_assigned", "phone"), ("unrecognised", "poll"), ("unspecified", None)]
    assert not store.written["conversations"]


def test_an_event_that_no_index_can_hold_goes_to_the_dead_letters(
    lane: LaneHarness, message: MakeEvent
) -> None:
    far = message(1, occurred_at_us=10**18)
    nameless = message(2, event_id="")
    lane.feed(far, nameless, message(3))
    store = written(lane)
    assert [event["event_id"] for event in stored(store, "events")] == ["e3"]
    assert [
        dict(output.headers)["careline-reason"].decode().partition(":")[0]
        for output in lane.written("sla.event-clocked.v1.dlq")
    ] == ["the event cannot be indexed", "the event has no event_id or no organisation_id"]
    (conversation,) = stored(store, "conversations")
    assert conversation["events"] == 1


def test_a_run_is_told_once_all_before_it_can_be_found(
    lane: LaneHarness, message: MakeEvent, run_ended: MakeEvent
) -> None:
    seen: list[tuple[str, int]] = []

    class Watched(MemoryStore):
        async def refresh(self, collections: Any) -> None:
            await super().refresh(collections)
            seen.extend((name, len(self.findable[name])) for name in collections)

    lane.feed(message(1))
    lane.feed(run_ended(), message(2), partition=1)
    lane.flush()
    store = Watched()
    asyncio.run(IndexSink(store).write(lane.effects))
    assert seen == [("events", 2), ("conversations", 1), ("runs", 1)]
    (run,) = stored(store, "runs")
    assert (run["run_id"], run["partition"], run["accepted"], run["duplicates"]) == (
        "run-1",
        1,
        3,
        1,
    )
    assert list(store.findable["runs"]) == ["run-1-1"]


async def write_one_by_one(store: MemoryStore, effects: list[object]) -> None:
    """Let older effects come after newer ones, as when a group is written again."""
    for effect in effects:
        await IndexSink(store).write([effect])


records = st.lists(
    st.lists(
        st.one_of(
            st.tuples(st.just("message"), st.integers(0, 30), st.integers(0, 4)),
            st.tuples(st.just("tick"), st.integers(0, 30), st.just(0)),
            st.tuples(st.just("ended"), st.integers(0, 3), st.just(0)),
        ),
        max_size=4,
    ),
    max_size=12,
)
flushes = st.lists(
    st.one_of(st.none(), st.just("flush"), st.sampled_from(list(Instant))), max_size=12
)


@settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60
)
@given(records, flushes)
def test_dying_at_any_instant_leaves_the_same_documents_and_the_same_state(
    message: MakeEvent,
    tick: MakeEvent,
    run_ended: MakeEvent,
    batches: list[list[tuple[str, int, int]]],
    between: list[str | Instant | None],
) -> None:
    makers: dict[str, Callable[[int, int], Event]] = {
        "message": lambda number, thread: message(number, thread=str(thread)),
        "tick": lambda number, _: tick(number),
        "ended": lambda number, _: run_ended(f"run-{number}"),
    }

    def run(steps: list[str | Instant | None]) -> tuple[object, object]:
        lane = LaneHarness(SPEC, IndexEvents)
        store = MemoryStore()
        # Every third record comes twice, as after an earlier lane's crash.
        sources = sorted([*range(len(batches)), *range(0, len(batches), 3)])
        for place, number in enumerate(sources):
            source = Source("conversation.event-recorded.v1", 1, 0, number)
            lane.feed(
                *(makers[kind](first, second) for kind, first, second in batches[number]),
                headers={SOURCE_HEADER: source.encode()},
            )
            step = steps[place] if place < len(steps) else None
            if step is not None:
                lane.flush(dying=step if isinstance(step, Instant) else None)
        lane.flush()
        asyncio.run(write_one_by_one(store, lane.effects))
        documents = {collection: store.written[collection] for collection in COLLECTIONS}
        return documents, lane.changelog

    assert run(between) == run([])
