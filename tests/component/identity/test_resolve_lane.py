"""The resolver lane: evidence in, answers to the head, whatever dies when."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from careline.event.v1.event_pb2 import Event, Source, Tick
from careline.identity.v1.assignment_pb2 import EvidenceFound, EvidenceIdentifier
from services.identity.adapters.phone_numbers import NumberingPlans
from services.identity.handlers.assign import AssignParties
from services.identity.handlers.resolve import HEAD_TOPIC, ResolveParties
from services.identity.streams import assign_spec, resolve_spec
from services.kernel.lane.records import REASON_HEADER, Output
from services.kernel.testing.harness import Instant, LaneHarness, events_of

AT_US = 1_700_000_000_000_000
DEAD_LETTERS = "identity.evidence-found.v1.dlq"
PLANS = NumberingPlans("CN")
PHONE = ("phone", "139 1234 5621")


def lane() -> LaneHarness:
    return LaneHarness(resolve_spec(PLANS), lambda: ResolveParties(PLANS))


def evidence(
    party: str, *identifiers: tuple[str, str], partition: int = 0, organisation: str = "acme"
) -> Event:
    return Event(
        event_id=f"evidence/{party}/{partition}",
        organisation_id=organisation,
        channel="x",
        timeline="live",
        occurred_at_us=AT_US,
        accepted_at_us=AT_US + 5,
        traceparent="00-1-2-01",
        evidence_found=EvidenceFound(
            party_key=party,
            provisional_customer_id=f"cu_{party}",
            lane_partition=partition,
            identifiers=[EvidenceIdentifier(kind=kind, value=value) for kind, value in identifiers],
            display_name=party.upper(),
        ),
    )


def answers(harness: LaneHarness) -> list[tuple[int, str, str, int]]:
    """Return every answer's head partition, party, customer and version."""
    return [
        (output.partition, told.party_key, told.customer_id, told.version)
        for output in harness.written(HEAD_TOPIC)
        for told in (event.party_assigned for event in events_of(output))
    ]


def reasons_of_death(harness: LaneHarness) -> bytes:
    (letter,) = harness.written(DEAD_LETTERS)
    return dict(letter.headers)[REASON_HEADER]


def test_phones_join_however_they_are_written() -> None:
    harness = lane()
    harness.feed(evidence("a", PHONE), evidence("b", ("phone", "+86 (139) 1234-5621"), partition=2))
    harness.flush()
    assert answers(harness) == [(0, "a", "cu_a", 1), (2, "b", "cu_a", 1)]


def test_addresses_join_in_any_case() -> None:
    harness = lane()
    harness.feed(evidence("a", ("email", "Li@Mail.Example ")))
    harness.feed(evidence("b", ("email", "li@mail.example")))
    harness.flush()
    assert len(answers(harness)) == 2


@pytest.mark.parametrize(
    "shared",
    [
        ("email", "test@test.com"),
        ("email", "no-reply@acme.example"),
        ("phone", "00000000000"),
        ("phone", "call me"),
        ("crm_id", "C1"),
        ("cookie", "abc"),
    ],
)
def test_what_proves_nothing_joins_nobody(shared: tuple[str, str]) -> None:
    harness = lane()
    harness.feed(evidence("a", shared), evidence("b", shared))
    harness.flush()
    assert answers(harness) == []


def test_different_crm_ids_forbid_a_join() -> None:
    harness = lane()
    harness.feed(evidence("a", PHONE, ("crm_id", "C1")), evidence("b", PHONE, ("crm_id", "C2")))
    harness.feed(evidence("c", PHONE, ("crm_id", "C1")))
    harness.flush()
    assert answers(harness) == []


def test_parties_of_different_organisations_never_join() -> None:
    harness = lane()
    harness.feed(evidence("a", PHONE), evidence("b", PHONE, organisation="zen"))
    harness.flush()
    assert answers(harness) == []


def test_an_answer_is_an_event_of_the_head_with_a_reason_that_tells_no_secret() -> None:
    harness = lane()
    harness.feed(evidence("a", PHONE), evidence("b", PHONE, partition=2))
    harness.flush()
    answer = harness.events(HEAD_TOPIC)[-1]
    assert answer.event_id == "assigned/b/1/2"
    assert (answer.organisation_id, answer.channel, answer.timeline) == ("acme", "x", "live")
    assert (answer.occurred_at_us, answer.accepted_at_us) == (AT_US, AT_US + 5)
    assert answer.traceparent == "00-1-2-01"
    assert answer.party_assigned.reason == "same phone ending …21"


