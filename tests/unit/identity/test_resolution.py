from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.identity.domain import resolution
from services.identity.domain.identifiers import Identifier
from services.identity.domain.parties import Carriers, Customer, Evidence, Party
from services.identity.domain.resolution import ALONE_AGAIN, MAX_CARRIERS, Decision, resolve

PHONE = Identifier("phone", "+8613912345621")
OTHER_PHONE = Identifier("phone", "+8613912345699")
EMAIL = Identifier("email", "li@mail.example")


class Graph:
    """One organisation in memory."""

    def __init__(self) -> None:
        self.parties: dict[str, Party] = {}
        self.identifiers: dict[str, Carriers] = {}
        self.customers: dict[str, Customer] = {}
        self.decisions: list[Decision] = []

    def party(self, party_key: str) -> Party | None:
        return self.parties.get(party_key)

    def put_party(self, party: Party) -> None:
        self.parties[party.party_key] = party

    def carriers(self, identifier: str) -> Carriers | None:
        return self.identifiers.get(identifier)

    def put_carriers(self, identifier: str, carriers: Carriers) -> None:
        self.identifiers[identifier] = carriers

    def customer(self, customer_id: str) -> Customer | None:
        return self.customers.get(customer_id)

    def put_customer(self, customer_id: str, customer: Customer) -> None:
        self.customers[customer_id] = customer

    def next_position(self) -> int:
        return len(self.parties)

    def take(self, *evidence: Evidence) -> list[Decision]:
        decisions = [decision for each in evidence for decision in resolve(each, self)]
        self.decisions += decisions
        return decisions

    def clusters(self) -> set[frozenset[str]]:
        clusters: dict[str, set[str]] = {}
        for key, party in self.parties.items():
            clusters.setdefault(party.customer_id, set()).add(key)
        return {frozenset(keys) for keys in clusters.values()}


def evidence(
    party: str, *identifiers: Identifier, crm: Sequence[str] = (), partition: int = 0
) -> Evidence:
    return Evidence(party, f"cu_{party}", "x", party.upper(), partition, identifiers, tuple(crm))


def told(decisions: list[Decision]) -> list[tuple[str, str, int, int]]:
    return [(one.party_key, one.customer_id, one.version, one.lane_partition) for one in decisions]


# -- examples ------------------------------------------------------------------------------------


def test_a_party_that_is_alone_needs_no_decision() -> None:
    graph = Graph()
    assert graph.take(evidence("a", PHONE), evidence("b", EMAIL)) == []
    assert graph.clusters() == {frozenset("a"), frozenset("b")}


def test_the_same_phone_joins_and_the_older_customer_survives() -> None:
    graph = Graph()
    decisions = graph.take(evidence("b", PHONE), evidence("a", PHONE, partition=2))
    assert told(decisions) == [("b", "cu_b", 1, 0), ("a", "cu_b", 1, 2)]
    assert {one.reason for one in decisions} == {"same phone ending …21"}
    assert graph.customers["cu_b"] == Customer("b", ["b", "a"])
    assert graph.customers["cu_a"] == Customer("a", [])


def test_a_third_party_is_told_and_those_that_stay_are_not() -> None:
    graph = Graph()
    graph.take(evidence("a", PHONE), evidence("b", PHONE, EMAIL))
    decisions = graph.take(evidence("c", EMAIL))
    assert told(decisions) == [("c", "cu_a", 1, 0)]
    assert decisions[0].reason == "same e-mail address l…@mail.example"


def test_two_joined_customers_become_one_and_every_moved_party_is_told() -> None:
    graph = Graph()
    graph.take(evidence("a", PHONE), evidence("b", PHONE))
    graph.take(evidence("c", EMAIL), evidence("d", EMAIL))
    decisions = graph.take(evidence("e", PHONE, EMAIL))
    assert told(decisions) == [("c", "cu_a", 2, 0), ("d", "cu_a", 2, 0), ("e", "cu_a", 1, 0)]
    assert graph.customers["cu_a"].party_keys == list("abcde")


def test_a_known_party_in_a_new_partition_is_told_there_alone() -> None:
    graph = Graph()
    graph.take(evidence("a", PHONE), evidence("b", PHONE))
    assert told(graph.take(evidence("b", partition=3))) == [("b", "cu_a", 1, 3)]
    assert graph.take(evidence("b", partition=3)) == []


def test_a_decision_goes_to_every_partition_where_the_party_appeared() -> None:
    graph = Graph()
    graph.take(evidence("a", partition=1), evidence("a", PHONE, partition=3))
    decisions = graph.take(evidence("b", PHONE))
    assert told(decisions) == [("a", "cu_a", 1, 1), ("a", "cu_a", 1, 3), ("b", "cu_a", 1, 0)]


def test_parties_of_different_crm_ids_are_never_joined() -> None:
    graph = Graph()
    assert graph.take(evidence("a", PHONE, crm=["1"]), evidence("b", PHONE, crm=["2"])) == []
    assert graph.clusters() == {frozenset("a"), frozenset("b")}


def test_a_crm_id_that_comes_later_takes_a_join_back() -> None:
    graph = Graph()
    graph.take(evidence("a", PHONE, crm=["1"]), evidence("b", PHONE))
    decisions = graph.take(evidence("b", crm=["2"]))
    assert told(decisions) == [("b", "cu_b", 2, 0)]
    assert decisions[0].reason == ALONE_AGAIN
    assert graph.customers["cu_a"] == Customer("a", ["a"])
    assert graph.customers["cu_b"] == Customer("b", ["b"])


