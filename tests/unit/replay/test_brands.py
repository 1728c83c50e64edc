from __future__ import annotations

from array import array

import pytest

from services.gateway.replay.brands import ThreadBrands, mentions


def test_the_first_account_that_writes_in_the_thread_is_its_brand() -> None:
    brands = ThreadBrands(array("q", [0, 0, 0, 3]))
    brands.take_named([(1, "AcmeHelp"), (2, "AcmeSales")])
    assert [brands.of_row(row) for row in range(4)] == ["AcmeHelp"] * 3 + [""]
    assert brands.count() == 1


def test_a_thread_without_an_account_takes_the_first_that_is_mentioned() -> None:
    brands = ThreadBrands(array("q", [0, 1, 1, 3]))
    brands.take_named([(0, "AcmeHelp"), (0, "Other_Co")])
    brands.take_mentions(
        [
            (1, "@nobody where is it? @OTHER_CO @acmehelp"),
            (2, "@AcmeHelp"),
            (3, "write to me@acmehelp"),
        ]
    )
    assert [brands.of_row(row) for row in range(4)] == ["AcmeHelp", "Other_Co", "Other_Co", ""]


def test_an_account_that_wrote_counts_more_than_an_earlier_mention() -> None:
    brands = ThreadBrands(array("q", [0, 0, 2]))
    brands.take_named([(1, "AcmeHelp"), (2, "Other")])
    brands.take_mentions([(0, "@other hello")])
    assert brands.of_row(0) == "AcmeHelp"


def test_spellings_of_one_account_are_one_brand_spelt_as_first_seen() -> None:
    brands = ThreadBrands(array("q", [0, 1]))
    brands.take_named([(0, "AcmeHelp"), (1, "acmehelp")])
    assert brands.of_row(1) == "AcmeHelp"
    assert brands.count() == 1


@pytest.mark.parametrize(
    ("text", "spellings"),
    [
        ("@Acme.Help. hello", ("acme.help.", "acme.help", "acme")),
        ("は@Acmeです", ("acmeです", "acme")),
        (".@acme: hi", ("acme",)),
        ("@阿克米 你好", ("阿克米",)),
    ],
)
def test_a_mention_is_tried_from_its_longest_spelling(
    text: str, spellings: tuple[str, ...]
) -> None:
    assert list(mentions(text)) == [spellings]


def test_an_address_is_no_mention() -> None:
    assert list(mentions("me@acme.com @ nothing")) == []
