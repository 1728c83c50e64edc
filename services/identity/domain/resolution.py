"""Takes evidence, decides anew about the parties it touches, says whom to tell."""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass
from typing import Protocol

from services.identity.domain.clusters import Cluster, cluster
from services.identity.domain.identifiers import Identifier, in_words
from services.identity.domain.parties import (
    Carriers,
    Customer,
    Evidence,
    Party,
    new_party,
    take_evidence,
)

# An identifier that more parties carry than this belongs to a shop, a family or a form.
MAX_CARRIERS = 50

ALONE_AGAIN = "what joined it turned out to be shared by different people"


class IdentityGraph(Protocol):
    """One organisation's parties. What was read may be changed in place; ``put`` it afterwards."""

    def party(self, party_key: str) -> Party | None: ...

    def put_party(self, party: Party) -> None: ...

    def carriers(self, identifier: str) -> Carriers | None: ...

    def put_carriers(self, identifier: str, carriers: Carriers) -> None: ...

    def customer(self, customer_id: str) -> Customer | None: ...

    def put_customer(self, customer_id: str, customer: Customer) -> None: ...

    def next_position(self) -> int:
        """Return 0, 1, 2, … on each call."""
        ...


@dataclass(frozen=True, slots=True)
class Decision:
    """A party's customer, to be told in one partition of the head."""

    party_key: str
    channel: str
    customer_id: str
    version: int
    reason: str
    lane_partition: int


def resolve(evidence: Evidence, graph: IdentityGraph) -> list[Decision]:
    """Take the evidence; return what changed, the oldest party first.

    The parties that share identifiers with this one, directly or through others, are clustered
    anew. A customer keeps the id of its oldest party; a party that is alone and always was needs
    no decision: its provisional id stands.
    """
    party = graph.party(evidence.party_key)
    is_new = party is None
    if party is None:
        party = new_party(evidence, graph.next_position())
        graph.put_customer(party.customer_id, Customer(party.party_key, [party.party_key]))
    is_elsewhere = evidence.lane_partition not in party.lane_partitions
    crm_ids = len(party.crm_ids)
    new = take_evidence(party, evidence)
    graph.put_party(party)
    told_here = party.version
    decisions: list[Decision] = []
    if new or len(party.crm_ids) > crm_ids:
        decisions = _decide(party, _carry(party, new, graph), graph)
    if is_elsewhere and not is_new and party.version == told_here > 0:
        decisions.append(_tell(party, evidence.lane_partition))
    return decisions


def _carry(party: Party, new: list[Identifier], graph: IdentityGraph) -> dict[str, list[str]]:
    """List the party with its new identifiers; return the carriers of those turned generic."""
    turned: dict[str, list[str]] = {}
    for text in map(str, new):
        carriers = graph.carriers(text) or Carriers()
        if carriers.generic:
            continue
        insort(carriers.party_keys, party.party_key)
        if len(carriers.party_keys) > MAX_CARRIERS:
            turned[text] = carriers.party_keys
            carriers = Carriers(generic=True)
        graph.put_carriers(text, carriers)
    return turned


def _decide(party: Party, turned: dict[str, list[str]], graph: IdentityGraph) -> list[Decision]:
    parties, generic = _connected(party, turned, graph)
    before = {each.customer_id for each in parties.values()}
    decisions: list[Decision] = []
    changed: list[Party] = []
    after: set[str] = set()
    for each in cluster(parties.values(), generic):
        members = sorted((parties[key] for key in each.party_keys), key=lambda one: one.position)
        customer_id = members[0].provisional_customer_id
        after.add(customer_id)
        _keep(
            customer_id, Customer(members[0].party_key, [one.party_key for one in members]), graph
        )
        changed += _assign(customer_id, members, each, graph)
    for customer_id in sorted(before - after):
        merged = graph.customer(customer_id)
        assert merged is not None, customer_id
        _keep(customer_id, Customer(merged.born_with, []), graph)
    for member in sorted(changed, key=lambda one: one.position):
        decisions += [_tell(member, partition) for partition in member.lane_partitions]
    return decisions


def _connected(
    party: Party, turned: dict[str, list[str]], graph: IdentityGraph
) -> tuple[dict[str, Party], set[str]]:
    """Return every party reached through identifiers, and which of these are generic.

    Those that turned generic just now are followed once more: what they joined comes apart.
    """
    parties = {party.party_key: party}
    generic: set[str] = set()
    followed: set[str] = set()
    waiting = [party]
    while waiting:
        for text in waiting.pop().identifiers:
            if text in followed:
                continue
            followed.add(text)
            carriers = graph.carriers(text)
            assert carriers is not None, text
            if carriers.generic:
                generic.add(text)
            for key in turned.get(text, carriers.party_keys):
                if key not in parties:
                    found = graph.party(key)
                    assert found is not None, key
                    parties[key] = found
                    waiting.append(found)
    return parties, generic


def _assign(
    customer_id: str, members: list[Party], joined: Cluster, graph: IdentityGraph
) -> list[Party]:
    """Give the members their customer; return those for whom this is a new decision."""
    changed: list[Party] = []
    for member in members:
        identifier = joined.joined_by.get(member.party_key)
        if identifier is not None:
            reason = in_words(identifier)
        else:
            reason = ALONE_AGAIN if member.version else ""
        is_news = member.customer_id != customer_id or (member.version == 0 and len(members) > 1)
        if is_news:
            member.version += 1
            member.customer_id = customer_id
            changed.append(member)
        if is_news or member.reason != reason:
            member.reason = reason
            graph.put_party(member)
    return changed


def _keep(customer_id: str, customer: Customer, graph: IdentityGraph) -> None:
    if graph.customer(customer_id) != customer:
        graph.put_customer(customer_id, customer)


def _tell(party: Party, lane_partition: int) -> Decision:
    return Decision(
        party.party_key,
        party.channel,
        party.customer_id,
        party.version,
        party.reason,
        lane_partition,
    )
