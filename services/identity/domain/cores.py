"""Which parties are one customer by their identifiers.

A function of what is known, not of the order it came in.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from services.identity.domain.identifier_rules import IdentifierRules
from services.identity.domain.identifiers import Identifier


@dataclass(frozen=True, slots=True, order=True)
class Sighting:
    """A party carried an identifier, last at this instant."""

    identifier: Identifier
    at_us: int = 0


@dataclass(frozen=True, slots=True, order=True)
class Link:
    """Why two parties are one customer: an identifier of both."""

    a: int
    b: int
    identifier: Identifier


@dataclass(slots=True)
class Core:
    """Parties that are one customer beyond what is merely likely."""

    parties: list[int]
    links: list[Link] = field(default_factory=list)
    # The distinct values by kind: what uniqueness and limits are judged by.
    values: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cores:
    cores: list[Core]
    # Identifiers that would have joined too much: they were left out, the weaker before the rest.
    demoted: list[Identifier]


def cores_of(
    parties: Mapping[int, Sequence[Sighting]],
    rules: IdentifierRules,
    generic: Container[Identifier] = (),
    apart: Iterable[tuple[int, int]] = (),
) -> Cores:
    """Join parties by their identifiers, in the order of priority.

    An identifier joins all that carried it within its window, or, when that would join two values
    of a unique kind or more values than a limit allows, or parties that somebody set apart, none:
    it is demoted, and the others are tried all the same. Parties are numbered by age.
    """
    core_of = {number: _alone(number, parties[number]) for number in sorted(parties)}
    forbidden = sorted(apart)
    carriers: dict[Identifier, list[tuple[int, int]]] = {}
    for number in sorted(parties):
        for sighting in parties[number]:
            identifier = sighting.identifier
            if rules.of(identifier.kind).joins and identifier not in generic:
                carriers.setdefault(identifier, []).append((sighting.at_us, number))
    demoted: list[Identifier] = []
    for identifier in sorted(carriers, key=lambda each: (rules.rank(each.kind), each.value)):
        window_us = rules.of(identifier.kind).window_us
        for group in _within(sorted(carriers[identifier]), window_us):
            is_joined = _join(group, identifier, core_of, rules, forbidden)
            demoted += [] if is_joined else [identifier]
    distinct = {id(core): core for core in core_of.values()}
    return Cores(list(distinct.values()), demoted)


def _alone(number: int, sightings: Sequence[Sighting]) -> Core:
    values: dict[str, list[str]] = {}
    for sighting in sightings:
        kind, value = sighting.identifier.kind, sighting.identifier.value
        if value not in values.setdefault(kind, []):
            values[kind].append(value)
    return Core([number], [], values)


def _within(carriers: Sequence[tuple[int, int]], window_us: int) -> Iterable[list[int]]:
    """Split the carriers, in the order of time, where the identifier rested too long."""
    group = [carriers[0][1]]
    for (before_us, _), (at_us, number) in pairwise(carriers):
        if window_us and at_us - before_us > window_us:
            yield group
            group = []
        group.append(number)
    yield group


def _join(
    numbers: Sequence[int],
    identifier: Identifier,
    core_of: dict[int, Core],
    rules: IdentifierRules,
    forbidden: Sequence[tuple[int, int]],
) -> bool:
    """Join the cores of these parties if the rules allow it; say whether they do."""
    parts = list({id(core_of[number]): core_of[number] for number in numbers}.values())
    if len(parts) == 1:
        return True
    parties = sorted(number for part in parts for number in part.parties)
    values = _united(parts)
    if not fits(values, rules) or any(a in parties and b in parties for a, b in forbidden):
        return False
    ordered = list(dict.fromkeys(sorted(numbers)))
    links = [Link(a, b, identifier) for a, b in pairwise(ordered)]
    joined = Core(parties, sorted_links([*links, *(one for part in parts for one in part.links)]))
    joined.values = values
    for number in parties:
        core_of[number] = joined
    return True


def sorted_links(links: Iterable[Link]) -> list[Link]:
    return sorted(links, key=lambda each: (each.a, each.b, str(each.identifier)))


def _united(parts: Sequence[Core]) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for part in parts:
        for kind in sorted(part.values):
            values[kind] = sorted({*values.get(kind, []), *part.values[kind]})
    return values


def fits(values: Mapping[str, Sequence[str]], rules: IdentifierRules) -> bool:
    """Say whether one customer may have these values."""
    for kind in sorted(values):
        rule = rules.of(kind)
        if (rule.unique and len(values[kind]) > 1) or (
            rule.limit and len(values[kind]) > rule.limit
        ):
            return False
    return True
