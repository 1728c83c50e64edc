"""One simulated Tuesday: what it holds, and when."""

from __future__ import annotations

from collections import Counter, defaultdict
from statistics import median

import pytest

from services.simulator.domain.actions import (
    Action,
    AgentReplies,
    CustomerWrites,
    Language,
    StatusChanges,
)
from services.simulator.domain.brands import CHANNELS
from services.simulator.domain.rhythm import (
    DAY_US,
    HOUR_US,
    HOUR_WEIGHTS,
    LANGUAGES,
    MINUTE_US,
    UTC_OFFSET_HOURS,
    WEEKDAY_WEIGHTS,
    Crisis,
)

PER_DAY = 4_000.0
TUESDAY_US = 20_515 * DAY_US

Conversations = dict[str, list[Action]]


def opening(conversation: list[Action]) -> CustomerWrites:
    first = conversation[0]
    assert isinstance(first, CustomerWrites)
    return first


def first_reply_minutes(conversation: list[Action]) -> float | None:
    for action in conversation:
        if isinstance(action, AgentReplies):
            return (action.at_us - conversation[0].at_us) / MINUTE_US
    return None


def test_actions_come_in_the_order_of_time_within_the_day(day: list[Action]) -> None:
    times = [action.at_us for action in day]

    assert times == sorted(times)
    assert times[0] >= TUESDAY_US
    assert times[-1] < TUESDAY_US + DAY_US


def test_no_two_actions_have_one_id(day: list[Action]) -> None:
    assert len({action.action_id for action in day}) == len(day)


def test_every_reply_and_every_status_has_a_customer_before_it(
    conversations: Conversations,
) -> None:
    for conversation in conversations.values():
        first = opening(conversation)
        places = {(one.channel, one.brand, one.thread_id) for one in conversation}
        assert places == {(first.channel, first.brand, first.thread_id)}


def test_a_message_answers_one_that_was_written_before_it(conversations: Conversations) -> None:
    for conversation in conversations.values():
        known = {""}
        for action in conversation:
            if not isinstance(action, StatusChanges):
                assert action.reply_to in known
                known.add(action.action_id)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_conversations_begin_by_the_hours_of_the_customers_day(
    conversations: Conversations, language: Language
) -> None:
    found = Counter(
        (first.at_us + UTC_OFFSET_HOURS[language] * HOUR_US) // HOUR_US % 24
        for first in map(opening, conversations.values())
        if first.language == language
    )

    share = dict(LANGUAGES)[language]
    for hour in range(24):
        # Between two full hours the rate goes from one's weight to the other's.
        weight = (HOUR_WEIGHTS[hour] + HOUR_WEIGHTS[(hour + 1) % 24]) / 2
        expected = PER_DAY * share * WEEKDAY_WEIGHTS[1] * weight / sum(HOUR_WEIGHTS)
        # Four standard deviations of a Poisson count, and what a Chinese Wednesday differs.
        assert abs(found[hour] - expected) < 4 * expected**0.5 + 0.06 * expected, hour


def test_nearly_half_of_the_customers_write_chinese(day: list[Action]) -> None:
    written = [action for action in day if isinstance(action, CustomerWrites)]
    chinese = sum(action.language == "zh" for action in written) / len(written)

    assert 0.40 < chinese < 0.52
    assert all(
        any("\u4e00" <= letter <= "\u9fff" for letter in action.text) == (action.language == "zh")
        for action in written
        if len(action.text) > 30
    )


def test_both_brands_and_all_channels_are_busy(conversations: Conversations) -> None:
    found = Counter((one[0].brand, one[0].channel) for one in conversations.values())

    assert set(found) == {(brand, one) for brand in ("lumio", "qinghe") for one in CHANNELS}
    assert min(found.values()) > 20


def test_no_text_has_an_unfilled_slot(day: list[Action]) -> None:
    texts = [one.text for one in day if not isinstance(one, StatusChanges)]

    assert not [text for text in texts if "{" in text or "}" in text]
    assert len(set(texts)) > 0.4 * len(texts)


def test_most_conversations_are_answered_solved_and_some_reopened(
    conversations: Conversations,
) -> None:
    begun_by_noon = [
        one for one in conversations.values() if one[0].at_us < TUESDAY_US + 12 * HOUR_US
    ]
    solved = [
        one
        for one in begun_by_noon
        if any(isinstance(a, StatusChanges) and a.status == "solved" for a in one)
    ]
    reopened = [
        one
        for one in solved
        if isinstance(one[-1], StatusChanges)
        and sum(isinstance(a, StatusChanges) and a.status == "solved" for a in one) > 1
    ]

    assert len(solved) > 0.9 * len(begun_by_noon)
    assert 0.02 < len(reopened) / len(solved) < 0.12
    unanswered = sum(first_reply_minutes(one) is None for one in begun_by_noon)
    assert 0 < unanswered < 0.03 * len(begun_by_noon)


def test_what_is_read_at_once_is_answered_sooner(conversations: Conversations) -> None:
    waits: dict[str, list[float]] = defaultdict(list)
    for one in conversations.values():
        waited = first_reply_minutes(one)
        if waited is not None:
            waits[one[0].channel].append(waited)
    medians = {channel: median(minutes) for channel, minutes in waits.items()}

    assert medians["web_chat"] < medians["telegram"] < medians["x"] < medians["mail"]
    assert medians["web_chat"] < 3
    assert medians["mail"] < 120


def test_one_person_has_the_same_address_or_number_on_two_channels(day: list[Action]) -> None:
    accounts: dict[tuple[str, str], set[tuple[str, str]]] = defaultdict(set)
    for action in day:
        if isinstance(action, CustomerWrites):
            for told in action.identifiers:
                accounts[told.kind, told.value].add((action.channel, action.author_id))

    assert sum(len(found) > 1 for found in accounts.values()) > 50
    # One identifier belongs to one person, who has one account on each channel.
    for found in accounts.values():
        assert len({channel for channel, _ in found}) == len(found)


def test_a_crisis_is_many_more_conversations_about_one_thing(
    crisis: Crisis, conversations: Conversations, conversations_with_crisis: Conversations
) -> None:
    def begun_in_it(found: Conversations) -> list[list[Action]]:
        return [one for one in found.values() if crisis.from_us <= one[0].at_us < crisis.to_us]

    usual, in_crisis = begun_in_it(conversations), begun_in_it(conversations_with_crisis)
    assert len(in_crisis) > 1.4 * len(usual)
    of_brand = sum(one[0].brand == "lumio" for one in in_crisis) / len(in_crisis)
    assert of_brand > 0.65


def test_in_a_crisis_answers_are_slower(
    crisis: Crisis, conversations: Conversations, conversations_with_crisis: Conversations
) -> None:
    def wait(found: Conversations) -> float:
        height = (crisis.from_us + crisis.to_us) // 2
        return median(
            minutes
            for one in found.values()
            if height <= one[0].at_us < crisis.to_us
            if (minutes := first_reply_minutes(one)) is not None
        )

    assert wait(conversations_with_crisis) > 2.5 * wait(conversations)
