import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.identity.adapters.phone_numbers import NumberingPlans, UnknownRegionError
from services.identity.domain import identifiers
from services.identity.domain.identifiers import Identifier


@pytest.mark.parametrize(
    ("told", "normal"),
    [
        (" Li.Wei@Mail.example ", "li.wei@mail.example"),
        ("ANNA+orders@example.com", "anna+orders@example.com"),
        ("test@acme.example", "test@acme.example"),
        ("张伟@例子.中国", "张伟@例子.中国"),
    ],
)
def test_an_address_is_trimmed_and_in_lower_case(told: str, normal: str) -> None:
    assert identifiers.email(told) == Identifier("email", normal)


@pytest.mark.parametrize(
    "told",
    [
        "test@test.com",
        "Test@Example.com",
        "null@acme.example",
        "no-reply@acme.example",
        "No.Reply+x@acme.example",
        "donotreply@acme.example",
        "asdf@asdf.com",
        "a@a.com",
        "name@email.com",
        "none@none.com",
        "1@1.com",
    ],
)
def test_an_address_that_many_give_is_never_used(told: str) -> None:
    assert identifiers.email(told) is None


@pytest.mark.parametrize(
    "told", ["", "li", "li@", "@mail.example", "li@mail", "a b@c.de", "a@b@c.de"]
)
def test_what_is_no_address_is_not_used(told: str) -> None:
    assert identifiers.email(told) is None


@pytest.mark.parametrize(
    ("told", "region", "normal"),
    [
        ("139 1234 5621", "CN", "+8613912345621"),
        ("+86 139-1234-5621", "", "+8613912345621"),
        ("0086 139 1234 5621", "CN", "+8613912345621"),
        ("１３９１２３４５６２１", "CN", "+8613912345621"),
        ("(020) 7946 0018", "GB", "+442079460018"),
        ("+1 202-555-0143", "CN", "+12025550143"),
    ],
)
def test_a_number_is_read_by_its_countrys_plan(told: str, region: str, normal: str) -> None:
    assert NumberingPlans(region).e164(told) == normal


@pytest.mark.parametrize(
    ("told", "region"),
    [("139 1234 5621", ""), ("call me", "CN"), ("", "CN"), ("12", "CN"), ("+999 123 456", "CN")],
)
def test_what_is_no_number_is_not_used(told: str, region: str) -> None:
    assert NumberingPlans(region).e164(told) is None


def test_an_unknown_region_stops_at_the_start() -> None:
    with pytest.raises(UnknownRegionError, match="CARELINE_PHONE_REGION='China'"):
        NumberingPlans("China")


def test_the_plans_version_names_the_region() -> None:
    assert NumberingPlans("CN").version != NumberingPlans("GB").version
    assert NumberingPlans().version.endswith("/international")


@pytest.mark.parametrize(
    "made_up",
    ["+8600000000000", "+8613900000000", "+8613800138000", "+8612345678901", "+498765432101"],
)
def test_a_made_up_number_is_never_used(made_up: str) -> None:
    assert identifiers.phone(made_up) is None


def test_a_plain_number_is_used() -> None:
    assert identifiers.phone("+8613912345621") == Identifier("phone", "+8613912345621")


@pytest.mark.parametrize("told", ["", "  ", "0", "000", "null", "N/A", "-1", "undefined"])
def test_a_missing_crm_id_is_none(told: str) -> None:
    assert identifiers.crm_id(told) is None


def test_a_crm_id_is_kept_as_it_is() -> None:
    assert identifiers.crm_id(" C-100a ") == "C-100a"


def test_a_reason_names_the_identifier_without_saying_it() -> None:
    phone = identifiers.in_words(Identifier("phone", "+8613912345621"))
    mail = identifiers.in_words(Identifier("email", "li.wei@mail.example"))
    assert phone == "same phone ending …21"
    assert mail == "same e-mail address l…@mail.example"


def test_what_joins_nothing_is_no_reason() -> None:
    with pytest.raises(ValueError, match="kind 'crm_id' join nothing"):
        identifiers.in_words(Identifier("crm_id", "1"))


@given(st.text(), st.text().filter(lambda kind: ":" not in kind))
def test_an_identifier_reads_back(value: str, kind: str) -> None:
    identifier = Identifier(kind, value)
    assert Identifier.parse(str(identifier)) == identifier
