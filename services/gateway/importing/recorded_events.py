"""From a file's records to events on the file's own timeline."""

from __future__ import annotations

from careline.event.v1.event_pb2 import (
    Event,
    Identifier,
    Message,
    StatusChanged,
    Tick,
    TimelineEnded,
    TimelineStarted,
)
from services.gateway.bodies import AUTHOR_KINDS, STATUSES
from services.gateway.domain.keys import PartyKeys, thread_key
from services.gateway.replay.records import ReplayMessage, ReplayRecord


class RecordedEvents:
    """Makes the events of one run. The same file gives the same bytes but for the run's id.

    Hence a recorded event was accepted when it occurred, and belongs to no trace.
    """

    def __init__(self, timeline: str, run_id: str, party_keys: PartyKeys) -> None:
        self._timeline = timeline
        self._run_id = run_id
        self._party_keys = party_keys

    def of_record(self, record: ReplayRecord) -> Event:
        event = Event(
            event_id=record.event_id,
            organisation_id=record.organisation_id,
            brand_id=record.brand_id,
            channel=record.channel,
            account_id=record.account_id,
            timeline=self._timeline,
            occurred_at_us=record.occurred_at_us,
            accepted_at_us=record.occurred_at_us,
            thread_key=thread_key(record.organisation_id, record.channel, record.thread_key),
        )
        if not isinstance(record, ReplayMessage):
            event.status_changed.CopyFrom(
                StatusChanged(
                    status=STATUSES[record.status],
                    assignee=record.assignee,
                    priority=record.priority,
                )
            )
            return event
        event.party_key = self._party_keys.of(
            record.organisation_id, record.channel, record.author_id
        )
        event.message.CopyFrom(
            Message(
                message_id=record.message_id,
                author_kind=AUTHOR_KINDS[record.author_kind],
                # An agent's account is the organisation's own; a customer's is personal.
                author_name=record.author_name
                or (record.author_id if record.author_kind == "agent" else ""),
                text=record.text,
                reply_to_message_id=record.reply_to_message_id,
                identifiers=[
                    Identifier(kind=kind, value=value)
                    for kind, value in (("phone", record.phone), ("email", record.email))
                    if value
                ],
            )
        )
        return event

    def tick(self, partition: int, at_us: int) -> Event:
        return self._bare(f"tick/{self._timeline}/{partition}/{at_us}", at_us, tick=Tick())

    def started(self, partition: int, at_us: int) -> Event:
        return self._bare(
            f"started/{self._run_id}/{partition}",
            at_us,
            timeline_started=TimelineStarted(run_id=self._run_id),
        )

    def ended(self, partition: int, at_us: int) -> Event:
        return self._bare(
            f"ended/{self._run_id}/{partition}",
            at_us,
            timeline_ended=TimelineEnded(run_id=self._run_id),
        )

    def _bare(
        self,
        event_id: str,
        at_us: int,
        *,
        tick: Tick | None = None,
        timeline_started: TimelineStarted | None = None,
        timeline_ended: TimelineEnded | None = None,
    ) -> Event:
        return Event(
            event_id=event_id,
            timeline=self._timeline,
            occurred_at_us=at_us,
            accepted_at_us=at_us,
            tick=tick,
            timeline_started=timeline_started,
            timeline_ended=timeline_ended,
        )
