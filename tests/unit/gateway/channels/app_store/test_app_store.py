from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.channels.app_store import AppStoreChannel, AppStoreSettings
from services.gateway.domain.inbound import InboundRequest, InvalidRequestError, RefusedError
from services.gateway.domain.incoming import IncomingEvent, UnrecognisedEvent, WrittenMessage

CHANNEL = AppStoreChannel()
PAGE = json.loads((Path(__file__).parent / "samples" / "page.json").read_bytes())


def parse(page: object) -> list[IncomingEvent]:
    return CHANNEL.parse(InboundRequest(json.dumps(page).encode()))


def test_a_page_is_read_with_the_oldest_first() -> None:
    older, newer, answer = parse(PAGE)
    assert (older.author_id, older.occurred_at_us) == ("小雨", 1_772_377_200_000_000)
    assert newer.body == WrittenMessage(
        message_id="00000055-aaaa",
        author_kind="customer",
        author_name="rainyday81",
        text="Since the update\nI am locked out.",
        subject="Cannot log in",
        is_public=True,
        reply_address="00000055-aaaa",
        stars=1,
    )
    assert (newer.thread_id, newer.occurred_at_us) == ("00000055-aaaa", 1_772_438_400_000_000)
    assert answer.body == WrittenMessage(
        message_id="resp-1",
        author_kind="agent",
        author_name="",
        text="Please try version 4.2.",
        reply_to_message_id="00000055-aaaa",
        is_public=True,
    )
    assert (answer.thread_id, answer.author_id) == ("00000055-aaaa", "")


def test_a_changed_review_is_another_version_of_the_same_message() -> None:
    review = PAGE["data"][0]
    changed = review | {"attributes": review["attributes"] | {"rating": 4}}
    [before], [after] = parse({"data": review}), parse({"data": changed})
    assert before.event_id != after.event_id
    assert isinstance(before.body, WrittenMessage)
    assert isinstance(after.body, WrittenMessage)
    assert before.body.message_id == after.body.message_id


@pytest.mark.parametrize("change", [{"rating": 0}, {"rating": "5"}, {"createdDate": "today"}])
def test_a_bad_review_does_not_take_the_others_with_it(change: dict[str, object]) -> None:
    review = PAGE["data"][0]
    bad = review | {"attributes": review["attributes"] | change}
    kinds = [type(event.body) for event in parse({"data": [bad, PAGE["data"][1]]})]
    assert kinds == [UnrecognisedEvent, WrittenMessage]


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"{" * 100_000])
def test_what_is_no_page_is_told(body: bytes) -> None:
    with pytest.raises(InvalidRequestError):
        CHANNEL.parse(InboundRequest(body))


def test_nobody_can_push() -> None:
    with pytest.raises(RefusedError):
        CHANNEL.verify(InboundRequest(b"{}"), AppStoreSettings(("s",)), 0)


@pytest.mark.parametrize(
    "settings",
    [
        AppStoreSettings(app_id="1"),
        AppStoreSettings(app_id="1", key_id="k", private_key="no key"),
    ],
)
def test_wrong_settings_are_told_at_the_start(settings: AppStoreSettings) -> None:
    with pytest.raises(ValueError, match="private_key"):
        CHANNEL.check(settings)


@given(st.data())
def test_any_changed_page_is_read_or_told(
    changed: Callable[[Any], st.SearchStrategy[Any]], data: st.DataObject
) -> None:
    with contextlib.suppress(InvalidRequestError):
        parse(data.draw(changed(PAGE)))


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_told(body: bytes) -> None:
    with contextlib.suppress(InvalidRequestError):
        CHANNEL.parse(InboundRequest(body))
