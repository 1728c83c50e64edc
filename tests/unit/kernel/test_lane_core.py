"""The lane's promises, without a broker: nothing lost, nothing doubled, whatever dies when."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from careline.event.v1.event_pb2 import Event, EventBatch, Message, Tick
from services.kernel.lane.core import LaneCore, OffsetGapError
from services.kernel.lane.dead_letters import DeadLetterLimitError
from services.kernel.lane.outputs import MAX_RECORD_BYTES
from services.kernel.lane.progress import DecisionVersionError
from services.kernel.lane.records import (
    LANE_HEADER,
    REASON_HEADER,
    SOURCE_HEADER,
    Output,
    Record,
    Source,
)
from services.kernel.lane.stage import InvalidEventError, LaneSpec, Stage, Turn
from services.kernel.lane.state import UnknownTableError, table_of
from services.kernel.lane.timers import Timer
from services.kernel.testing.harness import Instant, LaneHarness, events_of

COUNTS = table_of("counts", int)
SPEC = LaneSpec(
    name="test.count",
    input_topic="identity.event-identified.v1",
    output_topic="insight.event-understood.v1",
    state_topic="insight.understand-state.v1",
    decision_version="1",
    tables=(COUNTS,),
    dead_letter_limit=3,
)
SECOND = 1_000_000


class CountPerThread(Stage):
    """Counts a thread's messages, numbers them, and says when a thread was quiet for a minute."""

    def on_event(self, event: Event, turn: Turn) -> None:
        if event.WhichOneof("body") != "message":
            return turn.emit(event)
        if event.message.text == "bad":
            raise InvalidEventError("the text is bad")
        counts = turn.table(COUNTS)
        count = (counts.get(event.thread_key) or 0) + 1
        counts.put(event.thread_key, count)
        event.message.message_id = str(count)
        turn.set_timer(
            f"quiet/{event.thread_key}", event.timeline, event.occurred_at_us + 60 * SECOND
        )
        turn.send("identity.evidence-found.v1", 1, Event(event_id=f"side/{event.event_id}"))
        return turn.emit(event)

    def on_timer(self, timer: Timer, turn: Turn) -> None:
        turn.emit(Event(event_id=f"{timer.timer_id}/{timer.due_at_us}", timeline=timer.timeline))


def message(number: int, at_seconds: int = 1, thread: str = "a", timeline: str = "live") -> Event:
    return Event(
        event_id=str(number),
        timeline=timeline,
        occurred_at_us=at_seconds * SECOND,
        thread_key=thread,
        message=Message(text="hello"),
    )


def tick(at_seconds: int, timeline: str = "live") -> Event:
    return Event(
        event_id=f"tick/{at_seconds}",
        timeline=timeline,
        occurred_at_us=at_seconds * SECOND,
        tick=Tick(),
    )


def lane(spec: LaneSpec = SPEC) -> LaneHarness:
    return LaneHarness(spec, CountPerThread)


def deduplicated(outputs: list[Output]) -> list[Event]:
    """Read outputs as the next lane does: by their source."""
    taken: set[tuple[Source, bytes]] = set()
    events = []
    for output in outputs:
        source = Source.decode(dict(output.headers)[SOURCE_HEADER])
        if (source, output.value) not in taken:
            taken.add((source, output.value))
            events.extend(events_of(output))
    return events


def test_an_output_carries_the_position_of_the_record_it_was_made_of() -> None:
    harness = lane()
    harness.feed(message(1))
    harness.feed(message(2))
    harness.flush()
    positions = [
        Source.decode(dict(output.headers)[SOURCE_HEADER])
        for output in harness.written(SPEC.output_topic)
    ]
    assert positions == [
        Source("identity.event-identified.v1", 1, 0, 0),
        Source("identity.event-identified.v1", 1, 0, 1),
    ]


def test_a_source_that_was_taken_is_dropped() -> None:
    harness = lane()
    source = {SOURCE_HEADER: Source("upstream", 1, 0, 7).encode()}
    harness.feed(message(1), headers=source)
    harness.feed(message(1), headers=source)
    harness.flush()
    assert len(harness.events()) == 1
    assert harness.core.duplicates == 1


def test_parts_of_one_source_are_all_taken_once() -> None:
    harness = lane()
    for part in (0, 1, 0, 1):
        headers = {SOURCE_HEADER: Source("upstream", 1, 0, 7, part).encode()}
        harness.feed(message(part), headers=headers)
    harness.flush()
    assert [event.event_id for event in harness.events()] == ["0", "1"]


def test_sources_of_another_generation_do_not_compare() -> None:
    harness = lane()
    harness.feed(message(1), headers={SOURCE_HEADER: Source("upstream", 1, 0, 7).encode()})
    harness.feed(message(2), headers={SOURCE_HEADER: Source("upstream", 2, 0, 0).encode()})
    harness.flush()
    assert len(harness.events()) == 2


