from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from services.identity.domain.cores import Sighting
from services.identity.domain.identifier_rules import parse
from services.identity.domain.identifiers import Identifier
from services.identity.matching.explanation import explain_pair, path
from services.identity.matching.measures import quality
from services.identity.matching.model import Model, dump
from services.identity.matching.resolver import Limits, Resolver, VetoError
from services.identity.matching.running_terms import RunningTerms

Row = dict[str, str]

# A tenth of the pure cases by default: each of these runs the whole resolver.
CASES = int(os.environ.get("CARELINE_IDENTITY_CASES", "10000")) // 10

ADA = {
    "given_name": "adarin", "surname": "garlandby", "dob": "1961-04-17", "city": "york",
    "email": "ada.garlandby@mail.example",
}  # fmt: skip
BEN = {
    "given_name": "bentor", "surname": "hollis", "dob": "1987-11-02", "city": "bath",
    "email": "ben.hollis@mail.example",
}  # fmt: skip
NOTHING: Row = dict.fromkeys(ADA, "")


def seen(kind: str, value: str) -> Sighting:
    return Sighting(Identifier(kind, value))


def streamed(model: Model, rows: list[Row]) -> Resolver:
    resolver = Resolver(model)
    for row in rows:
        resolver.take(row)
    return resolver


def f1(resolver: Resolver, rows: list[Row]) -> float:
    return quality(resolver.customers.of_record, [row["person"] for row in rows]).f1


def test_corrupted_records_find_their_person(model: Model, rows: list[Row]) -> None:
    assert f1(streamed(model, rows), rows) > 0.93


def test_order_of_arrival_matters_little(model: Model, rows: list[Row]) -> None:
    scores = []
    for seed in range(5):
        order = list(rows)
        random.Random(seed).shuffle(order)
        scores.append(f1(streamed(model, order), order))
    assert max(scores) - min(scores) <= 0.01  # of 600 records; the large sets are in the bench


def test_replay_gives_the_same_bytes_whatever_the_seed_of_hashing(
    model: Model, rows: list[Row], tmp_path: Path
) -> None:
    (tmp_path / "model.yaml").write_text(dump(model), encoding="utf-8")
    program = (
        "import sys, json, hashlib\n"
        "from services.identity.matching.model import load\n"
        "from services.identity.matching.resolver import Resolver\n"
        "resolver = Resolver(load(open('model.yaml', encoding='utf-8').read()))\n"
        "for row in json.load(sys.stdin): resolver.take(row)\n"
        "print(hashlib.sha256(resolver.state()).hexdigest())\n"
    )
    import json  # noqa: PLC0415

    root = Path(__file__).parents[3]
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            input=json.dumps(rows),
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(root)},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert digests == {hashlib.sha256(streamed(model, rows).state()).hexdigest()}


def test_a_name_alone_that_many_bear_joins_nobody(model: Model) -> None:
    resolver = Resolver(model)
    name_only = NOTHING | {"given_name": "ada", "surname": "abbot"}
    assert resolver.take(name_only) != resolver.take(name_only)


def test_one_source_has_at_most_one_record_of_a_person(model: Model) -> None:
    resolver = Resolver(model)
    first = resolver.take(ADA, source="crm")
    assert resolver.take(ADA, source="crm") != first
    assert resolver.take(ADA, source="shop") == first


def test_an_identifier_joins_what_attributes_do_not(model: Model) -> None:
    resolver = Resolver(model)
    phone = seen("phone", "+447700900123")
    assert resolver.take(ADA, sightings=[phone]) == resolver.take(NOTHING, sightings=[phone])
    assert [each.identifier for each in path(resolver, 0, 1) or []] == [phone.identifier]


def test_a_pair_is_explained_by_attribute_and_bits(model: Model) -> None:
    resolver = Resolver(model)
    resolver.take(ADA)
    resolver.take(ADA | {"dob": "1961-04-18"})
    resolver.take(BEN)
    found = explain_pair(resolver, 0, 1)
    assert {each.attribute: each.agreement for each in found.attributes} == {
        "given_name": "same",
        "family_name": "same",
        "area": "same city",
        "birth_date": "one digit off",
        "email": "same",
    }
    assert found.total_bits > 0
    assert found.vetoes == ()
    assert explain_pair(resolver, 0, 2).total_bits < 0
    assert path(resolver, 0, 2) is None


def test_an_explanation_names_what_forbids_the_join(model: Model) -> None:
    resolver = Resolver(model)
    resolver.take(ADA, source="crm", sightings=[seen("crm_id", "A")])
    resolver.take(ADA, source="crm", sightings=[seen("crm_id", "B")])
    resolver.say_apart(0, 1)
    assert explain_pair(resolver, 0, 1).vetoes == (
        "somebody set them apart",
        "both are from the source crm, which has a person once",
        "each has a crm_id of its own, which is unique",
    )


