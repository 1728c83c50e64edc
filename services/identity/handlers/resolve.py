"""The resolver lane's use case: take evidence, tell the head whose customer changed."""

from __future__ import annotations

from careline.event.v1.event_pb2 import Event
from careline.identity.v1.assignment_pb2 import EvidenceFound, PartyAssigned
from services.identity.domain import identifiers
from services.identity.domain.identifiers import CRM_ID, EMAIL, PHONE, Identifier
from services.identity.domain.parties import Carriers, Customer, Evidence, Party
from services.identity.domain.resolution import Decision, resolve
from services.identity.handlers.assign import party_id
from services.identity.ports import PhoneNumbers
from services.kernel.lane.stage import InvalidEventError, Stage, Turn
from services.kernel.lane.state import table_of
from services.kernel.telemetry import metrics
from services.kernel.topics import topic

HEAD_TOPIC = "intake.event-accepted.v1"

GRAPH_PARTIES = table_of("parties", Party)
GRAPH_CARRIERS = table_of("carriers", Carriers)
GRAPH_CUSTOMERS = table_of("customers", Customer)
GRAPH_SIZES = table_of("sizes", int)


def customer_key(organisation_id: str, customer_id: str) -> str:
    return f"{organisation_id}/{customer_id}"


class ResolveParties(Stage):
    """One writer per organisation; what it decides is what the evidence says, in any order."""

    def __init__(self, phone_numbers: PhoneNumbers) -> None:
        self._phone_numbers = phone_numbers
        self._head_partitions = topic(HEAD_TOPIC).partitions

    def on_event(self, event: Event, turn: Turn) -> None:
        evidence = self._read(event)
        decisions = resolve(evidence, _Graph(event.organisation_id, turn))
        for decision in decisions:
            turn.send(HEAD_TOPIC, decision.lane_partition, _answer(decision, event))
        metrics.IDENTITY_DECISIONS.inc(len(decisions))

    def _read(self, event: Event) -> Evidence:
        found = event.evidence_found
        if event.WhichOneof("body") != "evidence_found":
            raise InvalidEventError(
                f"{event.event_id!r} holds no evidence_found: the assign lane alone writes here"
            )
        if not event.organisation_id or not found.party_key or not found.provisional_customer_id:
            raise InvalidEventError(
                f"evidence {event.event_id!r} lacks its organisation, its party or the party's "
                "provisional customer"
            )
        if found.lane_partition >= self._head_partitions:
            raise InvalidEventError(
                f"evidence {event.event_id!r} is from partition {found.lane_partition}, but "
                f"{HEAD_TOPIC} has {self._head_partitions}: no answer would arrive"
            )
        return Evidence(
            party_key=found.party_key,
            provisional_customer_id=found.provisional_customer_id,
            channel=event.channel,
            display_name=found.display_name,
            lane_partition=found.lane_partition,
            identifiers=self._joining(found),
            crm_ids=tuple(
                value
                for told in found.identifiers
                if told.kind == CRM_ID and (value := identifiers.crm_id(told.value))
            ),
        )

    def _joining(self, found: EvidenceFound) -> tuple[Identifier, ...]:
        read = [self._normal_form(told.kind, told.value) for told in found.identifiers]
        return tuple(identifier for identifier in read if identifier is not None)

    def _normal_form(self, kind: str, value: str) -> Identifier | None:
        if kind == EMAIL:
            return identifiers.email(value)
        number = self._phone_numbers.e164(value) if kind == PHONE else None
        return None if number is None else identifiers.phone(number)


class _Graph:
    """Satisfies :class:`services.identity.domain.resolution.IdentityGraph` from a lane's tables."""

    def __init__(self, organisation_id: str, turn: Turn) -> None:
        self._organisation_id = organisation_id
        self._parties = turn.table(GRAPH_PARTIES)
        self._carriers = turn.table(GRAPH_CARRIERS)
        self._customers = turn.table(GRAPH_CUSTOMERS)
        self._sizes = turn.table(GRAPH_SIZES)

    def party(self, party_key: str) -> Party | None:
        return self._parties.get(party_id(self._organisation_id, party_key))

    def put_party(self, party: Party) -> None:
        self._parties.put(party_id(self._organisation_id, party.party_key), party)

    def carriers(self, identifier: str) -> Carriers | None:
        return self._carriers.get(f"{self._organisation_id}/{identifier}")

    def put_carriers(self, identifier: str, carriers: Carriers) -> None:
        self._carriers.put(f"{self._organisation_id}/{identifier}", carriers)

    def customer(self, customer_id: str) -> Customer | None:
        return self._customers.get(customer_key(self._organisation_id, customer_id))

    def put_customer(self, customer_id: str, customer: Customer) -> None:
        self._customers.put(customer_key(self._organisation_id, customer_id), customer)

    def next_position(self) -> int:
        position = self._sizes.get(self._organisation_id) or 0
        self._sizes.put(self._organisation_id, position + 1)
        return position


def _answer(decision: Decision, evidence: Event) -> Event:
    """Return the decision as an event of the head, at the time of what it was decided upon."""
    return Event(
        event_id=f"assigned/{decision.party_key}/{decision.version}/{decision.lane_partition}",
        organisation_id=evidence.organisation_id,
        channel=decision.channel,
        timeline=evidence.timeline,
        occurred_at_us=evidence.occurred_at_us,
        accepted_at_us=evidence.accepted_at_us,
        traceparent=evidence.traceparent,
        party_assigned=PartyAssigned(
            party_key=decision.party_key,
            customer_id=decision.customer_id,
            version=decision.version,
            reason=decision.reason,
        ),
    )