def test_a_bad_event_becomes_a_dead_letter_and_the_rest_of_its_batch_goes_on() -> None:
    harness = lane()
    bad = message(2)
    bad.message.text = "bad"
    harness.feed(message(1), bad, message(3))
    harness.flush()
    assert [event.event_id for event in harness.events()] == ["1", "3"]
    (letter,) = harness.written("identity.event-identified.v1.dlq")
    assert dict(letter.headers)[REASON_HEADER] == b"the text is bad"
    assert events_of(letter) == [bad]


def test_bytes_that_are_no_batch_become_a_dead_letter_as_they_came() -> None:
    harness = lane()
    harness.feed(value=b"\xff\xff not protobuf")
    harness.flush()
    (letter,) = harness.written("identity.event-identified.v1.dlq")
    assert letter.value == b"\xff\xff not protobuf"


def test_too_many_bad_events_in_a_row_stop_the_lane() -> None:
    harness = lane()
    for _ in range(3):
        harness.feed(value=b"\xff")
    with pytest.raises(DeadLetterLimitError, match="3 events in a row"):
        harness.feed(value=b"\xff")


def test_restarting_does_not_reset_the_count_of_bad_events() -> None:
    harness = lane()
    for _ in range(3):
        harness.feed(value=b"\xff")
    harness.flush()
    harness.start()
    with pytest.raises(DeadLetterLimitError):
        harness.feed(value=b"\xff")


def test_a_good_event_resets_the_count_of_bad_ones() -> None:
    harness = lane()
    for number in range(12):
        harness.feed(value=b"\xff")
        harness.feed(message(number))
    harness.flush()
    assert len(harness.written("identity.event-identified.v1.dlq")) == 12


def test_a_tick_does_not_reset_the_count_of_bad_events() -> None:
    harness = lane()
    for number in range(3):
        harness.feed(value=b"\xff")
        harness.feed(tick(10 + number))
    with pytest.raises(DeadLetterLimitError):
        harness.feed(value=b"\xff")


def test_a_timer_fires_once_when_time_has_passed_it() -> None:
    harness = lane()
    harness.feed(message(1, at_seconds=10))
    harness.feed(tick(70))
    harness.flush()
    assert not [event for event in harness.events() if event.event_id.startswith("quiet")]
    harness.feed(tick(71))
    harness.feed(tick(100))
    harness.flush()
    fired = [event.event_id for event in harness.events() if event.event_id.startswith("quiet")]
    assert fired == [f"quiet/a/{70 * SECOND}"]


def test_timelines_keep_their_time_apart() -> None:
    harness = lane()
    harness.feed(message(1, at_seconds=10, timeline="replay-1"))
    harness.feed(tick(1_000))
    harness.flush()
    assert not [event for event in harness.events() if event.event_id.startswith("quiet")]
    harness.feed(tick(1_000, timeline="replay-1"))
    harness.flush()
    assert [event for event in harness.events() if event.event_id.startswith("quiet")]


def test_a_timer_survives_a_restart() -> None:
    harness = lane()
    harness.feed(message(1, at_seconds=10))
    harness.flush()
    harness.start()
    harness.feed(tick(100))
    harness.flush()
    assert [event for event in harness.events() if event.event_id.startswith("quiet")]


def test_time_moves_only_forward() -> None:
    harness = lane()
    harness.feed(tick(100), message(1, at_seconds=10))
    assert harness.core.watermark_us("live") == 100 * SECOND


def test_an_event_without_time_is_a_dead_letter() -> None:
    harness = lane()
    harness.feed(Event(event_id="1", timeline="live"))
    harness.flush()
    assert len(harness.written("identity.event-identified.v1.dlq")) == 1


def test_a_gap_between_records_stops_the_lane() -> None:
    harness = lane()
    harness.feed(message(1))
    late = Record(SPEC.input_topic, 0, 5, None, EventBatch().SerializeToString(), 0)
    with pytest.raises(OffsetGapError, match="from offset 0 to 5"):
        harness.core.take(late)


def test_records_that_retention_removed_are_not_passed_over() -> None:
    harness = lane()
    harness.feed(message(1))
    harness.flush()
    core = LaneCore(SPEC, CountPerThread())
    core.assign({0: list(harness.changelog[0].items())})
    with pytest.raises(OffsetGapError, match="starts at offset 9"):
        core.take(Record(SPEC.input_topic, 0, 9, None, b"", 0))


def test_a_lane_whose_state_was_lost_does_not_go_on_as_if_it_were_new() -> None:
    core = LaneCore(SPEC, CountPerThread())
    core.assign({0: []}, {0: 2})
    with pytest.raises(OffsetGapError, match="goes on at 2"):
        core.take(Record(SPEC.input_topic, 0, 9, None, b"", 0))


def test_another_decision_version_refuses_to_start_after_an_unclean_stop() -> None:
    harness = lane()
    harness.feed(message(1))
    harness.flush()
    state = {0: list(harness.changelog[0].items())}
    newer = replace(SPEC, decision_version="2")
    with pytest.raises(DecisionVersionError, match="'1' stopped without"):
        LaneCore(newer, CountPerThread()).assign(state)
    LaneCore(newer, CountPerThread(), accept_decision_version=True).assign(state)


