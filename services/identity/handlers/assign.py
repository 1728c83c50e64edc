"""The assign lane's use case: drop repeats, say who each event is from, tell the resolver."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from careline.event.v1.event_pb2 import AuthorKind, Event
from careline.identity.v1.assignment_pb2 import EvidenceFound, EvidenceIdentifier
from services.identity.domain import fingerprints
from services.identity.domain.accepted_ids import AcceptedIds
from services.identity.domain.known_parties import KnownParty, learn, tell, unseen_party
from services.identity.domain.run_counts import RunCounts
from services.kernel.lane.stage import InvalidEventError, Stage, Turn
from services.kernel.lane.state import PartitionState, bytes_table, table_of
from services.kernel.partitioning import partition_of
from services.kernel.telemetry import metrics
from services.kernel.topics import topic

EVIDENCE_TOPIC = "identity.evidence-found.v1"

ACCEPTED = bytes_table("accepted")
PARTIES = table_of("parties", KnownParty)
RUNS = table_of("runs", RunCounts)

_NOT_CUSTOMERS = (
    AuthorKind.AUTHOR_KIND_AGENT,
    AuthorKind.AUTHOR_KIND_BOT,
    AuthorKind.AUTHOR_KIND_SYSTEM,
)
# What the organisation itself does: who answers is no customer.
_OWN_BODIES = frozenset({"reply_requested", "reply_progressed"})
# The timeline that never ends: no run of it is counted.
LIVE = "live"

# They steer a timeline, and may come again with the same id.
_WITHOUT_ID = ("tick", "timeline_started", "timeline_ended")


def party_id(organisation_id: str, party_key: str) -> str:
    """Return the key of a party in the tables of both lanes."""
    return f"{organisation_id}/{party_key}"


class _Partition:
    """A partition's tables at hand, and the index of accepted ids over what is stored of them."""

    def __init__(self, state: PartitionState) -> None:
        self.parties = state.table(PARTIES)
        self.runs = state.table(RUNS)
        self.accepted_ids = AcceptedIds(state.table(ACCEPTED).items())
        self.changed_counts: dict[str, RunCounts] = {}
        self.repeats = 0

    def counts(self, timeline: str) -> RunCounts:
        """Return the timeline's counts, to be changed in place; the group's close stores them."""
        counts = self.changed_counts.get(timeline)
        if counts is None:
            counts = self.changed_counts[timeline] = self.runs.get(timeline) or RunCounts()
        return counts


@dataclass(frozen=True, slots=True)
class _Author:
    name: str = ""
    identifiers: Sequence[tuple[str, str]] = ()


_NAMELESS = _Author()


class AssignParties(Stage):
    """Everything goes on but repeats; customers' events carry their assignment."""

    def __init__(self) -> None:
        self._partitions: dict[int, _Partition] = {}
        self._evidence_partitions = topic(EVIDENCE_TOPIC).partitions

    def on_event(self, event: Event, turn: Turn) -> None:
        partition = self._partitions.get(turn.partition)
        if partition is None:
            partition = self._partitions[turn.partition] = _Partition(turn.state)
        body = event.WhichOneof("body")
        if body in _WITHOUT_ID:
            _keep_counts(event, body, partition)
        else:
            _check(event, body)
            if not _accept(event, body, partition, turn):
                return
            if body == "party_assigned":
                _learn(event, partition)
            elif event.party_key and body not in _OWN_BODIES:
                self._assign(event, _author(event, body), partition, turn)
        turn.emit(event)

    def _assign(
        self, event: Event, author: _Author | None, partition: _Partition, turn: Turn
    ) -> None:
        if author is None:
            return
        key = party_id(event.organisation_id, event.party_key)
        party = partition.parties.get(key)
        if party is None or author.identifiers or not party.evidence_sent:
            party = party or unseen_party(event.organisation_id, event.party_key)
            untold = tell(party, author.identifiers)
            if untold or not party.evidence_sent:
                party.evidence_sent += 1
                partition.parties.put(key, party)
                where = partition_of(event.organisation_id, self._evidence_partitions)
                turn.send(EVIDENCE_TOPIC, where, _evidence(event, author.name, party, untold, turn))
        assignment = event.assignment
        assignment.customer_id = party.customer_id
        assignment.provisional = party.provisional

    def on_close(self, partition: int, state: PartitionState) -> None:
        at_hand = self._partitions.get(partition)
        if at_hand is None:
            return
        stored_ids = state.table(ACCEPTED)
        for key, value in at_hand.accepted_ids.changes():
            if value is None:
                stored_ids.delete(key)
            else:
                stored_ids.put(key, value)
        for timeline, counts in at_hand.changed_counts.items():
            at_hand.runs.put(timeline, counts)
        at_hand.changed_counts = {}
        metrics.IDENTITY_REPEATS.inc(at_hand.repeats)
        metrics.IDENTITY_REMEMBERED_IDS.labels(str(partition)).set(len(at_hand.accepted_ids))
        at_hand.repeats = 0

    def on_revoke(self) -> None:
        self._partitions = {}
        metrics.IDENTITY_REMEMBERED_IDS.clear()


