"""The examples in ``proto/examples`` are what the topics' schemas take, without a rest."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.protobuf import json_format
from google.protobuf.message import Message

from careline.event.v1.event_pb2 import Event, EventBatch
from services.kernel.topics import declared_topics, topic

REPOSITORY = Path(__file__).resolve().parents[3]
EXAMPLES = REPOSITORY / "proto" / "examples"
FILES = sorted(EXAMPLES.rglob("*.json"))

LIVE = "live"
YEAR_2000_US = 946_684_800_000_000
YEAR_2100_US = 4_102_444_800_000_000
# They tell of a timeline or of an organisation's customer, and stand in no thread.
WITHOUT_THREAD = {"tick", "timeline_started", "timeline_ended", "party_assigned", "evidence_found"}
WITHOUT_ORGANISATION = {"tick", "timeline_started", "timeline_ended"}
# What each lane has added by the time its events are written.
PARTS = {
    "identity.event-identified.v1": {"assignment"},
    "insight.event-understood.v1": {"assignment", "understanding"},
    "conversation.event-recorded.v1": {"assignment", "understanding", "conversation"},
    "sla.event-clocked.v1": {"assignment", "understanding", "conversation", "sla"},
}

each_file = pytest.mark.parametrize(
    "path", FILES, ids=lambda path: path.relative_to(EXAMPLES).as_posix()
)


def topic_of(path: Path) -> str:
    """``<topic without its version>/<version>/<example>.json``"""
    name, version, _ = path.relative_to(EXAMPLES).parts
    return f"{name}.{version}"


def parse(path: Path) -> EventBatch:
    """Read an example by the schema that its topic's declaration names; refuse unknown fields."""
    package, _, name = topic(topic_of(path)).schema.rpartition(".")
    assert (package, name) == ("careline.event.v1", "EventBatch"), "another schema has other basics"
    schema: type[EventBatch] = getattr(importlib.import_module(f"{package}.event_pb2"), name)
    return json_format.Parse(path.read_text(encoding="utf-8"), schema())


def test_every_topic_of_events_has_an_example_and_no_other_topic_has() -> None:
    schema = EventBatch.DESCRIPTOR.full_name
    wanted = {name for name, one in declared_topics().items() if one.schema == schema}
    assert {topic_of(path) for path in FILES} == wanted


@each_file
def test_an_example_survives_bytes_and_json(path: Path) -> None:
    batch = parse(path)
    assert batch.events
    assert EventBatch.FromString(batch.SerializeToString()) == batch
    assert json_format.Parse(json_format.MessageToJson(batch), EventBatch()) == batch


def test_a_field_that_the_schema_lacks_is_refused() -> None:
    with pytest.raises(json_format.ParseError, match="no field named"):
        json_format.Parse('{"events": [{"surprise": 1}]}', EventBatch())


@each_file
def test_every_event_has_an_id_of_its_own_a_timeline_and_times(path: Path) -> None:
    events = parse(path).events
    ids = [event.event_id for event in events]
    assert all(ids)
    assert len(set(ids)) == len(ids)
    for event in events:
        assert event.timeline, event.event_id
        assert YEAR_2000_US < event.occurred_at_us < YEAR_2100_US, event.event_id
        if event.timeline == LIVE:
            assert event.occurred_at_us <= event.accepted_at_us, event.event_id
        else:
            assert event.occurred_at_us == event.accepted_at_us, event.event_id


@each_file
def test_every_event_has_a_body_and_the_keys_that_it_needs(path: Path) -> None:
    for event in parse(path).events:
        body = event.WhichOneof("body")
        assert body, event.event_id
        if body not in WITHOUT_ORGANISATION:
            assert event.organisation_id, event.event_id
            assert event.channel, event.event_id
        if body in WITHOUT_THREAD:
            assert not event.thread_key, event.event_id
        else:
            start = f"{event.organisation_id}/{event.channel}/"
            assert event.thread_key.startswith(start), event.event_id
            assert event.thread_key != start, event.event_id
        if body == "message":
            assert event.party_key, event.event_id


@each_file
def test_an_event_carries_the_parts_of_the_lanes_it_came_through(path: Path) -> None:
    parts = set().union(*map(_parts, parse(path).events))
    wanted = PARTS.get(topic_of(path), set())
    assert parts <= wanted
    if any(event.thread_key and event.timeline == LIVE for event in parse(path).events):
        assert parts == wanted


@each_file
def test_an_example_names_its_enumerations(path: Path) -> None:
    """An unspecified value, or a number that has no name, would be a poor example."""
    assert [*_nameless(parse(path))] == []


def test_together_they_show_every_kind_of_body() -> None:
    shown = {event.WhichOneof("body") for path in FILES for event in parse(path).events}
    assert shown == {field.name for field in Event.DESCRIPTOR.oneofs_by_name["body"].fields}


def test_together_they_show_what_is_taken_back() -> None:
    events = [event for path in FILES for event in parse(path).events]
    signs = {fact.sign for event in events for fact in event.conversation.facts}
    clock_signs = {told.sign for event in events for told in event.sla.events}
    assert signs == clock_signs == {1, -1}


def _parts(event: Event) -> set[str]:
    return {
        name
        for name in ("assignment", "understanding", "conversation", "sla")
        if event.HasField(name)
    }


def _nameless(message: Message) -> Iterator[str]:
    for field, value in message.ListFields():
        values = value if field.is_repeated else [value]
        if field.enum_type is not None:
            known = field.enum_type.values_by_number
            yield from (f"{field.full_name}={v}" for v in values if v == 0 or v not in known)
        elif field.message_type is not None and not field.message_type.GetOptions().map_entry:
            for each in values:
                yield from _nameless(each)
