from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.channels.google_play import GooglePlayChannel, GooglePlaySettings
from services.gateway.domain.inbound import InboundRequest, InvalidRequestError, RefusedError
from services.gateway.domain.incoming import (
    Engagement,
    IncomingEvent,
    UnrecognisedEvent,
    WrittenMessage,
)

CHANNEL = GooglePlayChannel()
PAGE = json.loads((Path(__file__).parent / "samples" / "page.json").read_bytes())


def parse(page: object) -> list[IncomingEvent]:
    return CHANNEL.parse(InboundRequest(json.dumps(page).encode()))


def test_a_page_is_read_with_the_oldest_first() -> None:
    lena, review, counts, answer = parse(PAGE)
    assert lena.body == WrittenMessage(
        message_id="gp:review-1",
        author_kind="customer",
        author_name="Lena",
        text="Stürzt immer ab",
        language_hint="de",
        subject="Titel",
        is_public=True,
        reply_address="gp:review-1",
        stars=1,
    )
    assert review == IncomingEvent(
        event_id="review:gp:review-2:1772438400.123000000",
        channel="google_play",
        thread_id="gp:review-2",
        body=WrittenMessage(
            message_id="gp:review-2",
            author_kind="customer",
            author_name="A Google user",
            text="Funciona bien",
            language_hint="es-MX",
            is_public=True,
            reply_address="gp:review-2",
            stars=4,
        ),
        occurred_at_us=1_772_438_400_123_000,
        author_id="gp:review-2",
    )
    assert counts.body == Engagement("gp:review-2", likes=3)
    assert answer.body == WrittenMessage(
        message_id="gp:review-2:reply",
        author_kind="agent",
        author_name="",
        text="¡Gracias!",
        reply_to_message_id="gp:review-2",
        is_public=True,
    )
    assert answer.occurred_at_us == 1_772_442_000_000_000


def test_one_review_alone_is_read() -> None:
    assert parse(PAGE["reviews"][1]) == parse({"reviews": [PAGE["reviews"][1]]})


def test_an_app_without_new_reviews_answers_with_nothing() -> None:
    assert parse({}) == []


@pytest.mark.parametrize(
    "review", [7, {}, {"reviewId": "x", "comments": []}, {"reviewId": "x", "comments": [{}]}]
)
def test_a_bad_review_does_not_take_the_others_with_it(review: object) -> None:
    good, bad = parse({"reviews": [review, PAGE["reviews"][1]]})
    assert isinstance(good.body, WrittenMessage)
    assert isinstance(bad.body, UnrecognisedEvent)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"reviews": 1}', b"{" * 100_000])
def test_what_is_no_page_is_told(body: bytes) -> None:
    with pytest.raises(InvalidRequestError):
        CHANNEL.parse(InboundRequest(body))


def test_nobody_can_push() -> None:
    with pytest.raises(RefusedError):
        CHANNEL.verify(InboundRequest(b"{}"), GooglePlaySettings(("s",)), 0)


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