def test_another_decision_version_goes_on_after_a_clean_stop() -> None:
    harness = lane()
    harness.feed(message(1))
    group = harness.core.close(clean=True)
    newer = replace(SPEC, decision_version="2")
    LaneCore(newer, CountPerThread()).assign({0: list(group.changes[0])})


def test_state_of_an_unknown_table_is_refused() -> None:
    core = LaneCore(SPEC, CountPerThread())
    with pytest.raises(UnknownTableError, match="'gone'"):
        core.assign({0: [(b"gone\x00key", b"\x01")]})


def test_a_large_output_is_split_into_parts() -> None:
    harness = lane()
    events = [message(number) for number in range(8)]
    for event in events:
        event.message.text = "x" * 300_000
    harness.feed(*events)
    harness.flush()
    outputs = harness.written(SPEC.output_topic)
    parts = [Source.decode(dict(output.headers)[SOURCE_HEADER]).part for output in outputs]
    assert parts == list(range(len(outputs)))
    assert len(outputs) > 1
    assert len(harness.events()) == 8


_step = st.one_of(
    st.tuples(st.just("message"), st.integers(0, 3)),
    st.tuples(st.just("tick"), st.integers(1, 200)),
    st.tuples(st.just("flush"), st.none()),
    st.tuples(st.just("die"), st.sampled_from(list(Instant))),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(_step, max_size=40))
def test_dying_at_any_instant_changes_nothing(steps: list[tuple[str, object]]) -> None:
    calm, tried = lane(), lane()
    clock = 0
    for number, (kind, detail) in enumerate(steps):
        if kind == "message":
            clock += 7
            for harness in (calm, tried):
                harness.feed(message(number, clock, thread=f"t{detail}"))
        elif kind == "tick":
            assert isinstance(detail, int)
            clock += detail
            for harness in (calm, tried):
                harness.feed(tick(clock))
        elif kind == "flush":
            tried.flush()
        else:
            assert isinstance(detail, Instant)
            tried.flush(dying=detail)
    calm.flush()
    tried.flush()
    assert deduplicated(list(tried.written(SPEC.output_topic))) == calm.events()
    assert tried.changelog == calm.changelog
    side = "identity.evidence-found.v1"
    calm_side = Counter(event.SerializeToString() for event in calm.events(side))
    assert set(calm_side.values()) <= {1}
    assert {event.SerializeToString() for event in tried.events(side)} == set(calm_side)


def test_a_letter_put_back_for_another_lane_is_left_to_it() -> None:
    """Two lanes read one topic; only one of them could not understand the event."""
    harness = lane()
    place = Source("identity.event-identified.v1.dlq", 1, 0, 7).encode()
    harness.feed(message(1), headers={SOURCE_HEADER: place, LANE_HEADER: b"test.other"})
    harness.feed(message(2), headers={SOURCE_HEADER: place, LANE_HEADER: SPEC.name.encode()})
    harness.flush()
    assert [event.event_id for event in harness.events()] == ["2"]


def test_side_outputs_stay_below_what_a_topic_accepts() -> None:
    class Tell(Stage):
        def on_event(self, event: Event, turn: Turn) -> None:
            turn.send("identity.evidence-found.v1", 1, event)

    harness = LaneHarness(SPEC, Tell)
    for number in range(150):
        event = message(number)
        event.message.text = "x" * 40_000
        harness.feed(event)
    harness.flush()
    outputs = harness.written("identity.evidence-found.v1")
    assert max(len(output.value) for output in outputs) <= MAX_RECORD_BYTES
    offsets = [event.source.offset for output in outputs for event in events_of(output)]
    assert offsets == list(range(150))


def test_another_version_refuses_what_a_first_group_after_a_clean_stop_may_have_sent() -> None:
    """It sent its outputs and died before its state: the clean mark of before is no longer true."""
    harness = lane()
    harness.feed(message(1))
    state = dict(harness.core.close(clean=True).changes[0])
    again = LaneCore(SPEC, CountPerThread())
    again.assign({0: list(state.items())})
    again.take(replace(harness.inputs[0][0], offset=1))
    group = again.close()
    state.update(group.openings[0])
    newer = replace(SPEC, decision_version="2")
    with pytest.raises(DecisionVersionError, match="after offset 0 "):
        LaneCore(newer, CountPerThread()).assign({0: list(state.items())})
    again.take(replace(harness.inputs[0][0], offset=2))
    assert not again.close().openings


def test_another_version_refuses_what_a_first_group_ever_may_have_sent() -> None:
    core = LaneCore(SPEC, CountPerThread())
    core.assign({0: [], 1: []}, {0: 5, 1: 0})
    core.take(Record(SPEC.input_topic, 0, 5, None, b"", 0))
    opening = {number: list(changes) for number, changes in core.close().openings.items()}
    assert list(opening) == [0]
    newer = replace(SPEC, decision_version="2")
    with pytest.raises(DecisionVersionError, match="after offset 4 "):
        LaneCore(newer, CountPerThread()).assign(opening)
    restarted = LaneCore(SPEC, CountPerThread())
    restarted.assign(opening)
    restarted.take(Record(SPEC.input_topic, 0, 5, None, b"", 0))
