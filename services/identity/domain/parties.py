"""What the resolver keeps: parties, the carriers of an identifier, the parties of a customer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain
from typing import TypeVar

from services.identity.domain.identifiers import Identifier

T = TypeVar("T", int, str)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one party told of itself in one partition of the head; identifiers in normal form."""

    party_key: str
    provisional_customer_id: str
    channel: str
    display_name: str
    lane_partition: int
    identifiers: tuple[Identifier, ...] = ()
    crm_ids: tuple[str, ...] = ()


@dataclass(slots=True)
class Party:
    """All lists are sorted and without repeats; ``identifiers`` are those that can join."""

    party_key: str
    # The customer id it was born with; nobody else has it.
    provisional_customer_id: str
    # Counts the organisation's parties in the order of their first evidence in the log.
    position: int
    channel: str
    customer_id: str
    display_name: str = ""
    identifiers: list[str] = field(default_factory=list)
    crm_ids: list[str] = field(default_factory=list)
    # The head's partitions in which the party has appeared.
    lane_partitions: list[int] = field(default_factory=list)
    # Counts the decisions about the party; 0 while nobody had to be told of any.
    version: int = 0
    # Why it belongs to its customer, in words; empty while it is alone.
    reason: str = ""


@dataclass(slots=True)
class Carriers:
    """The parties that carry an identifier, sorted."""

    party_keys: list[str] = field(default_factory=list)
    # Too many carry it: it says nothing, joins nobody, and its parties are no longer listed.
    generic: bool = False


@dataclass(slots=True)
class Customer:
    """A customer id that a party was born with.

    ``party_keys`` are the customer's parties, the oldest first; empty when the id was merged away:
    then the customer of the party that it was born with is the survivor.
    """

    born_with: str
    party_keys: list[str]


def new_party(evidence: Evidence, position: int) -> Party:
    return Party(
        party_key=evidence.party_key,
        provisional_customer_id=evidence.provisional_customer_id,
        position=position,
        channel=evidence.channel,
        customer_id=evidence.provisional_customer_id,
    )


def take_evidence(party: Party, evidence: Evidence) -> list[Identifier]:
    """Add what is new to the party; return the identifiers that it did not carry before."""
    party.display_name = evidence.display_name or party.display_name
    party.lane_partitions = _merged(party.lane_partitions, [evidence.lane_partition])
    party.crm_ids = _merged(party.crm_ids, evidence.crm_ids)
    told = dict.fromkeys(evidence.identifiers)
    new = [each for each in told if str(each) not in party.identifiers]
    party.identifiers = _merged(party.identifiers, map(str, new))
    return new


def _merged(known: list[T], new: Iterable[T]) -> list[T]:
    return sorted(dict.fromkeys(chain(known, new)))
