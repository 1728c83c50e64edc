"""The assign lane: repeats, assignments, evidence, runs, whatever dies when."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from careline.channel.v1.happenings_pb2 import ActorIdentifier, CustomerActed
from careline.channel.v1.replies_pb2 import ReplyRequested
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
from services.kernel.lane.records import REASON_HEADER, Output
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
    kind: AuthorKind.ValueType = AuthorKind.AUTHOR_KIND_CUSTOMER,
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


# -- repeats -------------------------------------------------------------------------------------


def test_a_repeat_is_dropped_within_a_record_and_across_records() -> None:
    harness = lane()
    harness.feed(message(1), message(2), message(1))
    harness.feed(message(2), message(3))
    harness.flush()
    assert [event.event_id for event in harness.events()] == ["1", "2", "3"]


def test_a_repeat_is_dropped_after_a_restart() -> None:
    harness = lane()
    harness.feed(*(message(number) for number in range(100)))
    harness.flush()
    harness.start()
    harness.feed(*(message(number) for number in range(90, 110)))
    harness.flush()
    assert [event.event_id for event in harness.events()] == [str(n) for n in range(110)]


@pytest.mark.parametrize("dying", Instant)
def test_a_repeat_is_no_repeat_of_what_died_unflushed(
    dying: Instant, taken_once: Callable[[Sequence[Output]], list[Event]]
) -> None:
    harness = lane()
    harness.feed(message(1))
    harness.flush(dying=dying)
    harness.feed(message(1), message(2))
    harness.flush()
    events = taken_once(harness.written("identity.event-identified.v1"))
    assert [event.event_id for event in events] == ["1", "2"]


def test_an_id_counts_within_its_organisation_and_channel_alone() -> None:
    harness = lane()
    other_channel, other_organisation = message(1), message(1)
    other_channel.channel = "line"
    other_organisation.organisation_id = "zen"
    harness.feed(message(1), other_channel, other_organisation)
    harness.flush()
    assert len(harness.events()) == 3


def test_an_id_is_forgotten_after_the_horizon_on_disk_too() -> None:
    harness = lane()
    harness.feed(message(1), timestamp_ms=NOW_MS)
    harness.flush()
    harness.feed(message(2), timestamp_ms=NOW_MS + 30 * DAY_MS)
    harness.feed(message(1), timestamp_ms=NOW_MS + 30 * DAY_MS)
    harness.flush()
    assert [event.event_id for event in harness.events()] == ["1", "2"]
    harness.feed(message(3), timestamp_ms=NOW_MS + 41 * DAY_MS)
    harness.feed(message(1), timestamp_ms=NOW_MS + 41 * DAY_MS)
    harness.flush()
    assert [event.event_id for event in harness.events()] == ["1", "2", "3", "1"]
    assert len(harness.core.tables(ACCEPTED)[0]) == 2


def test_ticks_go_on_although_they_repeat() -> None:
    harness = lane()
    harness.feed(steering(tick=Tick()), steering(tick=Tick()))
    harness.flush()
    assert [event.WhichOneof("body") for event in harness.events()] == ["tick", "tick"]


@pytest.mark.parametrize("missing", ["event_id", "organisation_id"])
def test_an_event_without_id_is_a_dead_letter_and_the_next_goes_on(missing: str) -> None:
    harness = lane()
    bad = message(1)
    bad.ClearField(missing)  # type: ignore[arg-type]
    harness.feed(bad, message(2))
    harness.flush()
    assert [event.event_id for event in harness.events()] == ["2"]
    (letter,) = harness.written(DEAD_LETTERS)
    assert f"no {missing}".encode() in dict(letter.headers)[REASON_HEADER]


# -- assignments ---------------------------------------------------------------------------------


def test_an_unseen_party_gets_the_same_provisional_customer_in_every_partition() -> None:
    harness = lane(partitions=(0, 2))
    harness.feed(message(1), partition=0)
    harness.feed(message(2), partition=2)
    harness.flush()
    expected = Assignment(customer_id=provisional("p1"), provisional=True)
    assert [event.assignment for event in harness.events()] == [expected, expected]


@pytest.mark.parametrize(
    "kind",
    [AuthorKind.AUTHOR_KIND_AGENT, AuthorKind.AUTHOR_KIND_BOT, AuthorKind.AUTHOR_KIND_SYSTEM],
)
def test_what_the_staff_writes_is_no_customers(kind: AuthorKind.ValueType) -> None:
    harness = lane()
    harness.feed(message(1, kind=kind))
    harness.flush()
    assert not harness.events()[0].HasField("assignment")
    assert harness.events(EVIDENCE_TOPIC) == []


def test_every_event_of_a_party_is_assigned_whatever_its_body() -> None:
    harness = lane()
    unknown, status, nobodys = message(1), message(2), message(3, party="")
    unknown.unrecognised.CopyFrom(Unrecognised(type="poll"))
    status.status_changed.CopyFrom(StatusChanged(assignee="anna"))
    harness.feed(unknown, status, nobodys)
    harness.flush()
    assert [event.HasField("assignment") for event in harness.events()] == [True, True, False]


def test_the_resolvers_answer_holds_from_its_place_in_the_log() -> None:
    harness = lane()
    harness.feed(message(1), assigned("p1", "cu_old", 1), message(2))
    harness.flush()
    before, answer, after = harness.events()
    assert before.assignment == Assignment(customer_id=provisional("p1"), provisional=True)
    assert answer.party_assigned.customer_id == "cu_old"
    assert not answer.HasField("assignment")
    assert after.assignment == Assignment(customer_id="cu_old", provisional=False)


def test_an_older_answer_changes_nothing_and_goes_on() -> None:
    harness = lane()
    harness.feed(assigned("p1", "cu_b", 2), assigned("p1", "cu_a", 1), message(1))
    harness.flush()
    assert len(harness.events()) == 3
    assert harness.events()[-1].assignment.customer_id == "cu_b"


def test_an_answer_holds_in_its_organisation_alone() -> None:
    harness = lane()
    answer = assigned("p1", "cu_b", 1)
    answer.organisation_id = "zen"
    harness.feed(answer, message(1))
    harness.flush()
    assert harness.events()[-1].assignment.customer_id == provisional("p1")


def test_an_answer_without_a_version_is_a_dead_letter() -> None:
    harness = lane()
    harness.feed(assigned("p1", "cu_b", 0))
    harness.flush()
    (letter,) = harness.written(DEAD_LETTERS)
    assert b"lacks its party, its customer or its version" in dict(letter.headers)[REASON_HEADER]


# -- evidence ------------------------------------------------------------------------------------


def test_evidence_goes_out_once_for_a_party_and_again_for_new_identifiers() -> None:
    harness = lane()
    phone, email = ("phone", "139 1234 5621"), ("email", "Li@Mail.example")
    harness.feed(message(1), message(2), message(3, "p1", phone))
    harness.feed(message(4, "p1", phone, email), message(5, "p1", email), message(6))
    harness.flush()
    found = [event.evidence_found for event in harness.events(EVIDENCE_TOPIC)]
    told = [[(each.kind, each.value) for each in one.identifiers] for one in found]
    assert told == [[], [phone], [email]]


def test_what_a_customer_does_tells_who_they_are_as_well() -> None:
    harness = lane()
    acted = message(1, "p1")
    acted.customer_acted.CopyFrom(
        CustomerActed(
            action="order.placed",
            author_name="Li Wei",
            identifiers=[ActorIdentifier(kind="phone", value="139 1234 5621")],
        )
    )
    harness.feed(acted)
    harness.flush()
    (event,) = harness.events(EVIDENCE_TOPIC)
    (told,) = event.evidence_found.identifiers
    assert (told.kind, told.value) == ("phone", "139 1234 5621")
    assert event.evidence_found.display_name == "Li Wei"


def test_evidence_goes_to_the_organisations_partition_with_everything_the_resolver_needs() -> None:
    harness = lane(partitions=(3,))
    harness.feed(message(1, "p1", ("crm_id", "C1")), partition=3)
    harness.flush()
    (output,) = harness.written(EVIDENCE_TOPIC)
    assert output.partition == partition_of("acme", 4)
    (event,) = events_of(output)
    assert (event.event_id, event.organisation_id, event.channel) == (
        "evidence/p1/3/1",
        "acme",
        "x",
    )
    assert (event.timeline, event.occurred_at_us, event.accepted_at_us) == (
        "live",
        AT_US,
        AT_US + 5,
    )
    assert event.traceparent == "00-1-2-01"
    found = event.evidence_found
    assert (found.party_key, found.lane_partition, found.display_name) == ("p1", 3, "Li Wei")
    assert found.provisional_customer_id == provisional("p1")


def test_evidence_names_the_provisional_customer_even_when_an_answer_came_first() -> None:
    harness = lane()
    harness.feed(assigned("p1", "cu_b", 1), message(1))
    harness.flush()
    (event,) = harness.events(EVIDENCE_TOPIC)
    assert event.evidence_found.provisional_customer_id == provisional("p1")
    assert harness.events()[-1].assignment == Assignment(customer_id="cu_b", provisional=False)


# -- runs ----------------------------------------------------------------------------------------


def ended(harness: LaneHarness) -> list[tuple[int, int]]:
    return [
        (event.timeline_ended.accepted, event.timeline_ended.duplicates)
        for event in harness.events()
        if event.WhichOneof("body") == "timeline_ended"
    ]


def test_a_run_ends_with_what_it_brought_and_a_second_run_with_repeats() -> None:
    harness = lane()
    for run in ("first", "second"):
        harness.feed(steering(timeline_started=TimelineStarted(run_id=run)))
        harness.feed(*(message(number, timeline="replay-1") for number in (1, 2, 3, 3)))
        harness.flush()
        harness.start()
        harness.feed(steering(timeline_ended=TimelineEnded(run_id=run)))
        harness.flush()
    assert ended(harness) == [(3, 1), (0, 4)]


def test_a_run_counts_its_own_timeline_and_no_answers_of_ours() -> None:
    harness = lane()
    answer = assigned("p1", "cu_b", 1)
    answer.timeline = "replay-1"
    harness.feed(steering(timeline_started=TimelineStarted(run_id="r")))
    harness.feed(message(1, timeline="replay-1"), message(2), message(3, timeline="replay-2"))
    harness.feed(answer, steering(tick=Tick()), steering(timeline_ended=TimelineEnded(run_id="r")))
    harness.flush()
    assert ended(harness) == [(1, 0)]


def test_each_partition_counts_for_itself() -> None:
    harness = lane(partitions=(0, 1))
    for partition in (0, 1):
        harness.feed(steering(timeline_started=TimelineStarted(run_id="r")), partition=partition)
    harness.feed(message(1, timeline="replay-1"), partition=1)
    for partition in (0, 1):
        harness.feed(steering(timeline_ended=TimelineEnded(run_id="r")), partition=partition)
    harness.flush()
    assert ended(harness) == [(0, 0), (1, 0)]


# -- crashes -------------------------------------------------------------------------------------

identifiers = st.tuples(st.sampled_from(["phone", "email"]), st.sampled_from("xyz"))
messages = st.builds(
    lambda number, party, told, timeline: message(number, party, *told, timeline=timeline),
    st.integers(0, 15),
    st.sampled_from(["p1", "p2", "p3"]),
    st.lists(identifiers, max_size=2),
    st.sampled_from(["live", "replay-1"]),
)
answers = st.builds(
    assigned, st.sampled_from(["p1", "p2"]), st.sampled_from(["cu_a", "cu_b"]), st.integers(1, 3)
)
turning = st.sampled_from(
    [
        steering(tick=Tick()),
        steering(timeline_started=TimelineStarted(run_id="r")),
        steering(timeline_ended=TimelineEnded(run_id="r")),
    ]
)
records = st.lists(st.one_of(messages, answers, turning), min_size=1, max_size=4)
# A record, the days that passed before it, and how the flush after it ends; None = no flush.
story = st.lists(
    st.tuples(
        records,
        st.sampled_from([0, 0, 0, 8, 35]),
        st.sampled_from([None, None, "flushed", *Instant]),
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(story)
def test_whatever_dies_when_the_outcome_is_that_of_one_quiet_run(
    taken_once: Callable[[Sequence[Output]], list[Event]],
    story: list[tuple[list[Event], int, Instant | str | None]],
) -> None:
    calm, stormy = lane(), lane()
    at_ms = NOW_MS
    for events, days, flush in story:
        at_ms += days * DAY_MS
        for harness in (calm, stormy):
            harness.feed(*events, timestamp_ms=at_ms)
        if flush is not None:
            stormy.flush(dying=flush if isinstance(flush, Instant) else None)
    calm.flush()
    stormy.flush()
    for topic in ("identity.event-identified.v1", EVIDENCE_TOPIC):
        assert taken_once(stormy.written(topic)) == taken_once(calm.written(topic))
    assert stormy.changelog == calm.changelog


def test_who_answers_is_no_customer() -> None:
    harness = lane()
    asked = message(1, "agent-12")
    asked.reply_requested.CopyFrom(ReplyRequested(reply_id="r1", text="Done."))
    harness.feed(asked)
    harness.flush()
    (event,) = harness.events()
    assert not event.HasField("assignment")
    assert harness.events(EVIDENCE_TOPIC) == []
