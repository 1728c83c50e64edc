from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careline.event.v1.event_pb2 import Event
from services.gateway.channels.base import SecretSettings
from services.gateway.domain.account import Account
from services.gateway.domain.incoming import IncomingEvent, UnrecognisedEvent, WrittenMessage
from services.gateway.domain.keys import PartyKeys, is_channel, is_name, thread_key
from services.gateway.domain.repeats import RecentEvents
from services.gateway.domain.ticking import live_tick_id, quiet_partitions
from services.gateway.events import live_tick, to_event

KEYS = PartyKeys("a secret of some length")
ACCOUNT = Account("acme", "shop", "webhook", SecretSettings(("s",)), "acme-eu")


def incoming(**changed: object) -> IncomingEvent:
    body = WrittenMessage("m-1", "customer", "Ana", "hola")
    fields = {
        "event_id": "msg_1",
        "channel": "chat",
        "thread_id": "t/1",
        "body": body,
        "occurred_at_us": 5,
        "author_id": "c-1",
    }
    return IncomingEvent(**(fields | changed))  # type: ignore[arg-type]


def event_of(one: IncomingEvent) -> Event:
    return to_event(one, ACCOUNT, accepted_at_us=10, traceparent="00-t", party_keys=KEYS, blobs={})


def test_an_author_has_one_key_per_organisation_and_channel() -> None:
    key = KEYS.of("acme", "chat", "c-1")
    assert key == PartyKeys("a secret of some length").of("acme", "chat", "c-1")
    others = {
        KEYS.of("acme", "chat", "c-2"),
        KEYS.of("acme", "telegram", "c-1"),
        KEYS.of("other", "chat", "c-1"),
        PartyKeys("another secret of some length").of("acme", "chat", "c-1"),
    }
    assert len(others) == 4
    assert key not in others
    assert "c-1" not in key


def test_no_author_has_no_key() -> None:
    assert KEYS.of("acme", "chat", "") == ""


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 16"):
        PartyKeys("short")


@given(st.text(), st.text())
def test_any_author_gets_a_key(one: str, other: str) -> None:
    same = KEYS.of("acme", "chat", one) == KEYS.of("acme", "chat", other)
    assert same == (one == other)


@pytest.mark.parametrize("text", ["", "a/b", "-a", "a-", "a" * 65, "é", "a\n", ".."])
def test_what_would_break_a_key_or_a_path_is_no_name(text: str) -> None:
    assert not is_name(text)
    assert not is_channel(text)


def test_a_thread_may_be_called_anything() -> None:
    assert thread_key("acme", "chat", "t/1") == "acme/chat/t/1"


def test_an_event_carries_its_keys() -> None:
    event = event_of(incoming())
    assert event.event_id == "webhook:shop:msg_1"
    assert event.thread_key == "acme/chat/t/1"
    assert event.party_key == KEYS.of("acme", "chat", "c-1")
    assert (event.organisation_id, event.brand_id, event.account_id, event.timeline) == (
        "acme",
        "acme-eu",
        "shop",
        "live",
    )
    assert (event.occurred_at_us, event.accepted_at_us) == (5, 10)


@pytest.mark.parametrize("claimed", [11, 10**30, None])
def test_the_future_happened_when_it_was_accepted(claimed: int | None) -> None:
    event = event_of(incoming(occurred_at_us=claimed))
    assert event.occurred_at_us == 10


def test_repeats_of_an_event_without_a_thread_meet_in_one_partition() -> None:
    one = incoming(thread_id="", body=UnrecognisedEvent("survey.answered", b"{}"), author_id="")
    event = event_of(one)
    assert event.thread_key == "acme/chat/shop"
    assert event.party_key == ""
    assert event.unrecognised.payload == b"{}"


def test_an_events_own_brand_goes_before_the_accounts() -> None:
    event = event_of(incoming(brand_id="acme-us"))
    assert event.brand_id == "acme-us"


def test_an_account_does_not_show_its_secrets() -> None:
    assert "settings" not in repr(ACCOUNT)


def test_recent_events_are_remembered_up_to_a_bound() -> None:
    recent = RecentEvents(2)
    recent.add("acme", "1")
    recent.add("acme", "2")
    assert recent.has("acme", "1")
    recent.add("acme", "3")
    assert not recent.has("acme", "2")
    assert recent.has("acme", "1")
    assert not recent.has("other", "1")


def test_partitions_whose_time_stands_still_are_quiet() -> None:
    now = 10_000_000
    assert quiet_partitions([0, now, now - 1_000_000, now - 1_000_001], now) == [0, 3]


def test_a_tick_belongs_to_nobody() -> None:
    tick = live_tick(3, 7_900_000)
    assert tick.event_id == live_tick_id(3, 7_900_000) == "tick/live/3/7"
    assert (tick.organisation_id, tick.thread_key, tick.timeline) == ("", "", "live")
    assert tick.occurred_at_us == 7_900_000
    assert tick.WhichOneof("body") == "tick"