def test_every_two_records_of_a_customer_are_joined_by_a_path(
    model: Model, rows: list[Row]
) -> None:
    resolver = streamed(model, rows)
    for members in resolver.customers.members.values():
        for other in members[1:]:
            assert path(resolver, members[0], other)


def test_two_crm_ids_are_two_customers_however_alike(model: Model) -> None:
    resolver = Resolver(model)
    a = resolver.take(ADA, sightings=[seen("crm_id", "A")])
    b = resolver.take(ADA, sightings=[seen("crm_id", "B")])
    assert a != b


def test_a_shared_tablet_turns_generic_and_its_links_are_judged_again(model: Model) -> None:
    rules = parse({"identifiers": [{"kind": "device", "carriers": 2}]})
    resolver = Resolver(model, rules=rules)
    tablet = seen("device", "tablet")
    assert resolver.take(ADA, sightings=[tablet]) == resolver.take(BEN, sightings=[tablet])
    resolver.take(NOTHING, sightings=[tablet])
    of_record = resolver.customers.of_record
    assert len({of_record[0], of_record[1], of_record[2]}) == 3


def test_merge_split_merge_ends_in_the_same_state_and_old_names_answer(model: Model) -> None:
    resolver = Resolver(model)
    a, b = resolver.take(ADA), resolver.take(BEN)
    resolver.say_same(0, 1)
    merged = resolver.state()
    assert resolver.customers.survivor(b) == a
    resolver.unsay(0, 1)
    assert len(resolver.customers.members) == 2
    assert resolver.customers.of_record[0] == a
    resolver.say_same(0, 1)
    assert resolver.state() == merged
    assert resolver.customers.survivor(b) == a


def test_what_a_person_set_apart_stays_apart_until_taken_back(model: Model) -> None:
    resolver = Resolver(model)
    assert resolver.take(ADA) == resolver.take(ADA)
    resolver.say_apart(0, 1)
    assert len(resolver.customers.members) == 2
    resolver.unsay(0, 1)
    assert len(resolver.customers.members) == 1


def test_a_merge_by_hand_throws_nobody_out(model: Model) -> None:
    resolver = Resolver(model)
    for fields in (BEN, ADA, ADA):
        resolver.take(fields)
    resolver.say_same(0, 1)
    assert len(resolver.customers.members) == 1
    assert resolver.take(ADA) == resolver.take(BEN)


def test_a_merge_by_hand_of_two_unique_ids_is_refused_and_changes_nothing(model: Model) -> None:
    resolver = Resolver(model)
    resolver.take(ADA, sightings=[seen("crm_id", "A")])
    resolver.take(BEN, sightings=[seen("crm_id", "B")])
    before = resolver.state()
    with pytest.raises(VetoError, match="correct the identifiers"):
        resolver.say_same(0, 1)
    assert resolver.state() == before


def test_a_split_leaves_the_name_with_the_largest_part(model: Model) -> None:
    resolver = Resolver(model)
    name = resolver.take(BEN)
    resolver.take(ADA)
    resolver.take(ADA)
    resolver.say_same(0, 1)
    assert {resolver.customers.survivor(each) for each in (0, 1)} == {name}
    resolver.unsay(0, 1)
    assert resolver.customers.of_record[1] == resolver.customers.of_record[2] == name
    assert resolver.customers.of_record[0] != name


def test_no_seeded_stream_joins_two_unique_ids(model: Model) -> None:
    for seed in range(CASES):
        chance = random.Random(seed)
        resolver = Resolver(model, Limits(candidates=4))
        ids = []
        for _ in range(chance.randrange(2, 5)):
            sightings = []
            if chance.random() < 0.6:
                sightings.append(seen("crm_id", chance.choice("AB")))
            if chance.random() < 0.6:
                sightings.append(seen("phone", "+447700900123"))
            if chance.random() < 0.3:
                sightings.append(seen("email", chance.choice(("test@test.com", "x@mail.example"))))
            resolver.take(chance.choice((ADA, BEN, NOTHING)), sightings=sightings)
            ids.append({each.identifier.value for each in sightings[:1]} & {"A", "B"})
        for members in resolver.customers.members.values():
            assert len(set().union(*(ids[each] for each in members))) <= 1, seed


def test_term_frequencies_turn_only_at_the_end_of_an_epoch(model: Model) -> None:
    terms = RunningTerms(model, first_epoch=3)
    at = [each.name for each in model.comparisons].index("family_name")
    before = terms.frequency(at, 0, "zzyzx")
    seen_so_far = []
    for _ in range(3):
        terms.count(at, ("zzyzx", "ada"))
        seen_so_far.append((terms.end_record(), terms.frequency(at, 0, "zzyzx")))
    assert seen_so_far[:2] == [(False, before), (False, before)]
    assert seen_so_far[2][0]
    assert seen_so_far[2][1] > before
