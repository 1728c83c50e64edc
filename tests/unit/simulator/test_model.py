"""The model's parts: chance, people, rhythm, staffing."""

from __future__ import annotations

import re
from statistics import fmean, median

import phonenumbers
import pytest

from services.identity.adapters.phone_numbers import NumberingPlans
from services.identity.domain import identifiers
from services.simulator.domain.actions import Language
from services.simulator.domain.brands import CHANNELS_OF
from services.simulator.domain.chinese import CHINESE
from services.simulator.domain.customers import Customers
from services.simulator.domain.draws import Draws
from services.simulator.domain.english import ENGLISH
from services.simulator.domain.phrases import Phrases
from services.simulator.domain.rhythm import (
    DAY_US,
    HOUR_US,
    MINUTE_US,
    Crisis,
    arrivals_per_minute,
    weekday,
)
from services.simulator.domain.staffing import Team
from services.simulator.seeds import seeded_by

MONDAY_US = 20_514 * DAY_US


@pytest.fixture
def draws() -> Draws:
    return Draws(seeded_by(7)("test"))


def test_a_log_normal_delay_has_its_median_and_a_long_tail(draws: Draws) -> None:
    delays = [draws.log_normal(60.0, 0.75) for _ in range(4_000)]

    assert 56 < median(delays) < 64
    assert fmean(delays) > 1.2 * median(delays)


@pytest.mark.parametrize("mean", [0.2, 5.0, 90.0])
def test_a_poisson_count_has_its_mean(draws: Draws, mean: float) -> None:
    counts = [draws.poisson(mean) for _ in range(3_000)]

    assert abs(fmean(counts) - mean) < 5 * (mean / 3_000) ** 0.5


def test_weights_decide_what_is_picked(draws: Draws) -> None:
    picked = [draws.weighted((("a", 3.0), ("b", 1.0), ("c", 0.0))) for _ in range(2_000)]

    assert 0.70 < picked.count("a") / 2_000 < 0.80
    assert "c" not in picked


def test_the_epoch_was_a_thursday_and_days_change_at_local_midnight() -> None:
    assert weekday(0, "en") == 3
    assert weekday(MONDAY_US, "en") == 0
    assert weekday(MONDAY_US - 8 * HOUR_US, "zh") == 0
    assert weekday(MONDAY_US - 8 * HOUR_US - 1, "zh") == 6


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_week_has_seven_average_days_of_conversations(language: Language) -> None:
    minutes = range(0, 7 * DAY_US, MINUTE_US)
    week = sum(arrivals_per_minute(MONDAY_US + at, language, 1_000.0) for at in minutes)
    share = {"en": 0.55, "zh": 0.45}[language]

    assert week == pytest.approx(7 * 1_000 * share, rel=0.05)


def test_fewer_write_on_a_saturday_morning() -> None:
    monday, saturday = MONDAY_US + 9 * HOUR_US, MONDAY_US + 5 * DAY_US + 9 * HOUR_US

    assert arrivals_per_minute(saturday, "en", 1_000) < 0.6 * arrivals_per_minute(
        monday, "en", 1_000
    )


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("per_day", [1.0, 300.0, 20_000.0])
def test_somebody_is_always_on_shift(language: Language, per_day: float) -> None:
    team = Team(seeded_by(7), language, per_day, ())

    for hour in range(7 * 24):
        assert team.on_shift(MONDAY_US + hour * HOUR_US)


def test_the_queue_is_short_on_a_usual_day_and_grows_in_a_crisis() -> None:
    noon_us = MONDAY_US + DAY_US + 12 * HOUR_US
    crisis = Crisis(noon_us, noon_us + 3 * HOUR_US, "lumio")
    usual = Team(seeded_by(7), "en", 5_000, ())
    struck = Team(seeded_by(7), "en", 5_000, (crisis,))

    day = range(MONDAY_US + DAY_US, MONDAY_US + 2 * DAY_US, 5 * MINUTE_US)
    assert max(usual.wait_minutes(at_us) for at_us in day) < 30
    before, within = noon_us - MINUTE_US, noon_us + 2 * HOUR_US
    assert struck.wait_minutes(before) == usual.wait_minutes(before)
    assert struck.wait_minutes(within) > usual.wait_minutes(within) + 10


def test_a_customer_is_the_same_whenever_they_are_met() -> None:
    first, second = (Customers(seeded_by(7), size) for size in (10, 1_000))

    assert [first.get("zh", n) for n in range(10)] == [second.get("zh", n) for n in range(10)]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_address_and_number_is_one_that_joins(language: Language) -> None:
    customers = Customers(seeded_by(7), 500)
    numbers = NumberingPlans()
    told = [
        identifier
        for number in range(500)
        for account in customers.get(language, number).accounts.values()
        for identifier in account.identifiers
    ]
    phones = [one.value for one in told if one.kind == "phone"]
    emails = [one.value for one in told if one.kind == "email"]

    assert len(phones) > 100
    assert len(emails) > 100
    assert all(numbers.e164(one) == one and identifiers.phone(one) for one in phones)
    assert all(identifiers.email(one) for one in emails)


def test_english_numbers_are_those_kept_for_fiction() -> None:
    customers = Customers(seeded_by(7), 10_000)
    accounts = (
        account
        for number in range(0, 10_000, 7)
        for account in customers.get("en", number).accounts.values()
    )
    phones = [account.phone for account in accounts if account.phone]

    assert len(phones) > 100
    assert all(re.fullmatch(r"\+1\d{3}55501\d\d", phone) for phone in phones)
    assert all(phonenumbers.is_valid_number(phonenumbers.parse(phone)) for phone in phones)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_many_customers_write_on_several_channels(language: Language) -> None:
    customers = Customers(seeded_by(7), 1_000)
    channels = [set(customers.get(language, n).accounts) for n in range(1_000)]

    assert 250 < sum(len(one) > 1 for one in channels) < 500
    assert set().union(*channels) == {channel for channel, _ in CHANNELS_OF[language]}


@pytest.mark.parametrize("phrases", [ENGLISH, CHINESE], ids=["en", "zh"])
def test_every_topic_can_be_opened_and_answered(phrases: Phrases) -> None:
    assert set(phrases.topics) == set(ENGLISH.topics)
    for topic in phrases.topics.values():
        for issue in topic.issues:
            assert issue.calm
            assert issue.answers
            assert bool(issue.asks) == bool(issue.gives)