def test_a_phone_known_to_belong_to_two_says_nothing_about_a_third() -> None:
    graph = Graph()
    graph.take(evidence("a", PHONE, crm=["1"]), evidence("b", PHONE))
    assert told(graph.take(evidence("c", PHONE, crm=["2"]))) == [("b", "cu_b", 2, 0)]
    assert graph.clusters() == {frozenset("a"), frozenset("b"), frozenset("c")}


def test_where_joins_contradict_the_phone_holds() -> None:
    graph = Graph()
    graph.take(evidence("c", EMAIL, crm=["2"]), evidence("b", PHONE, EMAIL))
    graph.take(evidence("a", PHONE, crm=["1"]))
    assert graph.clusters() == {frozenset("ab"), frozenset("c")}


def test_an_identifier_that_too_many_carry_joins_nobody() -> None:
    graph = Graph()
    parties = [f"p{number:02}" for number in range(MAX_CARRIERS + 1)]
    graph.take(*(evidence(party, PHONE) for party in parties[:-1]))
    assert len(graph.clusters()) == 1
    graph.take(evidence(parties[-1], PHONE), evidence("late", PHONE))
    assert len(graph.clusters()) == MAX_CARRIERS + 2
    assert graph.identifiers[str(PHONE)] == Carriers(generic=True)
    assert graph.parties["p07"].reason == ALONE_AGAIN


def test_what_is_known_already_changes_nothing() -> None:
    graph = Graph()
    graph.take(evidence("a", PHONE), evidence("b", PHONE, PHONE))
    before = repr((graph.parties, graph.identifiers, graph.customers))
    assert graph.take(evidence("a", PHONE), evidence("b", PHONE)) == []
    assert repr((graph.parties, graph.identifiers, graph.customers)) == before


# -- invariants ----------------------------------------------------------------------------------

values = st.sampled_from("12345")
joining = st.builds(Identifier, st.sampled_from(["phone", "email"]), values.map("x@y{}".format))
told_of = st.builds(
    evidence,
    st.sampled_from("abcdefgh"),
    joining,
    crm=st.lists(st.sampled_from(["1", "2"]), max_size=1),
    partition=st.integers(0, 3),
)
some_evidence = st.lists(told_of, max_size=25)
quick = settings(max_examples=60, deadline=None)


def resolved(pieces: Sequence[Evidence], max_carriers: int = MAX_CARRIERS) -> Graph:
    graph = Graph()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resolution, "MAX_CARRIERS", max_carriers)
        graph.take(*pieces)
    return graph


@quick
@given(
    some_evidence.flatmap(lambda pieces: st.tuples(st.just(pieces), st.permutations(pieces))),
    st.sampled_from([2, 3, MAX_CARRIERS]),
)
def test_evidence_in_any_order_gives_the_same_customers(
    orders: tuple[list[Evidence], list[Evidence]], max_carriers: int
) -> None:
    first, second = (resolved(pieces, max_carriers) for pieces in orders)
    assert first.clusters() == second.clusters()
    for keys in first.clusters():
        if len(keys) > 1:
            reasons = {key: first.parties[key].reason for key in keys}
            assert reasons == {key: second.parties[key].reason for key in keys}


@quick
@given(some_evidence)
def test_a_customer_never_holds_two_crm_ids_of_different_parties(pieces: list[Evidence]) -> None:
    graph = resolved(pieces)
    for keys in graph.clusters():
        if len(keys) > 1:
            assert len({crm for key in keys for crm in graph.parties[key].crm_ids}) <= 1


@quick
@given(some_evidence)
def test_parties_of_one_customer_share_identifiers_and_its_oldest_party_names_it(
    pieces: list[Evidence],
) -> None:
    graph = resolved(pieces)
    for keys in graph.clusters():
        members = sorted((graph.parties[key] for key in keys), key=lambda one: one.position)
        customer_id = members[0].provisional_customer_id
        assert {member.customer_id for member in members} == {customer_id}
        assert graph.customers[customer_id].party_keys == [one.party_key for one in members]
        for other in members[1:]:
            assert graph.customers[other.provisional_customer_id].party_keys == []
        reached, rest = set(members[0].identifiers), members[1:]
        while near := [one for one in rest if reached & set(one.identifiers)]:
            reached |= {text for one in near for text in one.identifiers}
            rest = [one for one in rest if one not in near]
        assert rest == []


@quick
@given(some_evidence)
def test_following_the_decisions_leads_every_partition_to_the_resolvers_answer(
    pieces: list[Evidence],
) -> None:
    graph = resolved(pieces)
    lanes = {
        (each.party_key, each.lane_partition): (0, each.provisional_customer_id) for each in pieces
    }
    versions: dict[tuple[str, int], int] = {}
    for one in graph.decisions:
        place = (one.party_key, one.lane_partition)
        assert one.version > versions.get(place, 0)
        versions[place] = one.version
        lanes[place] = max(lanes[place], (one.version, one.customer_id))
    for (party_key, _), (version, customer_id) in lanes.items():
        party = graph.parties[party_key]
        assert (version, customer_id) == (party.version, party.customer_id)


@quick
@given(some_evidence, st.integers(1, 5))
def test_evidence_told_in_pieces_gives_the_same_customers(
    pieces: list[Evidence], times: int
) -> None:
    in_pieces = [replace(each, crm_ids=()) for each in pieces] + pieces * times
    assert resolved(pieces).clusters() == resolved(in_pieces).clusters()