def test_a_known_party_in_a_new_partition_is_answered_there() -> None:
    harness = lane()
    harness.feed(evidence("a", PHONE), evidence("b", PHONE))
    harness.flush()
    harness.start()
    harness.feed(evidence("b", partition=3))
    harness.flush()
    assert answers(harness)[2:] == [(3, "b", "cu_a", 1)]


def test_evidence_from_a_partition_that_the_head_has_not_is_a_dead_letter() -> None:
    harness = lane()
    harness.feed(evidence("a", partition=4))
    harness.flush()
    assert b"intake.event-accepted.v1 has 4: no answer would arrive" in reasons_of_death(harness)


def test_evidence_without_a_party_is_a_dead_letter() -> None:
    harness = lane()
    harness.feed(evidence(""))
    harness.flush()
    assert b"lacks its organisation, its party" in reasons_of_death(harness)


def test_another_event_than_evidence_is_a_dead_letter() -> None:
    harness = lane()
    harness.feed(Event(event_id="t", timeline="live", occurred_at_us=AT_US, tick=Tick()))
    harness.flush()
    assert b"'t' holds no evidence_found" in reasons_of_death(harness)


def test_an_answer_brings_the_customer_to_the_lane_where_the_party_writes() -> None:
    resolver = lane()
    assign = LaneHarness(assign_spec(), AssignParties, partitions=range(4))
    resolver.feed(evidence("a", PHONE), evidence("b", PHONE, partition=2))
    resolver.flush()
    for output in resolver.written(HEAD_TOPIC):
        assign.feed(value=output.value, partition=output.partition)
        assign.feed(value=output.value, partition=output.partition)
    message = Event(
        event_id="1",
        organisation_id="acme",
        channel="x",
        timeline="live",
        occurred_at_us=AT_US,
        party_key="b",
    )
    assign.feed(message, partition=2)
    assign.flush()
    assert [event.WhichOneof("body") for event in assign.events()[:2]] == ["party_assigned"] * 2
    assert assign.events()[-1].assignment.customer_id == "cu_a"
    assert not assign.events()[-1].assignment.provisional


# -- crashes -------------------------------------------------------------------------------------

identifiers = st.one_of(
    st.tuples(st.just("phone"), st.sampled_from(["139 1234 5621", "+8613912345622", "0000000"])),
    st.tuples(st.just("email"), st.sampled_from(["a@mail.example", "B@mail.example"])),
    st.tuples(st.just("crm_id"), st.sampled_from(["C1", "C2"])),
)
some_evidence = st.builds(
    lambda party, told, partition: evidence(party, *told, partition=partition),
    st.sampled_from("abcdef"),
    st.lists(identifiers, max_size=2),
    st.integers(0, 3),
)
records = st.lists(some_evidence, min_size=1, max_size=4)
# A record, and how the flush after it ends; None = no flush.
story = st.lists(
    st.tuples(records, st.sampled_from([None, None, "flushed", *Instant])), max_size=25
)


@settings(max_examples=60, deadline=None)
@given(story)
def test_whatever_dies_when_the_answers_are_those_of_one_quiet_run(
    taken_once: Callable[[Sequence[Output]], list[Event]],
    story: list[tuple[list[Event], Instant | str | None]],
) -> None:
    calm, stormy = lane(), lane()
    for offset, (events, flush) in enumerate(story):
        for part, event in enumerate(events):
            event.source.CopyFrom(
                Source(topic="intake.event-accepted.v1", generation=1, offset=offset, part=part)
            )
        for harness in (calm, stormy):
            harness.feed(*events)
        if flush is not None:
            stormy.flush(dying=flush if isinstance(flush, Instant) else None)
    calm.flush()
    stormy.flush()
    for partition in range(4):
        told_calmly, told_stormily = (
            taken_once([o for o in harness.written(HEAD_TOPIC) if o.partition == partition])
            for harness in (calm, stormy)
        )
        assert told_stormily == told_calmly
    assert stormy.changelog == calm.changelog
