from services.identity.domain.known_parties import MAX_IDENTIFIERS, learn, tell, unseen_party

PHONE = ("phone", "139 1234 5621")
EMAIL = ("email", "li@mail.example")


def test_a_provisional_id_is_a_function_of_the_organisation_and_the_party() -> None:
    first = unseen_party("acme", "p1")
    assert first == unseen_party("acme", "p1")
    assert first.provisional
    assert first.customer_id == "cu_sbamorwur4ekbanq"  # it may never change
    assert first.customer_id != unseen_party("zen", "p1").customer_id
    assert first.customer_id != unseen_party("acme", "p2").customer_id


def test_an_identifier_is_told_once() -> None:
    party = unseen_party("acme", "p1")
    assert tell(party, [PHONE, PHONE]) == [PHONE]
    assert tell(party, [PHONE, EMAIL]) == [EMAIL]
    assert tell(party, [EMAIL]) == []


def test_what_was_told_is_kept_as_fingerprints_in_one_order() -> None:
    party, other = unseen_party("acme", "p1"), unseen_party("acme", "p1")
    tell(party, [PHONE, EMAIL])
    tell(other, [EMAIL, PHONE])
    assert party == other
    assert all(len(fingerprint) == 8 for fingerprint in party.told)


def test_a_party_with_too_many_identifiers_is_no_person() -> None:
    party = unseen_party("acme", "p1")
    told = tell(party, [("email", f"{number}@mail.example") for number in range(100)])
    assert len(told) == MAX_IDENTIFIERS
    assert tell(party, [PHONE]) == []


def test_a_newer_decision_counts_and_an_older_one_does_not() -> None:
    party = unseen_party("acme", "p1")
    assert learn(party, "cu_b", 2)
    assert not learn(party, "cu_a", 1)
    assert not learn(party, "cu_c", 2)
    assert (party.customer_id, party.provisional, party.version) == ("cu_b", False, 2)
