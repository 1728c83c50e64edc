from __future__ import annotations

import pytest

from services.identity.matching import contacts, dates, names
from services.identity.matching.columns import ColumnMapError, checked, guessed
from services.identity.matching.comparisons import comparisons_of
from services.identity.matching.normalise import folded, present


@pytest.mark.parametrize(
    ("a", "b", "level"),
    [
        ("robert", "robert", "same"),
        ("robert", "bob", "nickname"),
        ("margaret", "peggy", "nickname"),
        ("katherine", "katharine", "nickname"),
        ("brightman", "brightmna", "one letter off"),
        ("j", "john", "initial or shortened"),
        ("oleander", "fitzroy", "different"),
        ("伟", "炜", "nickname"),
        ("王", "wang", "nickname"),
    ],
)
def test_words_of_a_name_agree_in_levels(a: str, b: str, level: str) -> None:
    assert names.PART_LEVELS[names.word_level(a, b)] == level
    assert names.word_level(a, b) == names.word_level(b, a)


def test_given_and_family_name_in_each_others_place_are_seen() -> None:
    assert names.part_level(("isla", "hall"), ("hall", "isla")) == names.SWAPPED


@pytest.mark.parametrize(
    ("a", "b", "level"),
    [
        ("张伟", "张伟", "same"),
        ("张伟", "张炜", "same sound"),
        ("张三丰", "张山峰", "each word alike"),  # san and shan: many do not tell them apart
        ("张伟", "伟张", "same words in another order"),
        ("张伟", "zhang wei", "same sound"),
        ("张伟", "wei zhang", "same sound"),
        ("张伟明", "张大明", "one character off"),
        ("张伟", "李娜", "different"),
        ("ada maria lovelace", "lovelace ada maria", "same words in another order"),
        ("ada maria lovelace", "ada lovelace", "one part missing, the rest alike"),
        ("ada lovelace", "ada lovelase", "each word alike"),
        ("william pitt", "bill pitt", "each word alike"),
        ("a lovelace", "ada lovelace", "same family name, alike or shortened given name"),
    ],
)
def test_full_names_agree_in_levels(a: str, b: str, level: str) -> None:
    assert names.FULL_LEVELS[names.full_level(a, b)] == level


def test_traditional_characters_width_and_accents_fold_away() -> None:
    assert folded("張偉") == folded("张伟")
    assert folded("ＡＤＡ") == "ada"
    assert folded("Zoë  Müller") == "zoe muller"


@pytest.mark.parametrize("text", ["", None, "null", "N/A", "0000", "000-000", "无", "unknown", "-"])
def test_what_says_nothing_is_missing(text: str | None) -> None:
    assert present(text) == ""


@pytest.mark.parametrize(
    ("a", "b", "level"),
    [
        ("1971-06-24", "24/06/1971", "same date"),
        ("1971-06-04", "1971-04-06", "same year, day and month swapped"),
        ("1971-06-24", "1971-05-24", "one digit off"),
        ("1856-06-18", "1856-86-18", "one digit off"),
        ("1971-06-24", "1981-06-24", "one digit off"),
        ("1971-06-24", "1971", "same year"),
        ("1971-06-24", "1945-01-13", "different"),
        ("1990年3月5日", "19900305", "same date"),
    ],
)
def test_dates_agree_in_levels(a: str, b: str, level: str) -> None:
    first, second = dates.parse(a), dates.parse(b)
    assert first is not None
    assert second is not None
    assert dates.LEVELS[dates.level(first, second)] == level


def test_contact_points_have_a_normal_form() -> None:
    assert contacts.phone("+86 138 1234 5567") == contacts.phone("13812345567")
    assert contacts.phone("(212) 555-0147") == contacts.phone("+1 212 555 0147")
    assert contacts.phone("13800138000") is None
    assert contacts.phone("00000000") is None
    assert contacts.email("Ada.Lovelace+shop@gmail.com") == "adalovelace@gmail.com"
    assert contacts.email("test@test.com") is None
    assert contacts.url("https://www.inn.example/") == contacts.url("inn.example")


def test_columns_are_guessed_from_their_names() -> None:
    columns = [
        "id", "givenname", "surname", "dob", "手机", "姓名", "zip_code", "occupation", "gender",
        "cluster",
    ]  # fmt: skip
    assert guessed(columns, ["cluster"], []) == {
        "givenname": "given_name",
        "surname": "family_name",
        "dob": "birth_date",
        "手机": "phone",
        "姓名": "full_name",
        "zip_code": "postcode",
        "occupation": "category",
        "gender": "category",
    }


def test_a_name_beside_neither_birth_nor_gender_is_an_organisations() -> None:
    assert guessed(["name", "addr", "city"], [], [])["name"] == "organisation_name"
    assert guessed(["name", "addr", "dob"], [], [])["name"] == "full_name"


def test_a_map_that_does_not_fit_the_file_is_refused_by_name() -> None:
    with pytest.raises(ColumnMapError, match="'nam', which the file lacks; its columns: name"):
        checked({"nam": "full_name"}, ["name"])
    with pytest.raises(ColumnMapError, match="calls 'name' a 'fullname'; known kinds: given_name"):
        checked({"name": "fullname"}, ["name"])


def test_equal_values_agree_at_the_highest_level_that_they_can() -> None:
    fields = {
        "first": "Ada", "last": "King", "born": "1815-12-10", "tel": "+447700900123",
        "mail": "ada@mail.example", "addr": "12 St James Square", "zip": "sw1y 4jh", "job": "poet",
    }  # fmt: skip
    kinds = guessed(list(fields), [], [fields])
    for comparison in comparisons_of(kinds):
        value = comparison.prepare(fields)
        assert value is not None, comparison.name
        assert comparison.level(value, value) == 0, comparison.name


def test_a_shared_town_is_not_a_shared_postcode() -> None:
    (area,) = comparisons_of({"city": "city", "zip": "postcode"})
    town = area.prepare({"city": "York", "zip": ""})
    assert area.levels[area.level(town, town)] == "same city"
