from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.channels.telegram import TelegramChannel
from services.gateway.domain.inbound import InboundRequest, InvalidRequestError, RefusedError
from services.gateway.domain.incoming import (
    Identifier,
    IncomingEvent,
    UnrecognisedEvent,
    WrittenMessage,
)

CHANNEL = TelegramChannel()
SENT_AT = 1_767_168_000


def message(**changed: Any) -> dict[str, Any]:
    return {
        "message_id": 7,
        "date": SENT_AT,
        "chat": {"id": 42, "type": "private"},
        "from": {"id": 42, "is_bot": False, "first_name": "Ana", "last_name": "Pérez"},
        "text": "hola",
    } | changed


def parse(update: object) -> IncomingEvent:
    [event] = CHANNEL.parse(InboundRequest(json.dumps(update).encode(), {}))
    return event


def written(**changed: Any) -> WrittenMessage:
    body = parse({"update_id": 1, "message": message(**changed)}).body
    assert isinstance(body, WrittenMessage)
    return body


@pytest.mark.parametrize("token", [None, "", "WRONG", "right ", "é"])
def test_another_token_is_refused(token: str | None) -> None:
    headers = {} if token is None else {"x-telegram-bot-api-secret-token": token}
    with pytest.raises(RefusedError):
        CHANNEL.verify(InboundRequest(b"{}", headers), ["right"], 0)


def test_each_of_an_accounts_tokens_is_accepted(vector: Callable[[str], dict[str, Any]]) -> None:
    [header] = vector("telegram-secret-token")["request"]["headers"]
    for token in ("old", "new"):
        CHANNEL.verify(InboundRequest(b"{}", {header.lower(): token}), ["old", "new"], 0)


@pytest.mark.parametrize("secret", ["", "a b", "é", "a" * 257])
def test_what_is_no_token_is_told_at_the_start(secret: str) -> None:
    with pytest.raises(ValueError, match="setWebhook"):
        CHANNEL.check_secret(secret)


def test_a_message_is_read() -> None:
    update = {
        "update_id": 10_000,
        "message": message(
            reply_to_message={"message_id": 6},
            **{"from": {"id": 42, "first_name": "Ana", "language_code": "es"}},
        ),
    }
    assert parse(update) == IncomingEvent(
        event_id="10000",
        channel="telegram",
        thread_id="42",
        body=WrittenMessage(
            message_id="7",
            author_kind="customer",
            author_name="Ana",
            text="hola",
            reply_to_message_id="6",
            language_hint="es",
        ),
        occurred_at_us=SENT_AT * 1_000_000,
        author_id="42",
    )


def test_an_edit_is_its_own_event_about_the_same_message() -> None:
    edited = parse({"update_id": 2, "edited_message": message(edit_date=SENT_AT + 60)})
    assert isinstance(edited.body, WrittenMessage)
    assert edited.body.edited
    assert edited.body.message_id == "7"
    assert edited.occurred_at_us == (SENT_AT + 60) * 1_000_000


def test_a_pictures_caption_is_its_text() -> None:
    assert written(text=None, caption="look", photo=[{}]).text == "look"


def test_a_bots_message_is_a_bots() -> None:
    assert written(**{"from": {"id": 1, "is_bot": True}}).author_kind == "bot"


def test_a_nameless_author_is_called_by_the_user_name() -> None:
    assert written(**{"from": {"id": 1, "username": "ana"}}).author_name == "ana"


def test_the_topics_of_a_forum_are_threads_of_their_own() -> None:
    update = {
        "update_id": 1,
        "message": message(chat={"id": -100}, is_topic_message=True, message_thread_id=3),
    }
    assert parse(update).thread_id == "-100:3"


def test_ones_own_shared_contact_is_ones_phone_number() -> None:
    contact = {"phone_number": "+34600000000", "first_name": "Ana", "user_id": 42}
    assert written(text=None, contact=contact).identifiers == (Identifier("phone", "+34600000000"),)


@pytest.mark.parametrize("whose", [{"user_id": 43}, {}])
def test_somebody_elses_contact_says_nothing_of_the_author(whose: dict[str, int]) -> None:
    contact = {"phone_number": "+34600000000", "first_name": "Bo", **whose}
    assert written(contact=contact).identifiers == ()


@pytest.mark.parametrize(
    ("update", "name"),
    [
        ({"callback_query": {"id": "1"}}, "callback_query"),
        ({"channel_post": {}}, "channel_post"),
        ({"Weird Name": {}}, "update"),
        ({}, "update"),
        ({"message": {"message_id": 1}}, "message"),
        ({"message": "text"}, "message"),
        ({"message": message(date="now")}, "message"),
        ({"message": message(text="\ud800")}, "message"),
        ({"message": message(pinned_message={"message_id": 1})}, "message"),
        ({"edited_message": message()}, "edited_message"),
    ],
)
def test_what_is_not_understood_is_kept_as_it_came(update: dict[str, Any], name: str) -> None:
    body = {"update_id": 5, **update}
    event = parse(body)
    assert isinstance(event.body, UnrecognisedEvent)
    assert event.body.type == name
    assert event.event_id == "5"
    assert json.loads(event.body.payload) == body


def test_the_reason_names_the_field_and_not_its_content() -> None:
    event = parse({"update_id": 5, "message": message(date="my secret")})
    assert isinstance(event.body, UnrecognisedEvent)
    assert event.body.reason == "message.date is a text; a whole number is expected"


@pytest.mark.parametrize(
    "update", [[], {}, {"update_id": "1"}, {"update_id": True}, {"update_id": 2**63}]
)
def test_without_an_update_id_it_is_no_update(update: object) -> None:
    with pytest.raises(InvalidRequestError):
        parse(update)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from(list(message())), JSON))
def test_no_message_breaks_the_parser(changed: dict[str, Any]) -> None:
    parse({"update_id": 1, "message": message(**changed)})