def _author(event: Event, body: str | None) -> _Author | None:
    """Return what an event tells of who is behind it; None when that is no customer."""
    if body == "message":
        message = event.message
        if message.author_kind in _NOT_CUSTOMERS:
            return None
        return _Author(message.author_name, [(one.kind, one.value) for one in message.identifiers])
    if body == "customer_acted":
        acted = event.customer_acted
        return _Author(acted.author_name, [(one.kind, one.value) for one in acted.identifiers])
    return _NAMELESS


def _check(event: Event, body: str | None) -> None:
    if not event.event_id or not event.organisation_id:
        missing = "event_id" if event.organisation_id else "organisation_id"
        raise InvalidEventError(
            f"the event has no {missing}: whether it is a repeat cannot be told; its sender must "
            "give one"
        )
    if body == "party_assigned":
        decided = event.party_assigned
        if not decided.party_key or not decided.customer_id or not decided.version:
            raise InvalidEventError(
                f"party_assigned {event.event_id!r} lacks its party, its customer or its version"
            )


def _accept(event: Event, body: str | None, partition: _Partition, turn: Turn) -> bool:
    """Return False for a repeat; count the event for its replay's run either way."""
    event_hash = fingerprints.of_event(event.organisation_id, event.channel, event.event_id)
    is_new = partition.accepted_ids.accept(event_hash, turn.log_time_us)
    if not is_new:
        partition.repeats += 1
    is_of_a_run = event.timeline != LIVE and body != "party_assigned"  # that is our own answer
    if is_of_a_run:
        counts = partition.counts(event.timeline)
        if is_new:
            counts.accepted += 1
        else:
            counts.duplicates += 1
    return is_new


def _keep_counts(event: Event, body: str | None, partition: _Partition) -> None:
    if body == "timeline_started":
        partition.changed_counts[event.timeline] = RunCounts()
    elif body == "timeline_ended":
        counts = partition.counts(event.timeline)
        event.timeline_ended.accepted = counts.accepted
        event.timeline_ended.duplicates = counts.duplicates


def _learn(event: Event, partition: _Partition) -> None:
    decided = event.party_assigned
    key = party_id(event.organisation_id, decided.party_key)
    party = partition.parties.get(key)
    if party is None:
        party = unseen_party(event.organisation_id, decided.party_key)
    if learn(party, decided.customer_id, decided.version):
        partition.parties.put(key, party)


def _evidence(
    event: Event, name: str, party: KnownParty, untold: list[tuple[str, str]], turn: Turn
) -> Event:
    return Event(
        event_id=f"evidence/{event.party_key}/{turn.partition}/{party.evidence_sent}",
        organisation_id=event.organisation_id,
        brand_id=event.brand_id,
        channel=event.channel,
        account_id=event.account_id,
        timeline=event.timeline,
        occurred_at_us=event.occurred_at_us,
        accepted_at_us=event.accepted_at_us,
        traceparent=event.traceparent,
        evidence_found=EvidenceFound(
            party_key=event.party_key,
            provisional_customer_id=fingerprints.provisional_customer_id(
                event.organisation_id, event.party_key
            ),
            lane_partition=turn.partition,
            identifiers=[EvidenceIdentifier(kind=kind, value=value) for kind, value in untold],
            display_name=name,
        ),
    )
