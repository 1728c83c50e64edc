from __future__ import annotations

import os
import random

import pytest

from services.identity.domain.cores import Core, Sighting, cores_of
from services.identity.domain.identifier_rules import DEFAULT_RULES, RulesError, parse
from services.identity.domain.identifiers import Identifier
from services.identity.domain.sightings import CarrierIndex, meaningful

DAY_US = 86_400_000_000
# 10,000 by default; a nightly run may ask for more.
CASES = int(os.environ.get("CARELINE_IDENTITY_CASES", "10000"))

PLACEHOLDERS = (
    ("email", "test@test.com"),
    ("email", "null@null.com"),
    ("email", "noreply@shop.example"),
    ("phone", "+8613800138000"),
    ("phone", "+10000000000"),
    ("crm_id", "null"),
    ("crm_id", "0000"),
    ("crm_id", "anonymous"),
    ("unionid", "undefined"),
)


def seen(kind: str, value: str, day: int = 0) -> Sighting:
    return Sighting(Identifier(kind, value), day * DAY_US)


def parts(cores: list[Core]) -> list[list[int]]:
    return sorted(core.parties for core in cores)


def test_two_crm_ids_veto_a_shared_phone() -> None:
    phone = seen("phone", "+447700900123")
    found = cores_of(
        {0: [seen("crm_id", "A"), phone], 1: [seen("crm_id", "B"), phone], 2: [phone]},
        DEFAULT_RULES,
    )
    assert parts(found.cores) == [[0], [1], [2]]
    assert found.demoted == [phone.identifier]


def test_a_demoted_phone_leaves_the_e_mail_to_join() -> None:
    phone, mail = seen("phone", "+447700900123"), seen("email", "ada@mail.example")
    found = cores_of(
        {
            0: [seen("unionid", "A"), phone, mail],
            1: [seen("unionid", "B"), phone],
            2: [phone, mail],
        },
        DEFAULT_RULES,
    )
    assert parts(found.cores) == [[0, 2], [1]]


def test_a_number_unseen_for_its_window_may_be_somebody_elses() -> None:
    found = cores_of(
        {
            0: [seen("phone", "+447700900123", day=0)],
            1: [seen("phone", "+447700900123", day=30)],
            2: [seen("phone", "+447700900123", day=900)],
        },
        DEFAULT_RULES,
    )
    assert parts(found.cores) == [[0, 1], [2]]


def test_more_values_than_the_limit_are_not_joined() -> None:
    rules = parse({"identifiers": [{"kind": "cookie"}, {"kind": "phone", "limit": 2}]})
    cookie = seen("cookie", "c")
    found = cores_of({n: [cookie, seen("phone", str(n))] for n in range(3)}, rules)
    assert parts(found.cores) == [[0], [1], [2]]


def test_what_a_person_set_apart_no_identifier_joins() -> None:
    phone = seen("phone", "+447700900123")
    apart = cores_of({0: [phone], 1: [phone]}, DEFAULT_RULES, apart=[(0, 1)])
    assert parts(apart.cores) == [[0], [1]]


def test_a_party_that_claims_two_unique_ids_is_joined_to_nobody() -> None:
    impostor = [seen("crm_id", "A"), seen("crm_id", "B")]
    found = cores_of({0: [seen("crm_id", "A")], 1: impostor}, DEFAULT_RULES)
    assert parts(found.cores) == [[0], [1]]


def test_a_value_that_too_many_share_turns_generic_and_all_its_carriers_are_named() -> None:
    rules = parse({"identifiers": [{"kind": "device", "carriers": 3}]})
    index = CarrierIndex(rules)
    tablet = seen("device", "tablet")
    for party in range(3):
        index.add(party, [tablet])
    assert index.add(3, [tablet]) == [0, 1, 2]
    assert tablet.identifier in index.generic
    assert index.add(4, [tablet]) == []


@pytest.mark.parametrize(("kind", "value"), PLACEHOLDERS)
def test_a_placeholder_identifies_nobody(kind: str, value: str) -> None:
    assert meaningful([Identifier(kind, value)]) == []


def test_rules_name_the_place_of_a_mistake() -> None:
    with pytest.raises(RulesError, match=r"identifiers\[0\]\.limit must be a whole number"):
        parse({"identifiers": [{"kind": "phone", "limit": -1}]})
    with pytest.raises(RulesError, match=r"identifiers\[1\] has 'uniqe'"):
        parse({"identifiers": [{"kind": "phone"}, {"kind": "crm_id", "uniqe": True}]})


def test_no_seeded_case_joins_two_unique_ids_and_order_never_matters() -> None:
    for seed in range(CASES):
        chance = random.Random(seed)
        parties = case(chance)
        found = cores_of(parties, DEFAULT_RULES)
        for core in found.cores:
            if len(core.parties) == 1:
                continue
            for kind in ("crm_id", "unionid"):
                values = {
                    each.identifier.value
                    for party in core.parties
                    for each in parties[party]
                    if each.identifier.kind == kind
                }
                assert len(values) <= 1, (seed, core)
        numbers = list(parties)
        chance.shuffle(numbers)
        again = cores_of({number: parties[number] for number in numbers}, DEFAULT_RULES)
        assert parts(again.cores) == parts(found.cores), seed


def case(chance: random.Random) -> dict[int, list[Sighting]]:
    """Return one of: shared phone, shared tablet, recycled number, impersonation, placeholders."""
    people = chance.randrange(2, 4)
    sightings = [
        [seen(chance.choice(("crm_id", "unionid")), f"u{person}")] if chance.random() < 0.8 else []
        for person in range(people)
        for _ in range(chance.randrange(1, 3))
    ]
    shared = chance.choice(
        (
            [("phone", "+447700900123")],
            [("device", "tablet"), ("cookie", "c1")],
            [("phone", "+447700900123"), ("email", "family@mail.example")],
            [("email", "victim@mail.example"), ("crm_id", "u0")],
            [chance.choice(PLACEHOLDERS)],
        )
    )
    for carried in sightings:
        for kind, value in shared:
            if chance.random() < 0.7:
                meant = meaningful([Identifier(kind, value)])
                carried += [Sighting(each, chance.randrange(1000) * DAY_US) for each in meant]
        if chance.random() < 0.3:
            carried.append(seen("email", f"x{chance.randrange(3)}@mail.example"))
    return dict(enumerate(sightings))


def test_every_pair_within_a_core_is_linked_by_a_path() -> None:
    mail, phone = seen("email", "ada@mail.example"), seen("phone", "+447700900123")
    (core,) = cores_of({0: [mail], 1: [mail, phone], 2: [phone]}, DEFAULT_RULES).cores
    assert [(link.a, link.b) for link in core.links] == [(0, 1), (1, 2)]
    assert [link.identifier for link in core.links] == [mail.identifier, phone.identifier]
