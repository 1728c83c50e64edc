from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from services.gateway.channels.instagram import InstagramChannel
from services.gateway.channels.messenger import MessengerChannel
from services.gateway.channels.meta.webhook import MetaChannel
from services.gateway.channels.whatsapp import WhatsAppChannel
from services.gateway.domain.inbound import InboundRequest, InvalidRequestError
from services.gateway.domain.incoming import IncomingEvent, UnrecognisedEvent, WrittenMessage

WHATSAPP, MESSENGER, INSTAGRAM = WhatsAppChannel(), MessengerChannel(), InstagramChannel()

TEXT = {
    "from": "46701740605",
    "id": "wamid.M1==",
    "timestamp": "1767168000",
    "type": "text",
    "text": {"body": "Where is my parcel?"},
}
STATUS = {
    "id": "wamid.O1==",
    "status": "read",
    "timestamp": "1767168000",
    "recipient_id": "46701740605",
}
VALUE = {
    "messaging_product": "whatsapp",
    "metadata": {"display_phone_number": "4685550100", "phone_number_id": "2201884400"},
    "contacts": [{"wa_id": "46701740605", "profile": {"name": "Mira Lindqvist"}}],
    "messages": [TEXT],
}
EVENT = {
    "sender": {"id": "7001002003"},
    "recipient": {"id": "300400500"},
    "timestamp": 1767168000123,
    "message": {"mid": "m_A1", "text": "My kettle leaks"},
}
COMMENT = {
    "item": "comment",
    "verb": "add",
    "post_id": "300400500_900",
    "comment_id": "900_1",
    "from": {"id": "7001002003", "name": "Mira Lindqvist"},
    "message": "Do you ship to Norway?",
    "created_time": 1767168000,
}
REMARK = {
    "id": "1790",
    "media": {"id": "1780"},
    "from": {"id": "9100200300", "username": "mira.makes"},
    "text": "In blue?",
}


def parse(channel: MetaChannel, payload: object) -> list[IncomingEvent]:
    return channel.parse(InboundRequest(json.dumps(payload).encode()))


def envelope(**entry: object) -> dict[str, Any]:
    return {"object": "page", "entry": [{"id": "300400500", "time": 1767168000123, **entry}]}


@pytest.mark.parametrize(
    "payload",
    [
        VALUE,
        [VALUE],
        {"field": "messages", "value": VALUE},
        {"sample": {"field": "messages", "value": VALUE}},
        [envelope(changes=[{"field": "messages", "value": VALUE}])],
        {"id": "1", "changes": {"field": "messages", "value": VALUE}},
    ],
)
def test_a_whatsapp_value_is_read_without_its_envelope(payload: object) -> None:
    [event] = parse(WHATSAPP, payload)
    assert isinstance(event.body, WrittenMessage)
    assert (event.thread_id, event.body.author_name, event.body.text) == (
        "2201884400:46701740605",
        "Mira Lindqvist",
        "Where is my parcel?",
    )


@pytest.mark.parametrize("payload", [[TEXT, STATUS], {"messages": [TEXT], "statuses": [STATUS]}])
def test_one_whatsapp_message_and_one_status_are_enough(payload: object) -> None:
    assert [(event.event_id, event.thread_id) for event in parse(WHATSAPP, payload)] == [
        ("wamid.M1==", "46701740605"),
        ("wamid.O1==:read", "46701740605"),
    ]
    assert parse(WHATSAPP, TEXT)[0].author_id == parse(WHATSAPP, STATUS)[0].author_id


@pytest.mark.parametrize("payload", [EVENT, [EVENT], {"field": "messages", "value": EVENT}])
@pytest.mark.parametrize("channel", [MESSENGER, INSTAGRAM])
def test_one_event_of_a_conversation_is_enough(channel: MetaChannel, payload: object) -> None:
    [event] = parse(channel, payload)
    [whole] = parse(channel, envelope(messaging=[EVENT]))
    assert event == whole


def test_one_comment_is_enough() -> None:
    [event] = parse(MESSENGER, COMMENT)
    [whole] = parse(MESSENGER, envelope(changes=[{"field": "feed", "value": COMMENT}]))
    assert event == whole
    [event] = parse(INSTAGRAM, REMARK)
    [whole] = parse(INSTAGRAM, envelope(changes=[{"field": "comments", "value": REMARK}]))
    assert event == replace(whole, occurred_at_us=None)


def test_names_that_a_library_has_changed_are_changed_back() -> None:
    echo = {
        **EVENT,
        "message": {
            "mid": "m_A2",
            "isEcho": True,
            "quickReply": {"payload": "YES"},
            "attachments": [{"type": "image", "payload": {"url": "u", "stickerId": 369}}],
        },
    }
    [event] = parse(MESSENGER, echo)
    assert isinstance(event.body, WrittenMessage)
    assert (event.body.author_kind, event.body.payload) == ("agent", "YES")
    assert [(one.kind, one.media_id) for one in event.body.attachments] == [("sticker", "369")]


def test_a_notice_that_nobody_sent_is_kept() -> None:
    notice = {"recipient": {"id": "300400500"}, "policy-enforcement": {"action": "warning"}}
    [event] = parse(MESSENGER, notice)
    assert isinstance(event.body, UnrecognisedEvent)
    assert event.body.type == "policy-enforcement"


def test_an_entry_without_any_list_is_kept_with_its_reason() -> None:
    [kept, read] = parse(MESSENGER, [{"id": "1", "changed_fields": ["about"]}, EVENT])
    assert isinstance(kept.body, UnrecognisedEvent)
    assert "entry is missing" in kept.body.reason
    assert read.event_id == "m_A1"


@pytest.mark.parametrize("payload", [{}, {"id": "1"}, {"sample": {}}, {"sample": 7}])
def test_what_is_no_part_of_a_webhook_is_refused(payload: object) -> None:
    with pytest.raises(InvalidRequestError):
        parse(WHATSAPP, payload)


def test_half_of_a_pair_in_a_fields_name_is_told_as_a_question_mark() -> None:
    screen = {"questions": {"\ud800": {"type": "csat", "payload": "99"}}}
    odds: list[dict[str, object]] = [
        {"\ud800": {}},
        {"messaging_feedback": {"feedback_screens": [screen]}},
    ]
    for odd in odds:
        [event] = parse(MESSENGER, {"sender": {"id": "1"}, **odd})
        assert isinstance(event.body, UnrecognisedEvent)
        assert "?" in event.body.type + event.body.reason
        assert (event.body.type + event.body.reason).encode()
