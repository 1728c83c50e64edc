"""Says why two records are one customer's, or why they are not, in words and bits."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from services.identity.matching.resolver import Evidence, Resolver


@dataclass(frozen=True, slots=True)
class Weighed:
    """One attribute's part; ``bits`` above zero speak for one customer."""

    attribute: str
    agreement: str
    bits: float


@dataclass(frozen=True, slots=True)
class PairExplanation:
    attributes: tuple[Weighed, ...]
    # How unlikely it is that two records taken at random are one customer's, and the threshold.
    bias_bits: float
    shared_identifiers: tuple[str, ...]
    # What forbids the join, whatever is alike; empty when nothing does.
    vetoes: tuple[str, ...]

    @property
    def total_bits(self) -> float:
        return round(self.bias_bits + sum(each.bits for each in self.attributes), 2)


def explain_pair(resolver: Resolver, a: int, b: int) -> PairExplanation:
    """Weigh two records against each other, attribute by attribute."""
    scorer = resolver.scorer
    weighed = []
    for at, (first, second) in enumerate(zip(resolver.rows[a], resolver.rows[b], strict=True)):
        if first >= 0 and second >= 0:
            comparison = scorer.model.comparisons[at]
            level = comparison.level(scorer.value(at, first), scorer.value(at, second))
            bits = round(scorer.weight(at, first, second), 2)
            weighed.append(Weighed(comparison.name, comparison.levels[level], bits))
    return PairExplanation(
        tuple(weighed),
        round(resolver.bias, 2),
        tuple(_shared(resolver, a, b)),
        tuple(resolver.vetoes(a, b)),
    )


def _shared(resolver: Resolver, a: int, b: int) -> list[str]:
    own = [each.identifier for each in resolver.sightings.get(a, ())]
    others = [each.identifier for each in resolver.sightings.get(b, ())]
    return [
        f"{each.kind}, shared by too many to say anything"
        if each in resolver.carriers.generic
        else each.kind
        for each in own
        if each in others
    ]


def path(resolver: Resolver, a: int, b: int) -> list[Evidence] | None:
    """Return the evidence that leads from one record of a customer to another, step by step.

    ``None`` when they are not one customer's.
    """
    members = resolver.customers.members[resolver.customers.of_record[a]]
    if b not in members:
        return None
    steps: dict[int, list[Evidence]] = {each: [] for each in members}
    for evidence in tree(resolver, members):
        steps[evidence.record].append(evidence)
        steps[evidence.other].append(evidence)
    came_by: dict[int, Evidence | None] = {a: None}
    waiting = deque([a])
    while b not in came_by:
        record = waiting.popleft()
        for evidence in steps[record]:
            other = evidence.other if evidence.record == record else evidence.record
            if other not in came_by:
                came_by[other] = evidence
                waiting.append(other)
    found: list[Evidence] = []
    record = b
    while (step := came_by[record]) is not None:
        found.append(step)
        record = step.other if step.record == record else step.record
    return found[::-1]


def tree(resolver: Resolver, members: Sequence[int]) -> list[Evidence]:
    """Tie a customer's records together, each by the strongest there is, from the oldest on."""
    tied, left = [members[0]], list(members[1:])
    ties: list[Evidence] = []
    while left:
        found = [resolver.strongest(record, tied) for record in left]
        best = max(
            found, key=lambda each: (each.is_by_hand, each.identifier is not None, each.bits)
        )
        ties.append(best)
        tied.append(best.record)
        left.remove(best.record)
    return ties
